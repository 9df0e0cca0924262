"""What an embedding with a readout loses, measured on inputs and never predicted.

| metric               | of one input, with error y - x over the T features                  |
|----------------------|----------------------------------------------------------------------|
| `mse`                | sum of the squared errors                                            |
| `l4`                 | sum of their fourth powers                                           |
| `worst`              | the largest absolute error                                           |
| `ranked_accuracy`    | 1 if the z largest y are those of the active features: every active  |
|                      | y exceeds every inactive one (a tie is wrong)                        |
| `threshold_accuracy` | 1 if y > 1/2 for exactly the active features                         |
"""

from dataclasses import dataclass
from functools import reduce

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import merge_moments
from .._limits import check_index, check_optional
from .._types import KeyScalar, Scalar
from ._embedding import check_active, Embedding
from ._readouts import AbstractReadout, check_shapes
from ._samples import active_sets, features_of, sample_features


# Floats of one (chunk, T) array; a chunk holds a few such arrays.
_FLOATS = 2**20
_SMALLEST, _LARGEST = 16, 8192
# Count, mean and squared deviations of no inputs.
_NOTHING = (np.zeros(()), np.zeros(()), np.zeros(()))


@dataclass(frozen=True)
class Estimate:
    """A mean over inputs with its standard error; 0 if all inputs were seen, NaN for one sample."""

    mean: float
    stderr: float


@dataclass(frozen=True)
class Losses:
    """Losses of an embedding with a readout; the metrics are those of the module's table.

    Attributes:
        mse, l4, worst, ranked_accuracy, threshold_accuracy: means over the inputs.
        largest_error: the largest absolute error of any feature of any input seen.
        n_samples: inputs seen.
        exact: whether these are all inputs there are.
    """

    mse: Estimate
    l4: Estimate
    worst: Estimate
    ranked_accuracy: Estimate
    threshold_accuracy: Estimate
    largest_error: float
    n_samples: int
    exact: bool


class _Moments(eqx.Module):
    mean: Float[Array, " metrics"]
    squares: Float[Array, " metrics"]
    largest: Scalar


def input_losses(
    estimate: Float[Array, " T"], features: Float[Array, " T"]
) -> Float[Array, " metrics"]:
    """Return the five metrics of one input, in the order of the module's table."""
    error = jnp.abs(estimate - features)
    active = features > 0.5
    weakest = jnp.min(jnp.where(active, estimate, jnp.inf))
    strongest = jnp.max(jnp.where(active, -jnp.inf, estimate))
    exactly = jnp.all((estimate > 0.5) == active)
    return jnp.stack(
        [
            jnp.sum(error**2),
            jnp.sum(error**4),
            jnp.max(error),
            jnp.where(weakest > strongest, 1.0, 0.0),
            jnp.where(exactly, 1.0, 0.0),
        ]
    )


def _reduce(embedding, readout, features, n_valid) -> _Moments:
    """Reduce one chunk; rows from `n_valid` on are padding."""
    estimates = jax.vmap(lambda x: readout(embedding.encode(x)))(features)
    values = jax.vmap(input_losses)(estimates, features)
    valid = (jnp.arange(features.shape[0]) < n_valid)[:, None]
    mean = jnp.sum(jnp.where(valid, values, 0.0), axis=0) / n_valid.astype(values.dtype)
    squares = jnp.sum(jnp.where(valid, values - mean[None, :], 0.0) ** 2, axis=0)
    return _Moments(mean, squares, jnp.max(jnp.where(valid[:, 0], values[:, 2], 0.0)))


@eqx.filter_jit
def _sampled(embedding, readout, n_active, chunk, first, n_valid, key) -> _Moments:
    features = sample_features(embedding.n_features, n_active, first + jnp.arange(chunk), key=key)
    return _reduce(embedding, readout, features, n_valid)


@eqx.filter_jit
def _listed(embedding, readout, sets, n_valid) -> _Moments:
    return _reduce(embedding, readout, features_of(sets, embedding.n_features), n_valid)


def _finish(parts: list[_Moments], counts: list[int], exact: bool) -> Losses:
    """Merge the chunks in float64."""
    moments = [(count, part.mean, part.squares) for count, part in zip(counts, parts, strict=True)]
    _, mean, squares = reduce(merge_moments, moments, _NOTHING)
    total = sum(counts)
    if exact:
        error = np.zeros_like(mean)
    else:
        error = np.sqrt(squares / (total - 1) / total) if total > 1 else np.full_like(mean, np.nan)
    estimates = [Estimate(float(m), float(e)) for m, e in zip(mean, error, strict=True)]
    largest = max(float(part.largest) for part in parts)
    return Losses(*estimates, largest_error=largest, n_samples=total, exact=exact)


def _size(n_features: int, batch_size: int, chunk: int | None) -> int:
    check_optional("chunk", chunk)
    default = min(max(_FLOATS // n_features, _SMALLEST), _LARGEST)
    return chunk or min(default, batch_size)


def measure(
    embedding: Embedding,
    readout: AbstractReadout,
    n_active: int,
    batch_size: int,
    *,
    key: KeyScalar,
    chunk: int | None = None,
) -> Losses:
    """Measure the losses on a batch of random inputs, in bounded memory.

    Args:
        embedding: T features in D neurons.
        readout: from the neurons to the features.
        n_active: z features, a uniform subset in every sample.
        batch_size: samples.
        key: root key of the samples; the result depends on `chunk` only by rounding.
        chunk: samples at once; by default such that their features are about a million numbers.

    Returns:
        Means with standard errors.

    Raises:
        ValueError: for an empty batch or chunk, unless 1 <= z <= T, or if the shapes disagree.
    """
    check_index("batch_size", batch_size)
    check_active(embedding.n_features, n_active)
    check_shapes(embedding, readout)
    size = _size(embedding.n_features, batch_size, chunk)
    parts, counts = [], []
    for first in range(0, batch_size, size):
        counts.append(min(size, batch_size - first))
        start, valid = jnp.asarray(first, jnp.int32), jnp.asarray(counts[-1], jnp.int32)
        parts.append(_sampled(embedding, readout, n_active, size, start, valid, key))
        # Chunks in flight together would not be bounded in memory.
        jax.block_until_ready(parts[-1])
    return _finish(parts, counts, exact=False)


def enumerate_losses(embedding: Embedding, readout: AbstractReadout, n_active: int) -> Losses:
    """Return the exact losses, over all C(T, z) inputs.

    Args:
        embedding: T features in D neurons.
        readout: from the neurons to the features.
        n_active: z, how many features are active in an input.

    Returns:
        Means with standard error 0.

    Raises:
        ValueError: unless 1 <= z <= T, for more than 200 000 inputs, or if the shapes disagree.
    """
    check_shapes(embedding, readout)
    sets = active_sets(embedding.n_features, n_active)
    size = _size(embedding.n_features, len(sets), None)
    parts, counts = [], []
    for first in range(0, len(sets), size):
        rows: Int[np.ndarray, "B z"] = sets[first : first + size]
        counts.append(len(rows))
        padded = np.concatenate([rows, np.repeat(rows[:1], size - len(rows), axis=0)])
        valid = jnp.asarray(len(rows), jnp.int32)
        parts.append(_listed(embedding, readout, jnp.asarray(padded), valid))
        jax.block_until_ready(parts[-1])
    return _finish(parts, counts, exact=True)
