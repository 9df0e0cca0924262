"""Indicators at exactly 1/2: is the share above 1/2 the same however the sums are rounded?

    python -m benchmarks.ties [--samples 2000] [--out benchmarks/results/ties-cpu.json]

The same network, samples and machine, D = 1000, T = 557, S = 6, z = 3, layer 5, three pairs of
thresholds: the structured pass, in chunks of 100 samples, and with dense matrices, which add in
different orders; and the structured pass with what counts as above 1/2 moved by as much as rounding
moves an indicator, up and down, since in which order sums are made is the compiler's to choose. With
the margin of the library, and without one, which is the wrong variant: status 1 if any two disagree
with it by more than a standard error, or if all agree without.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from jaxsuper import dense_layers, Measurement, simulate
from jaxsuper.network import AbstractNetwork
from jaxsuper.simulation import _metrics, forward, prepare, sample_inputs, samples_key

from benchmarks import records
from benchmarks.records import Check, Row, Setting


SETTING = Setting(D=1000, T=557, S=6, L=5, z=3)
THRESHOLDS = ((0.25, 0.75), (0.4, 0.7), (0.3, 0.6))
METRICS = ("frac_inactive_on_gt_half", "frac_samples_any_inactive_on_gt_half")
WAYS = ("structured", "chunks of 100", "dense")
# How near to 1/2, or to the margin's end, counts as a tie.
_NEAR = 1e-5
# What rounding moves an indicator by, at most.
_ROUNDING = 1e-6


def network_of(thresholds: tuple[float, float], setting: Setting = SETTING):
    """Return the network with these thresholds, and the key of its samples."""
    low, high = thresholds
    configuration = setting.configuration(0)
    configuration = replace(configuration, lower_threshold=low, upper_threshold=high)
    return prepare(configuration), samples_key(configuration)


def three_ways(network: AbstractNetwork, z: int, samples: int, key) -> dict[str, Measurement]:
    """Measure the same samples of a network, with sums in different orders."""
    dense = dense_layers(network)
    return {
        "structured": simulate(network, z, samples, key=key),
        "chunks of 100": simulate(network, z, samples, key=key, chunk=100),
        "dense": simulate(network, z, samples, key=key, dense=dense),
    }


@contextmanager
def cut_at(value: float) -> Iterator[None]:
    """Let indicators count as on above another value, whatever was compiled before."""
    jax.clear_caches()
    with mock.patch.object(_metrics, "_ON", value):
        yield
    jax.clear_caches()


def without_margin(network: AbstractNetwork, z: int, samples: int, key) -> dict[str, Measurement]:
    """Measure as `three_ways`, the wrong way: above 1/2 as the order of sums has it."""
    with cut_at(0.5):
        return three_ways(network, z, samples, key)


def rounded(
    network: AbstractNetwork, z: int, samples: int, key, end: float
) -> dict[str, Measurement]:
    """Measure with indicators above `end` counted as rounding up and down would have it."""
    found = {}
    for name, shift in (("structured", 0.0), ("up", -_ROUNDING), ("down", _ROUNDING)):
        with cut_at(end + shift):
            found[name] = simulate(network, z, samples, key=key)
    return found


def apart(found: dict[str, Measurement], metric: str, layer: int) -> float:
    """Return the largest difference of any two ways, in standard errors over the samples."""
    stderr = found["structured"].stderr_of(metric)[layer]
    pairs = combinations((each[metric][layer] for each in found.values()), 2)
    gap = max(abs(one - other) for one, other in pairs)
    return float(gap / stderr) if stderr else 0.0 if gap == 0 else float("inf")


def near(network: AbstractNetwork, setting: Setting, samples: int, key) -> dict[str, float]:
    """Return the shares of indicators in the last layer so near to 1/2 and to the margin's end."""

    @jax.jit
    def shares(network, key):
        inputs = sample_inputs(network.circuits, setting.z, setting.L, jnp.arange(samples), key=key)

        def observe(view):
            alpha = view.estimates[0]
            ends = (0.5, _metrics._ON)
            return [jnp.where(jnp.abs(alpha - end) < _NEAR, 1.0, 0.0).mean() for end in ends]

        return forward(network, inputs, observe)

    half, end = shares(network, key)
    return {"near_half": float(half[-1]), "near_the_margins_end": float(end[-1])}


def main() -> int:
    """Measure, print and write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=records.RESULTS / "ties-cpu.json")
    given = parser.parse_args()
    setting, last, noticed = SETTING, SETTING.L - 1, []
    with records.recording("python -m benchmarks.ties", False, 0) as record:
        for thresholds in THRESHOLDS:
            name = "{}/{}".format(*thresholds)
            network, key = network_of(thresholds)
            ties = near(network, setting, min(given.samples, 500), key)
            of = (network, setting.z, given.samples, key)
            kinds = {
                "margin": three_ways(*of),
                "margin, rounded": rounded(*of, _metrics._ON),
                "no margin": without_margin(*of),
                "no margin, rounded": rounded(*of, 0.5),
            }
            for kind, found in kinds.items():
                for metric in METRICS:
                    figures = {way: float(each[metric][last]) for way, each in found.items()}
                    figures["stderr"] = float(found["structured"].stderr_of(metric)[last])
                    figures["apart_in_stderr"] = worst = apart(found, metric, last)
                    section = f"{name}, {kind}"
                    record.rows.append(Row(section, metric, setting, figures=figures | ties))
                    shown = " ".join(f"{key} {value:.4f}" for key, value in figures.items())
                    print(f"{section:20} {metric:37} {shown}", flush=True)
                    if kind.startswith("margin"):
                        rule = "at most a standard error apart"
                        passed = bool(worst <= 1)
                        record.checks.append(Check(f"{section}: {metric}", passed, worst, rule))
                    else:
                        noticed.append(worst)
            print(f"{name:20} {ties}", flush=True)
        rule = "without a margin, somewhere more than a standard error apart"
        worst = float(np.max(noticed))
        record.checks.append(Check("the wrong variant is noticed", worst > 1, worst, rule))
    records.write(record, given.out)
    for check in record.failed:
        print(f"failed: {check.name}, {check.worst:.3g}", file=sys.stderr)
    return int(bool(record.failed))


if __name__ == "__main__":
    sys.exit(main())
