"""Embeddings that are learnt: linear encoder, decoder with or without bias and ReLU, many seeds.

The loss depends on the encoder E (T x D) and the decoder W (T x D) through M = W E' alone, so an
encoder is defined only up to an invertible map of the neurons, E -> E A, W -> W A^-T, which changes
its cosines. `penalty` > 0 removes that freedom but for rotations (its least value over A is
2·lambda times the sum of M's singular values, where E'E = W'W) and gives the cross-entropies,
which fall for ever as the norms grow, a minimum.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float

from .._errors import check
from .._limits import check_index
from .._types import KeyScalar, Scalar
from ._embedding import check_active, check_sizes, Embedding
from ._objectives import loss_of, silent_loss
from ._readouts import Linear, Rectified
from ._samples import all_features, sample_features


class Parameters(eqx.Module):
    """What is trained; the decoder is None if tied to the encoder, the bias if there is no ReLU."""

    encoder: Float[Array, "*seeds T D"]
    decoder: Float[Array, "*seeds T D"] | None
    bias: Float[Array, "*seeds T"] | None

    def decoder_or_encoder(self) -> Float[Array, "*seeds T D"]:
        """Return the readout weights, those of the encoder if tied."""
        return self.encoder if self.decoder is None else self.decoder

    def reconstruct(self, features: Float[Array, " T"]) -> Float[Array, " T"]:
        """Return the output for one input, for the parameters of one seed."""
        hidden = jnp.matmul(features, self.encoder, precision="highest")
        decoder = self.decoder_or_encoder()
        output = jnp.matmul(decoder, hidden, precision="highest")
        return output if self.bias is None else jax.nn.relu(output + self.bias)

    def squared_norm(self) -> Scalar:
        """Return |E|^2 + |W|^2, the bias left out."""
        return jnp.sum(self.encoder**2) + jnp.sum(self.decoder_or_encoder() ** 2)


class Autoencoders(eqx.Module):
    """Autoencoders trained from independent random starts.

    Attributes:
        parameters: encoders, decoders and biases, stacked over seeds.
        losses: (seeds,), the final loss, without the penalty.
        objectives: (seeds,), with the penalty.
        curve: (steps, seeds), the objective on each step's batch.
        loss: the name of the loss.
        n_active: z, how many features are active in an input.
        penalty: lambda.
    """

    parameters: Parameters
    losses: Float[Array, " seeds"]
    objectives: Float[Array, " seeds"]
    curve: Float[Array, "steps seeds"]
    loss: str = eqx.field(static=True)
    n_active: int = eqx.field(static=True)
    penalty: float = eqx.field(static=True)

    @property
    def n_seeds(self) -> int:
        """How many autoencoders."""
        return self.losses.shape[0]

    @property
    def encoders(self) -> Float[Array, "seeds T D"]:
        """The features' vectors in the neurons."""
        return self.parameters.encoder

    @property
    def decoders(self) -> Float[Array, "seeds T D"]:
        """The readout weights, those of the encoder if tied."""
        return self.parameters.decoder_or_encoder()

    def embedding(self, seed: int) -> Embedding:
        """Return the encoder of one seed."""
        return Embedding(self.encoders[seed])

    def readout(self, seed: int) -> Linear | Rectified:
        """Return the decoder of one seed."""
        if self.parameters.bias is None:
            return Linear(self.decoders[seed])
        return Rectified(self.decoders[seed], self.parameters.bias[seed])

    def best(self, tolerance: float = 1e-5) -> Bool[np.ndarray, " seeds"]:
        """Tell which seeds came to the best objective.

        Args:
            tolerance: of the way from the loss of zero output down to the best objective.

        Returns:
            True for each seed whose objective exceeds the best by at most that.

        Raises:
            ValueError: if the tolerance is negative.
        """
        check(tolerance >= 0, "tolerance", "must be at least 0", tolerance)
        values = np.asarray(self.objectives, np.float64)
        start = silent_loss(self.loss, self.encoders.shape[1], self.n_active)
        return values <= values.min() + tolerance * (start - values.min())


def objective(
    parameters: Parameters, batch: Float[Array, "B T"], penalty: float | Scalar, loss: str
) -> tuple[Scalar, Scalar]:
    """Return the mean loss of one seed's parameters plus the penalty, and the mean loss alone."""
    outputs = jax.vmap(parameters.reconstruct)(batch)
    mean = jnp.mean(jax.vmap(loss_of(loss))(outputs, batch))
    return mean + penalty * parameters.squared_norm(), mean


def _start(shape, scale, tied, rectified, key: KeyScalar, seed) -> Parameters:
    """Draw the start of one seed, a function of its number alone."""
    encoder_key, decoder_key = jax.random.split(jax.random.fold_in(key, seed))
    encoder = scale * jax.random.normal(encoder_key, shape)
    decoder = None if tied else scale * jax.random.normal(decoder_key, shape)
    return Parameters(encoder, decoder, jnp.zeros(shape[:1]) if rectified else None)


