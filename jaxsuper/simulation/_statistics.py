"""Means, standard errors and their merging: chunk by chunk, network by network.

Circuits of one sample share its noise, so the sample is the unit: a metric is first averaged over
the circuits of a sample, and the standard error is that of the mean of independent samples.
"""

from dataclasses import dataclass
from functools import reduce

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._errors import check


class Moments(eqx.Module):
    """Count, mean and centred second moment of the samples of a chunk, per layer and metric.

    Attributes:
        count: samples that count.
        mean: (L, M).
        squares: (L, M), sum of squared deviations from the mean.
        worst: (L, W), maxima.

    Moments of several chunks may be stacked on leading axes n.
    """

    count: Int[Array | np.ndarray, "*n"]
    mean: Float[Array | np.ndarray, "*n L M"]
    squares: Float[Array | np.ndarray, "*n L M"]
    worst: Float[Array | np.ndarray, "*n L W"]


def moments(
    averaged: Float[Array, "L M B"], worst: Float[Array, "L W B"], n_valid: Int[Array, ""]
) -> Moments:
    """Reduce per-sample metrics; samples from `n_valid` on are padding and do not count."""
    valid = jnp.arange(averaged.shape[-1]) < n_valid
    count = n_valid.astype(averaged.dtype)
    mean = jnp.sum(jnp.where(valid, averaged, 0.0), axis=-1) / count
    deviation = jnp.where(valid, averaged - mean[..., None], 0.0)
    largest = jnp.max(jnp.where(valid, worst, -jnp.inf), axis=-1)
    return Moments(n_valid, mean, jnp.sum(deviation**2, axis=-1), largest)


def merge(first: Moments, second: Moments) -> Moments:
    """Merge two chunks in double precision (Chan, Golub and LeVeque 1979)."""
    a, b = float(first.count), float(second.count)
    total = a + b
    gap = np.asarray(second.mean, np.float64) - np.asarray(first.mean, np.float64)
    mean = np.asarray(first.mean, np.float64) + gap * (b / total)
    within = np.asarray(first.squares, np.float64) + np.asarray(second.squares, np.float64)
    worst = np.maximum(np.asarray(first.worst), np.asarray(second.worst))
    count = np.asarray(int(total))
    return Moments(count, mean, within + gap**2 * (a * b / total), worst)


@dataclass(frozen=True)
class Measurement:
    """Metrics of layers 1..L with standard errors.

    Attributes:
        names: the averaged metrics.
        mean: (L, M) float64.
        stderr: (L, M), of `mean`; NaN if there is one sample only.
        worst_names: the worst-case metrics, maxima over the whole batch.
        worst: (L, W).
        n_samples: samples per network.
        n_networks: independent networks; 1 means that `stderr` is for this one network.
    """

    names: tuple[str, ...]
    mean: Float[np.ndarray, "L M"]
    stderr: Float[np.ndarray, "L M"]
    worst_names: tuple[str, ...]
    worst: Float[np.ndarray, "L W"]
    n_samples: int
    n_networks: int = 1

    def __getitem__(self, name: str) -> Float[np.ndarray, " L"]:
        """Return a metric by layer."""
        if name in self.names:
            return self.mean[:, self.names.index(name)]
        if name in self.worst_names:
            return self.worst[:, self.worst_names.index(name)]
        raise KeyError(name)

    def stderr_of(self, name: str) -> Float[np.ndarray, " L"]:
        """Return the standard error of an averaged metric by layer."""
        return self.stderr[:, self.names.index(name)]


def finish(
    parts: list[Moments], names: tuple[str, ...], worst_names: tuple[str, ...]
) -> Measurement:
    """Turn the moments of all chunks into a measurement."""
    total = reduce(merge, parts)
    count = int(total.count)
    mean = np.asarray(total.mean, np.float64)
    spread = np.asarray(total.squares, np.float64)
    if count > 1:
        stderr = np.sqrt(spread / (count - 1) / count)
    else:
        stderr = np.full_like(mean, np.nan)
    return Measurement(names, mean, stderr, worst_names, np.asarray(total.worst, np.float64), count)


def merge_networks(measurements: list[Measurement]) -> Measurement:
    """Average over independent networks, with the standard error of that average.

    The spread between networks holds both the networks' own and the samples' randomness.

    Args:
        measurements: one per network, of equal shape.

    Returns:
        The average; unchanged for a single network.

    Raises:
        ValueError: for an empty list.
    """
    check(len(measurements) > 0, "measurements", "must not be empty", 0)
    first, count = measurements[0], len(measurements)
    if count == 1:
        return first
    means = np.stack([m.mean for m in measurements])
    return Measurement(
        first.names,
        means.mean(axis=0),
        means.std(axis=0, ddof=1) / count**0.5,
        first.worst_names,
        np.stack([m.worst for m in measurements]).max(axis=0),
        first.n_samples,
        count,
    )
