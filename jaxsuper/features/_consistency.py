"""Do independently trained autoencoders agree on a geometry?

Four things make the cosines of encoders differ between seeds though the geometry that the loss asks
for is one and the same, and have to be taken out first:

* E and W are free up to an invertible map of the neurons (see `_autoencoder`): compare `balanced`
  encoders, which depend on M = W E' alone;
* softmax does not see a number added to all outputs: for `categorical`, W is centred over features;
* at z = 1 the losses MSE and L4 do not change if a feature's encoder and decoder rows change sign,
  for the errors but change sign: compare lines, |cos|;
* seeds stop in different local minima: compare those that came to the best loss, or count the
  different geometries.

What is left is a property of the loss. MSE depends on M through tr (I-M) C (I-M)' alone, whose C has
T-1 equal eigenvalues (T of them at z = 1), and so does not change under M -> Q M Q' for any rotation
Q that keeps the vector 1 (any at all at z = 1): its minima are a continuum, every projection of rank D
at z = 1 and, for z > 1, every one whose range holds the vector 1. The other losses keep but the
numbering of the features (and signs).
"""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int

from .._errors import check
from ._autoencoder import Autoencoders, objective
from ._geometry import count_geometries, dispersion
from ._samples import all_features


@eqx.filter_jit
def balanced(
    encoders: Float[Array, "seeds T D"], decoders: Float[Array, "seeds T D"]
) -> tuple[Float[Array, "seeds T D"], Float[Array, "seeds T D"]]:
    """Return the encoders and decoders of the same M = W E' that have E'E = W'W, diagonal.

    With M = U s V' these are V sqrt(s) and U sqrt(s): a function of M alone, up to signs of neurons.

    Args:
        encoders: E, (seeds, T, D).
        decoders: W, likewise.

    Returns:
        (encoders, decoders).
    """

    def one(encoder, decoder):
        # M has rank D: its decomposition is that of a D x D core between two orthonormal bases.
        left, decoder_core = jnp.linalg.qr(decoder)
        right, encoder_core = jnp.linalg.qr(encoder)
        core = jnp.matmul(decoder_core, encoder_core.T, precision="highest")
        first, values, second = jnp.linalg.svd(core, full_matrices=False)
        root = jnp.sqrt(values)[None, :]
        turn = lambda basis, axes: jnp.matmul(basis, axes, precision="highest") * root
        return turn(right, second.T), turn(left, first)

    return jax.vmap(one)(encoders, decoders)


@dataclass(frozen=True)
class Consistency:
    """How far the seeds agree; dispersions are NaN if fewer than two seeds are compared.

    Attributes:
        n_seeds: seeds trained.
        n_best: seeds that came to the best objective within the tolerance.
        loss: the best loss, without the penalty.
        raw: dispersion of the encoders' cosines over all seeds, nothing taken out.
        encoder, decoder: dispersion of the encoders' (decoders') |cosines| over the best seeds.
        balanced: the same of the balanced encoders: what the loss decides.
        n_geometries: different sets of |cosines| among all seeds' balanced encoders.
    """

    n_seeds: int
    n_best: int
    loss: float
    raw: float
    encoder: float
    decoder: float
    balanced: float
    n_geometries: int


def consistency(trained: Autoencoders, *, tolerance: float = 1e-5) -> Consistency:
    """Return how far the geometries of trained autoencoders agree.

    Args:
        trained: at least two seeds, best with a penalty of about 3e-4.
        tolerance: as in `Autoencoders.best`.

    Returns:
        The dispersions.

    Raises:
        ValueError: for one seed only.
    """
    best = np.flatnonzero(trained.best(tolerance))
    encoders, decoders = trained.encoders, trained.decoders
    if trained.loss == "categorical":
        decoders = decoders - jnp.mean(decoders, axis=1, keepdims=True)
    free = balanced(encoders, decoders)[0]

    def among_best(stack) -> float:
        return dispersion(stack[best], lines=True) if len(best) > 1 else float("nan")

    return Consistency(
        n_seeds=trained.n_seeds,
        n_best=len(best),
        loss=float(trained.losses[jnp.argmin(trained.objectives)]),
        raw=dispersion(encoders),
        encoder=among_best(encoders),
        decoder=among_best(decoders),
        balanced=among_best(free),
        n_geometries=count_geometries(free, lines=True),
    )


@eqx.filter_jit
def _curvatures(trained, inputs):
    def one(parameters):
        flat, restore = ravel_pytree(parameters)
        value = lambda p: objective(restore(p), inputs, trained.penalty, trained.loss)[0]
        return jnp.linalg.eigvalsh(jax.hessian(value)(flat))

    return jax.vmap(one)(trained.parameters)


def flat_directions(trained: Autoencoders, *, tolerance: float = 1e-5) -> Int[np.ndarray, " seeds"]:
    """Return the number of directions in which each seed's minimum goes on, but for rotations.

    These are the zero eigenvalues of the Hessian of the penalised objective, less the D(D-1)/2 that
    rotate the neurons. 0 means an isolated geometry. The minima of MSE go on in D(T-D) directions at
    z = 1 and in (D-1)(T-D) for z > 1, the dimensions of the sets of subspaces they may choose from.

    Args:
        trained: linear autoencoders trained to convergence with a penalty.
        tolerance: an eigenvalue below this part of the largest one counts as zero.

    Returns:
        A count per seed; without meaning for a seed that has not come to a minimum.

    Raises:
        ValueError: without a penalty, for ReLU readouts, or more than 200 000 inputs.
    """
    check(trained.penalty > 0, "trained", "must have a penalty above 0", trained.penalty)
    linear = trained.parameters.bias is None
    check(linear, "trained", "must have linear readouts", "rectified ones")
    _, n_features, width = trained.encoders.shape
    values = np.asarray(_curvatures(trained, all_features(n_features, trained.n_active)))
    zero: Bool[np.ndarray, "seeds p"] = values < tolerance * values[:, -1:]
    return zero.sum(axis=1) - width * (width - 1) // 2
