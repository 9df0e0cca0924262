"""Means, standard errors and their merging: chunk by chunk, network by network.

Circuits of one sample share its noise, so within a network the sample is the unit: a metric is
first averaged over the circuits of a sample, and the standard error is that of the mean of
independent samples. Samples of one network share the network: wherever a prediction for all
networks stands beside, the network is the unit, and the spread between networks is the error.
"""

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import merge_moments
from .._errors import check, one_of
from .._repr import html_table, listed
from ._intervals import Interval, metric_interval, sampled_interval


if TYPE_CHECKING:
    import polars


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
    # Not every compiled maximum keeps NaN, which is where there is no worst case: it is in every sample.
    largest = jnp.max(jnp.where(valid, worst, -jnp.inf), axis=-1) + 0 * worst[..., 0]
    return Moments(n_valid, mean, jnp.sum(deviation**2, axis=-1), largest)


def merge(first: Moments, second: Moments) -> Moments:
    """Merge two chunks in double precision, as `merge_moments` does.

    Args:
        first: one or several, stacked on leading axes; each of at least one sample.
        second: as many; those without samples change nothing.

    Returns:
        Moments of the samples of both.
    """
    parts = []
    for part in (first, second):
        count = np.asarray(part.count, np.float64)[..., None, None]
        parts.append((count, part.mean, part.squares))
    _, mean, squares = merge_moments(*parts)
    worst = np.where(parts[1][0] > 0, np.maximum(first.worst, second.worst), first.worst)
    count = np.asarray(np.asarray(first.count) + np.asarray(second.count))
    return Moments(count, mean, squares, worst)


def mean_errors(total: Moments) -> Float[np.ndarray, "*n L M"]:
    """Return the standard errors of the means; NaN where there is one sample only."""
    count = np.asarray(total.count, np.float64)[..., None, None]
    squares = np.asarray(total.squares, np.float64)
    return np.sqrt(squares / np.where(count > 1, count - 1, np.nan) / count)


@dataclass(frozen=True)
class Measurement:
    """Metrics of layers 1..L with standard errors.

    Attributes:
        names: the averaged metrics.
        mean: (L, M) float64.
        stderr: (L, M), of `mean`: between networks, for a single one over its samples; NaN if there
            is one sample only.
        worst_names: the worst-case metrics, maxima over the whole batch.
        worst: (L, W).
        n_samples: samples per network.
        n_networks: independent networks; 1 means that `stderr` is for this one network.
        by_network: (n_networks, L, M), what was averaged over networks; None for a single one.
        within: (L, M), the part of `stderr` that the samples make: that of the mean over the same
            networks; None for a single one, where it is all of it.
    """

    names: tuple[str, ...]
    mean: Float[np.ndarray, "L M"]
    stderr: Float[np.ndarray, "L M"]
    worst_names: tuple[str, ...]
    worst: Float[np.ndarray, "L W"]
    n_samples: int
    n_networks: int = 1
    by_network: Float[np.ndarray, "n L M"] | None = None
    within: Float[np.ndarray, "L M"] | None = None

    def __repr__(self) -> str:
        return f"Measurement({self._sizes()}; {listed(self.names + self.worst_names)})"

    def _repr_html_(self) -> str:
        head = ["metric", *(f"layer {layer + 1}" for layer in range(len(self.mean)))]
        rows = [[name, *map(_with_error, self[name], self.stderr_of(name))] for name in self.names]
        rows += [[name, *(f"{value:.3g}" for value in self[name])] for name in self.worst_names]
        return html_table(f"{self._sizes()}: mean ± standard error", head, rows)

    def to_frame(self) -> "polars.DataFrame":
        """Return a row for each layer and metric: layer, metric, value, stderr (empty for maxima).

        `to_frame().to_pandas()` is a table of pandas.
        """
        import polars

        names = self.names + self.worst_names
        layers = range(1, len(self.mean) + 1)
        errors = [[*row, *[None] * len(self.worst_names)] for row in self.stderr.tolist()]
        values = np.concatenate([self.mean, self.worst], axis=1)
        return polars.DataFrame(
            {
                "layer": [layer for layer in layers for _ in names],
                "metric": [*names] * len(self.mean),
                "value": values.ravel(),
                "stderr": [error for row in errors for error in row],
            },
            schema_overrides={"stderr": polars.Float64},
        )

    def _sizes(self) -> str:
        networks = "1 network" if self.n_networks == 1 else f"{self.n_networks} networks"
        return f"{networks} of {self.n_samples} samples, {len(self.mean)} layers"

    def __getitem__(self, name: str) -> Float[np.ndarray, " L"]:
        """Return a metric by layer.

        Raises:
            ValueError: if there is no metric of that name.
        """
        one_of(self.names + self.worst_names, name, "name")
        if name in self.names:
            return self.mean[:, self.names.index(name)]
        return self.worst[:, self.worst_names.index(name)]

    def stderr_of(self, name: str) -> Float[np.ndarray, " L"]:
        """Return the standard error of an averaged metric by layer.

        Raises:
            ValueError: if there is no averaged metric of that name.
        """
        return self.stderr[:, self._column(name)]

    def stderr_within_of(self, name: str) -> Float[np.ndarray, " L"]:
        """Return the part of `stderr_of` that the samples make: the networks taken as they are.

        Raises:
            ValueError: if there is no averaged metric of that name.
        """
        return (self.stderr if self.within is None else self.within)[:, self._column(name)]

    def interval(self, name: str, confidence: float = 0.95) -> Interval:
        """Return a confidence interval of an averaged metric by layer.

        Args:
            name: the metric.
            confidence: nominal coverage.

        Returns:
            (low, high) for the mean over all networks, of the kind that suits the metric (see
            `interval_kind`); of a single network only for that network, over its samples.

        Raises:
            ValueError: if there is no averaged metric of that name, or for a confidence outside
                0..1.
        """
        column = self._column(name)
        if self.by_network is not None:
            values = self.by_network[:, :, column]
            return metric_interval(name, values, self.n_samples, confidence)
        mean, stderr = self.mean[:, column], self.stderr[:, column]
        return sampled_interval(name, mean, stderr, self.n_samples, confidence)

    def _column(self, name: str) -> int:
        return self.names.index(one_of(self.names, name, "name"))


def _with_error(value: float, stderr: float) -> str:
    return f"{value:.3g} ± {stderr:.2g}"


def finish(
    parts: list[Moments], names: tuple[str, ...], worst_names: tuple[str, ...]
) -> Measurement:
    """Turn the moments of all chunks into a measurement."""
    total = reduce(merge, parts[1:], _double(parts[0]))
    worst = np.asarray(total.worst, np.float64)
    return Measurement(
        names, np.asarray(total.mean), mean_errors(total), worst_names, worst, int(total.count)
    )


def _double(moments: Moments) -> Moments:
    """Return moments in double precision."""
    mean, squares = (np.asarray(x, np.float64) for x in (moments.mean, moments.squares))
    return Moments(np.asarray(moments.count), mean, squares, np.asarray(moments.worst))


def merge_networks(measurements: list[Measurement]) -> Measurement:
    """Average over independent networks, with the standard error of that average.

    The spread between networks holds both the networks' own and the samples' randomness; the part
    of the samples is kept beside it.

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
        means,
        np.sqrt(sum(m.stderr**2 for m in measurements)) / count,
    )
