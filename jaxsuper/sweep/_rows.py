"""Moments of a batch into rows of the store."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, TYPE_CHECKING

import jax
import numpy as np

from ..circuits import layout_of
from ..simulation import (
    Configuration,
    mean_errors,
    Measurement,
    merge,
    metric_names,
    Moments,
)
from ._identity import config_id
from ._store import schema


if TYPE_CHECKING:
    import polars


def measurements_of(
    configurations: Sequence[Configuration], moments: Moments, places: Sequence[int]
) -> list[Measurement]:
    """Return the measurements in a batch, chunks of samples merged and padding taken off.

    Args:
        configurations: what was measured, of one kind of circuit.
        moments: of the batch, (configurations, chunks, layers, metrics).
        places: which entry belongs to which configuration.

    Returns:
        As `simulate` gives, one for each configuration.
    """
    names, worst_names = metric_names(layout_of(configurations[0].circuit))
    chosen = jax.tree.map(lambda leaf: np.asarray(leaf[list(places)]), moments)
    chunks = [
        jax.tree.map(lambda leaf, chunk=chunk: leaf[:, chunk], chosen)
        for chunk in range(chosen.count.shape[1])
    ]
    # Chunks beyond the batch size of a configuration hold nothing.
    total = reduce(merge, chunks)
    stderr, worst = mean_errors(total), np.asarray(total.worst, np.float64)
    mean = np.asarray(total.mean, np.float64)
    return [
        Measurement(
            names,
            mean[i, :n_layers],
            stderr[i, :n_layers],
            worst_names,
            worst[i, :n_layers],
            configurations[i].batch_size,
        )
        for i, n_layers in enumerate(one.n_layers for one in configurations)
    ]


def fault_of(configuration: Configuration, measurement: Measurement) -> str:
    """Return why a measurement is no result, or nothing if it is one."""
    everything = configuration.n_active == configuration.n_circuits
    names = measurement.names + measurement.worst_names
    values = np.concatenate([measurement.mean, measurement.worst], axis=1)
    bad = ~np.isfinite(values)
    if everything:
        # No circuit is inactive, so what is measured over those is not there.
        bad &= np.array(["inactive" not in name for name in names])
    if not bad.any():
        return ""
    layer, metric = np.argwhere(bad)[0]
    return f"{names[metric]} is not finite at layer {layer + 1}"


def rows_of(
    configurations: Sequence[Configuration],
    measurements: Sequence[Measurement],
    wall_time: float,
    made_with: dict[str, Any],
) -> "polars.DataFrame":
    """Return the rows of measured configurations; one with a fault gives a single row that says so.

    Args:
        configurations: what was measured.
        measurements: one for each.
        wall_time: seconds per configuration.
        made_with: versions and device.

    Returns:
        The rows, with the columns of `schema`.
    """
    import polars

    whole = [np.concatenate([each.mean for each in measurements]).sum()]
    whole.append(np.concatenate([each.worst for each in measurements]).sum())
    failures: dict[int, str] = {}
    # Looked at one by one only if there is anything to see.
    if not np.isfinite(whole).all():
        pairs = enumerate(zip(configurations, measurements, strict=True))
        faults = {index: fault_of(one, found) for index, (one, found) in pairs}
        failures = {index: fault for index, fault in faults.items() if fault}
    good = [index for index in range(len(configurations)) if index not in failures]
    frames = []
    if good:
        settings = _settings([configurations[index] for index in good])
        frame = _measured(settings, [measurements[index] for index in good])
        frames.append(_completed(frame, wall_time, made_with))
    if failures:
        settings = _settings([configurations[index] for index in failures])
        frame = settings.with_columns(polars.Series("failure", list(failures.values())))
        frames.append(_completed(frame, wall_time, made_with))
    return polars.concat(frames)


def _measured(settings: "polars.DataFrame", found: Sequence[Measurement]) -> "polars.DataFrame":
    """Repeat each configuration's settings for its layers and metrics, with what was measured."""
    import polars

    # All from one program, so of the same metrics.
    names = found[0].names + found[0].worst_names
    layers = np.array([len(each.mean) for each in found])
    n_rows, n_worst = int(layers.sum()), len(found[0].worst_names)
    values = np.empty((n_rows, len(names)))
    errors = np.full_like(values, np.nan)
    np.concatenate([each.mean for each in found], out=values[:, : len(names) - n_worst])
    np.concatenate([each.worst for each in found], out=values[:, len(names) - n_worst :])
    np.concatenate([each.stderr for each in found], out=errors[:, : len(names) - n_worst])
    which = np.repeat(np.arange(len(found)), layers)
    # The layer of each row: counted from where its configuration begins.
    layer = np.arange(n_rows) - np.repeat(np.cumsum(layers) - layers, layers) + 1
    metric = polars.Series("metric", names, polars.String)
    return settings[np.repeat(which, len(names))].with_columns(
        polars.Series("layer", np.repeat(layer, len(names))),
        metric[np.tile(np.arange(len(names)), n_rows)],
        polars.Series("value", values.ravel()).fill_nan(None),
        polars.Series("stderr", errors.ravel()).fill_nan(None),
    )


def failed_rows(
    failures: Sequence[tuple[Configuration, str]], made_with: dict[str, Any]
) -> "polars.DataFrame":
    """Return one row for each configuration that could not be run, with the reason."""
    import polars

    frame = _settings([one for one, _ in failures])
    frame = frame.with_columns(
        polars.Series("failure", [reason for _, reason in failures], polars.String)
    )
    return _completed(frame, 0.0, made_with)


def _settings(configurations: Sequence[Configuration]) -> "polars.DataFrame":
    import polars

    kinds = schema()
    table = [{"config_id": config_id(one), **vars(one)} for one in configurations]
    return polars.DataFrame(table, schema={name: kinds[name] for name in table[0]})


def _completed(
    frame: "polars.DataFrame", wall_time: float, made_with: dict[str, Any]
) -> "polars.DataFrame":
    """Add what the rows of a batch share, and columns that are empty."""
    import polars

    shared = {"wall_time": wall_time, **{name: made_with.get(name) for name in made_with}}
    columns = []
    for name, kind in schema().items():
        if name in frame.columns:
            columns.append(polars.col(name))
        else:
            columns.append(polars.lit(shared.get(name), dtype=kind).alias(name))
    return frame.select(columns)


def host_moments(moments: Any) -> tuple[np.ndarray, Moments]:
    """Return the entries of a sharded result that lie on this process's devices, with their places."""
    shards = sorted(moments.count.addressable_shards, key=lambda shard: shard.index[0].start or 0)
    sizes = [shard.data.shape[0] for shard in shards]
    starts = [shard.index[0].start or 0 for shard in shards]
    places = np.concatenate(
        [np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    )

    def local(leaf):
        ordered = sorted(leaf.addressable_shards, key=lambda shard: shard.index[0].start or 0)
        return np.concatenate([np.asarray(shard.data) for shard in ordered])

    return places, jax.tree.map(local, moments)
