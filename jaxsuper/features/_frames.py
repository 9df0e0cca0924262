"""Unit-norm tight frames: vectors that fill all directions of neuron space equally."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._errors import check
from .._limits import check_index
from .._types import KeyScalar, Scalar
from ._embedding import check_sizes, Embedding
from ._random import random_unit


def _gap(vectors: Float[Array, "T D"]) -> Scalar:
    """Return the largest entry of |V'V·D/T - I|."""
    n_features, width = vectors.shape
    frame = jnp.matmul(vectors.T, vectors, precision="highest") * (width / n_features)
    return jnp.max(jnp.abs(frame - jnp.eye(width)))


def _project(vectors: Float[Array, "T D"]) -> Float[Array, "T D"]:
    """Replace V by the nearest multiple of an isometry, V (V'V)^(-1/2), and normalise its rows."""
    values, axes = jnp.linalg.eigh(jnp.matmul(vectors.T, vectors, precision="highest"))
    root = jnp.matmul(axes / jnp.sqrt(values)[None, :], axes.T, precision="highest")
    tight = jnp.matmul(vectors, root, precision="highest")
    return tight / jnp.linalg.norm(tight, axis=1, keepdims=True)


@jax.jit
def _alternate(vectors, tolerance, max_iterations):
    def unfinished(state):
        count, gap, _ = state
        return (count < max_iterations) & (gap > tolerance)

    def step(state):
        vectors = _project(state[2])
        return state[0] + 1, _gap(vectors), vectors

    # The gap is carried: computed anew by another program it would differ in the last digit.
    return jax.lax.while_loop(unfinished, step, (0, _gap(vectors), vectors))


def tight_frame(
    n_features: int,
    width: int,
    *,
    key: KeyScalar,
    tolerance: float = 1e-5,
    max_iterations: int = 1000,
) -> Embedding:
    """Return T unit vectors with V'V = (T/D) I, by alternating projection from random vectors.

    Such frames have the least mean square cosine, (T-D)/(D(T-1)) over pairs (Welch 1974). The
    projections go between the tight frames and the unit-norm ones (Tropp, Dhillon, Heath and
    Strohmer 2005). The draw does not change if vectors change their signs, so that |sum_i v_i|^2 is T
    on average; `harmonic_frame` has T^2/D, and with it the least error.

    Args:
        n_features: T, the number of features.
        width: D, at most T.
        key: for the start.
        tolerance: largest entry of |V'V·D/T - I| to stop at; float32 reaches about 2e-6.
        max_iterations: rounds of both projections; about 10 are needed at T >= 3D, 100 at
            T = 1.1D and 10·T at T = D + 1 (where `simplex` is exact).

    Returns:
        The embedding.

    Raises:
        ValueError: if T < D, or if the tolerance is not reached in `max_iterations`.
    """
    check_sizes(n_features, width)
    check(n_features >= width, "n_features", f"must be at least the width {width}", n_features)
    check(tolerance > 0, "tolerance", "must be above 0", tolerance)
    check_index("max_iterations", max_iterations)
    start = random_unit(n_features, width, key=key).vectors
    allowed = jnp.asarray(tolerance, jnp.float32)
    count, gap, vectors = _alternate(start, allowed, max_iterations)
    check(
        bool(gap <= allowed),
        "max_iterations",
        f"must suffice for a gap of {tolerance:g}",
        f"a gap of {float(gap):.2g} after {int(count)} rounds",
        "allow more rounds, a larger tolerance or another key",
    )
    return Embedding(vectors)
