"""Time and memory of the structured and the dense pass against D, T, S, z and batch."""

import jax
import numpy as np
from jaxsuper.circuits import width_of
from jaxsuper.simulation import chunk_statistics, Recipe
from jaxsuper.simulation._cost import network_cost, sample_bytes

from benchmarks.cases import (
    any_dense,
    dense_pass,
    inputs_of,
    network_of,
    SEED,
    StructuredRun,
)
from benchmarks.records import Fit, Row, Setting
from benchmarks.timing import Compiled, fit, in_turns, rows_of


SECTION = "growth"
# Along each axis, what changes; everything else is as in `_BASE`.
_BASE = {"D": 2000, "T": 1000, "S": 6, "L": 4, "z": 3, "batch": 256}
_AXES: dict[str, list[dict[str, int]]] = {
    "D = T": [{"D": d, "T": d} for d in (2000, 2800, 4000, 5600, 8000)],
    "D": [{"D": d} for d in (2000, 4000, 8000)],
    "T": [{"T": t} for t in (250, 500, 1000, 2000)],
    "S": [{"S": s, "T": 350} for s in (2, 4, 8, 12)],
    "z": [{"z": z} for z in (1, 4, 16, 64)],
    "batch": [{"batch": b} for b in (128, 256, 512, 1024)],
}
_QUICK: dict[str, list[dict[str, int]]] = {
    "D": [{"D": d, "T": 500, "batch": 64} for d in (1000, 2000)],
}


def axes(quick: bool) -> dict[str, list[Setting]]:
    """Return the settings along every axis."""
    chosen = _QUICK if quick else _AXES
    return {name: [Setting(**{**_BASE, **one}) for one in along] for name, along in chosen.items()}


def _size(along: str, setting: Setting) -> int:
    return getattr(setting, along.split()[0])


def grown(quick: bool = False) -> tuple[list[Row], list[Fit]]:
    """Measure along all axes and fit exponents.

    Returns:
        Rows for every setting of the sections "growth" (times) and "memory", and fits.
    """
    rows: dict[tuple[str, str, Setting], Row] = {}
    fits = []
    for along, settings in axes(quick).items():
        for setting in settings:
            if (SECTION, "structured", setting) not in rows:
                for row in _measured(setting):
                    rows[row.section, row.name, setting] = row
        sizes = [_size(along, setting) for setting in settings]
        for section, quantity in ((SECTION, "seconds"), ("memory", "memory")):
            for name in ("structured", "dense"):
                values = [getattr(rows[section, name, s], quantity) for s in settings]
                if None not in values:
                    fits.append(fit(name, quantity, along, sizes, values))
    return list(rows.values()), fits


def _measured(setting: Setting) -> list[Row]:
    """Time both passes as the library would run them, and ask their programs what they hold."""
    network, dense = network_of(setting), any_dense(setting)
    (whole,) = inputs_of(network, setting)
    structured = StructuredRun(network, setting)
    product = Compiled(dense_pass, network, dense, whole)
    seconds = in_turns(
        {"structured": structured, "dense": lambda: product(network, dense, whole)},
        turns=9,
        budget=3.0,
    )
    rows = rows_of(SECTION, setting, seconds, {"structured": "dense"})
    for row, program in zip(rows, (structured.program, product), strict=True):
        row.figures = {"compile_seconds": program.took.wall}
    for name, matrices in (("structured", None), ("dense", dense)):
        rows.append(memory_row(name, setting, network, matrices))
    return rows


def memory_row(name: str, setting: Setting, network, dense=None) -> Row:
    """Compile what `simulate` runs for a chunk of the whole batch, and ask what it holds."""
    start, count = np.int32(0), np.int32(setting.batch)

    def run(network, key, dense):
        return chunk_statistics(network, setting.z, setting.batch, start, count, key, dense)

    row = Row("memory", name, setting)
    row.memory = Compiled(run, network, jax.random.key(0), dense).memory
    if dense is None:
        row.estimate = estimate_of(setting)
    return row


def estimate_of(setting: Setting) -> float:
    """Return the bytes that the library reckons with, for a network and all samples at once."""
    configuration = setting.configuration(SEED)
    traits = Recipe.of(configuration).traits
    each = sample_bytes(setting.T, setting.D // width_of("rotation"), setting.z, setting.L)
    return network_cost(configuration, traits, running=True).bytes + each * setting.batch
