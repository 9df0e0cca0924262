"""What the inputs of matrix products lose on an accelerator, in standard errors of each metric.

    python -m benchmarks.precision [--quick] [--out FOLDER]

A CPU computes every product in full single precision. Here the inputs of those products that a
network's `precision` decides about are rounded as a device would, the sums being kept as they are:
`tf32` is what a GPU makes of `default`, `bf16` what a TPU does, `bf16x3` what a TPU makes of `high`
(three products of parts in bfloat16). The same samples are run in all ways, so that what differs is
rounding alone. Status 1 if `bf16x3` moves any metric by a tenth of its standard error.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxsuper import Configuration, simulate
from jaxsuper.simulation import Measurement, prepare, samples_key

from benchmarks.records import Check, device_name, recording, RESULTS, Row, Setting, write


COMMAND = "python -m benchmarks.precision"
SEED = 0
# Beside these, a metric is 0 or that of rounding in any precision.
_SMALLEST = 1e-9
_MOST = 0.1
# The precision of networks whose products are rounded here, which a CPU treats as any other.
_MARK = "default"
_EXPONENT = 8


def _rounded(bits: int) -> Callable:
    return lambda values: jax.lax.reduce_precision(values, _EXPONENT, bits)


def _in_one(bits: int) -> Callable:
    cut = _rounded(bits)
    return lambda product, a, b: product(cut(a), cut(b))


def _in_three(product: Callable, a, b):
    cut = _rounded(7)
    high, other = cut(a), cut(b)
    low, rest = cut(a - high), cut(b - other)
    return product(high, other) + product(high, rest) + product(low, other)


KINDS: dict[str, Callable] = {"tf32": _in_one(10), "bf16": _in_one(7), "bf16x3": _in_three}


@contextmanager
def rounding(kind: str):
    """Round the inputs of products that are marked as this device's own, while programs are traced."""
    product_of, einsum, matmul = KINDS[kind], jnp.einsum, jnp.matmul

    def new_einsum(spec, a, b, *, precision):
        plain = lambda x, y: einsum(spec, x, y, precision="highest")
        return product_of(plain, a, b) if precision == _MARK else plain(a, b)

    def new_matmul(a, b, *, precision):
        plain = lambda x, y: matmul(x, y, precision="highest")
        return product_of(plain, a, b) if precision == _MARK else plain(a, b)

    jnp.einsum, jnp.matmul = new_einsum, new_matmul
    jax.clear_caches()
    try:
        yield
    finally:
        jnp.einsum, jnp.matmul = einsum, matmul
        jax.clear_caches()


# Sizes with thresholds: published, and those at which indicators hang between on and off.
CASES = (
    (Setting(D=1000, T=557, L=5, z=3, batch=2000), 0.25, 0.75),
    (Setting(D=1000, T=557, L=5, z=3, batch=2000), 0.4, 0.7),
    (Setting(D=1000, T=400, L=5, z=1, batch=2000), 0.3, 0.6),
    (Setting(D=4000, T=2000, L=5, z=2, batch=500), 0.25, 0.75),
)
_QUICK = ((Setting(D=200, T=40, S=3, L=3, z=2, batch=200), 0.25, 0.75),)


def measured(setting: Setting, lower: float, upper: float) -> Measurement:
    """Simulate one network."""
    sizes = setting.configuration(SEED)
    chosen = Configuration(
        **{
            **{name: getattr(sizes, name) for name in Configuration.__dataclass_fields__},
            "lower_threshold": lower,
            "upper_threshold": upper,
            "precision": _MARK,
        }
    )
    network = prepare(chosen)
    return simulate(network, setting.z, setting.batch, key=samples_key(chosen))


def moved(found: Measurement, exact: Measurement) -> dict[str, float]:
    """Return by how many standard errors each metric moved, in the layer where it moved most."""
    gap, error = np.abs(found.mean - exact.mean), exact.stderr
    counts = (np.abs(exact.mean) > _SMALLEST) & (error > _SMALLEST * np.abs(exact.mean))
    share = np.where(counts, gap / np.where(counts, error, 1.0), 0.0)
    return dict(zip(exact.names, share.max(axis=0).tolist(), strict=True))


def rows_of_case(setting: Setting, lower: float, upper: float) -> list[Row]:
    """Return a row for each way to round."""
    exact, rows = measured(setting, lower, upper), []
    for kind in KINDS:
        with rounding(kind):
            found = moved(measured(setting, lower, upper), exact)
        row = Row("precision", kind, setting)
        row.figures = {"lower_threshold": lower, "upper_threshold": upper, **found}
        row.figures["worst"] = max(found.values())
        print(
            f"{setting.D} {setting.T} z={setting.z} {lower}/{upper} {kind}: "
            f"{row.figures['worst']:.3g} s.e., {max(found, key=lambda name: found[name])}"
        )
        rows.append(row)
    return rows


def main(words: list[str] | None = None) -> int:
    """Measure, write, and return the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small network")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result")
    given = parser.parse_args(words)
    with recording(COMMAND + " --quick" * given.quick, given.quick, SEED) as record:
        for case in _QUICK if given.quick else CASES:
            record.rows += rows_of_case(*case)
        worst = max(row.figures["worst"] for row in record.rows if row.name == "bf16x3")
        record.checks.append(Check("high", worst < _MOST, worst, f"{_MOST} standard errors"))
    stem = "precision-quick" if given.quick else "precision"
    write(record, given.out / f"{stem}-{device_name(record)}.json")
    for check in record.failed:
        print(f"MISMATCH {check.name}: {check.worst:.3g}, tolerance {check.tolerance}")
    return int(bool(record.failed))


if __name__ == "__main__":
    sys.exit(main())
