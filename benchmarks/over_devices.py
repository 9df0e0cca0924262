"""One network over several devices: what each of them holds, and that the numbers stay the same.

    python -m benchmarks.over_devices [--devices 8] [--D 64000] [--T 1000000] [--batch 8]

On a CPU its devices are simulated, so that seconds say nothing; bytes are the compiler's, of one
device: of the program that builds the network and of the one that simulates it. Metrics are held
against those of the first number of `--shares`. Writes over-devices-<device>.json.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

import jax
import numpy as np
from jaxsuper.network import circuit_mesh
from jaxsuper.simulation import _build, _chunks, prepare, samples_key, simulate

from benchmarks.records import Check, device_name, recording, RESULTS, Row, Setting, write
from benchmarks.report import size


COMMAND = "python -m benchmarks.over_devices"
# Twenty times the rounding of one operation: here hundreds of circuits on a neuron are added up in
# another order, layer after layer, in networks that seize. At the published size it is below 1e-6.
TOLERANCE = 5e-6
_TOLERANCE = f"{TOLERANCE:g}, relative where above 1"


class Watch:
    """Compiles a jitted function ahead, notes what the compiler says, and runs it."""

    def __init__(self, function) -> None:
        self._function, self.bytes = function, {}

    def __call__(self, mesh, *given):
        """Run the function."""
        program = self._function.of(mesh).lower(mesh, *given).compile()
        stats = program.compiled.memory_analysis()
        names = ("argument", "output", "temp")
        self.bytes = {name: getattr(stats, f"{name}_size_in_bytes") for name in names}
        return program(mesh, *given)


def measured(setting: Setting, shares: int):
    """Build a network over so many devices and simulate it.

    Returns:
        A row, and the metrics.
    """
    configuration = setting.configuration(0)
    build, run = Watch(_build._network_from), Watch(_chunks._run_chunk)
    real = _build._network_from, _chunks._run_chunk
    started = perf_counter()
    _build._network_from, _chunks._run_chunk = build, run
    try:
        mesh = circuit_mesh(jax.devices()[:shares]) if shares > 1 else None
        network = prepare(configuration, mesh=mesh)
        built = perf_counter() - started
        key = samples_key(configuration)
        found = simulate(
            network, setting.z, setting.batch, key=key, chunk=setting.batch, slots=setting.z
        )
    finally:
        _build._network_from, _chunks._run_chunk = real
    row = Row("over devices", f"{shares}", setting, perf_counter() - started - built)
    row.memory = float(sum(run.bytes.values()))
    row.figures = {"devices": shares, "build_seconds": built}
    row.figures |= {f"build_{name}": float(count) for name, count in build.bytes.items()}
    row.figures |= {f"run_{name}": float(count) for name, count in run.bytes.items()}
    return row, found


def main(words: list[str] | None = None) -> int:
    """Measure, print, write; status 1 if metrics differ."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=8, help="of a CPU, simulated")
    parser.add_argument("--D", type=int, default=64_000)
    parser.add_argument("--T", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--shares", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args(words)
    if jax.config.jax_platforms in (None, "", "cpu"):
        jax.config.update("jax_num_cpu_devices", given.devices)
    jax.config.update("jax_enable_compilation_cache", False)
    setting = Setting(D=given.D, T=given.T, batch=given.batch)
    with recording(COMMAND, False, 0) as record:
        first = None
        for shares in given.shares:
            row, found = measured(setting, shares)
            record.rows.append(row)
            built = sum(row.figures[f"build_{part}"] for part in ("argument", "output", "temp"))
            print(
                f"{shares} devices: {size(row.memory)} each to simulate, {size(built)} to build; "
                f"{row.figures['build_seconds']:.0f} s and {row.seconds:.0f} s",
                flush=True,
            )
            if first is None:
                first = found
                continue
            gap = float((np.abs(found.mean - first.mean) / np.maximum(np.abs(first.mean), 1)).max())
            name = f"{shares} devices against {given.shares[0]}"
            record.checks.append(Check(name, gap <= TOLERANCE, gap, _TOLERANCE))
            print(record.checks[-1], flush=True)
    write(record, given.out / f"over-devices-{device_name(record)}.json")
    return int(bool(record.failed))


if __name__ == "__main__":
    sys.exit(main())