@eqx.filter_jit
def _run(start, inputs, batch_size, n_active, loss, penalty, rate, n_steps, key):
    optimiser = optax.adam(optax.cosine_decay_schedule(rate, n_steps))
    total = jax.vmap(partial(objective, loss=loss), (0, None, None))
    n_features = start.encoder.shape[1]

    def step(state, number):
        parameters, moments = state
        if inputs is None:
            ids = number * batch_size + jnp.arange(batch_size)
            batch = sample_features(n_features, n_active, ids, key=key)
        else:
            batch = inputs

        def summed(parameters):
            # Seeds do not interact: the gradient of the sum holds the gradient of each.
            values = total(parameters, batch, penalty)[0]
            return jnp.sum(values), values

        gradients, values = jax.grad(summed, has_aux=True)(parameters)
        # Optax raises a float to the integer number of the step.
        with jax.numpy_dtype_promotion("standard"):
            updates, moments = optimiser.update(gradients, moments)
        return (eqx.apply_updates(parameters, updates), moments), values

    initial = (start, optimiser.init(start))
    (parameters, _), curve = jax.lax.scan(step, initial, jnp.arange(n_steps))
    if inputs is None:
        ids = n_steps * batch_size + jnp.arange(16 * batch_size)
        inputs = sample_features(n_features, n_active, ids, key=key)
    objectives, losses = total(parameters, inputs, penalty)
    return parameters, losses, objectives, curve


def train(
    n_features: int,
    width: int,
    n_active: int,
    loss: str,
    n_seeds: int,
    *,
    key: KeyScalar,
    n_steps: int = 20_000,
    learning_rate: float = 0.01,
    initial_scale: float = 0.3,
    penalty: float = 0.0,
    tied: bool = False,
    rectified: bool = False,
    batch_size: int | None = None,
) -> Autoencoders:
    """Train autoencoders from independent random starts, all at once.

    Adam with a cosine decay of the learning rate to 0. Seed i starts from `fold_in(key, i)`. Source of
    the linear ones: "MSE loss does not generate superposition" (2026), notes#embeddings; with `tied` and
    `rectified` they are those of "Toy Models of Superposition" (2022).

    Args:
        n_features: T, the number of features.
        width: D, the number of neurons.
        n_active: z, how many features are active in an input.
        loss: one of `loss_names()`.
        n_seeds: how many.
        key: for the starts, and the inputs if they are drawn.
        n_steps: of the optimiser.
        learning_rate: at the first step.
        initial_scale: standard deviation of the entries of the start.
        penalty: lambda in lambda·(|E|^2 + |W|^2), added to the loss.
        tied: use the encoder as the decoder.
        rectified: y = ReLU(W h + b) with a trained bias, instead of y = W h.
        batch_size: inputs drawn anew for each step; all C(T, z) in each step if left out. If given,
            the final losses are those of 16 further batches.

    Returns:
        The autoencoders.

    Raises:
        ValueError: for sizes or settings out of range, an unknown loss, a cross-entropy of rectified
            outputs, or more than 200 000 inputs without a `batch_size`.
    """
    check_sizes(n_features, width)
    check_active(n_features, n_active)
    loss_of(loss)
    for name, value in (("n_seeds", n_seeds), ("n_steps", n_steps)):
        check_index(name, value)
    check(learning_rate > 0, "learning_rate", "must be above 0", learning_rate)
    check(initial_scale > 0, "initial_scale", "must be above 0", initial_scale)
    check(penalty >= 0, "penalty", "must be at least 0", penalty)
    logits = loss in ("binary", "categorical")
    check(not (rectified and logits), "rectified", "must be False for a cross-entropy", rectified)
    if batch_size is not None:
        check_index("batch_size", batch_size)
    inputs = all_features(n_features, n_active) if batch_size is None else None
    first = partial(_start, (n_features, width), initial_scale, tied, rectified, key)
    # The number of no seed.
    sample_key = jax.random.fold_in(key, 2**31 - 1)
    numbers = (jnp.asarray(penalty, jnp.float32), jnp.asarray(learning_rate, jnp.float32))
    parameters, losses, objectives, curve = _run(
        jax.vmap(first)(jnp.arange(n_seeds)),
        inputs,
        batch_size,
        n_active,
        loss,
        *numbers,
        n_steps,
        sample_key,
    )
    return Autoencoders(
        parameters=parameters,
        losses=losses,
        objectives=objectives,
        curve=curve,
        loss=loss,
        n_active=n_active,
        penalty=float(penalty),
    )
