"""Measure how sparse and modular the weights look in each basis, one found by an autoencoder among them.

    python -m benchmarks.record_structure [FOLDER]

D = 240, S = 4, four layers, three networks at 0.5, 1 and 1.5 times the critical load of one active circuit;
the mean over W_1 to W_3. Written to structure-cpu.json; half a minute.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxsuper import Configuration, environment, recovery, testbed
from jaxsuper._files import write_json
from jaxsuper.simulation import prepare
from jaxsuper.theory.seizure import critical_circuits


BASE = Configuration(
    network_width=240, n_circuits=1, redundancy=4, n_layers=4, allocation="transversal", n_active=1
)
DISTANCES, NETWORKS, SAMPLES = (0.5, 1.0, 1.5), 3, 2000


def measured(count: int, network: int) -> dict[str, list[float]]:
    """Return the numbers of one network by basis, means over its matrices."""
    settings = replace(BASE, n_circuits=count, network=network)
    with tempfile.TemporaryDirectory() as folder:
        testbed.export(prepare(settings), folder, n_samples=SAMPLES, seed=network, loads=())
        export = testbed.read_export(folder)
        answer = recovery.recover(export, "sae-l1", recovery.Options(seed=network))
        by_layer = [
            recovery.bases(export, k, {"sae-l1": answer[f"directions.{k}"]}, seed=network)
            for k in export.config.reported
        ]
        found: dict[str, list[float]] = {}
        for name in by_layer[0]:
            each = [
                recovery.structure(export, k, by_layer[k - 1][name], by_layer[k][name])
                for k in range(1, len(by_layer))
            ]
            found[name] = np.mean(each, axis=0).tolist()
        return found


def main(folder: str = "benchmarks/results") -> None:
    """Measure, write and print."""
    width = BASE.network_width // 4
    thresholds = BASE.lower_threshold, BASE.upper_threshold
    critical = critical_circuits(width, BASE.redundancy, 1, BASE.n_layers, *thresholds).n_circuits
    rows: list[dict[str, Any]] = []
    for distance in DISTANCES:
        count = round(distance * critical)
        networks = [measured(count, network) for network in range(NETWORKS)]
        for basis in networks[0]:
            draws = np.array([one[basis] for one in networks])
            mean, error = draws.mean(axis=0), draws.std(axis=0, ddof=1) / NETWORKS**0.5
            row = {"distance": distance, "n_circuits": count, "basis": basis}
            for index, name in enumerate(recovery.Structure._fields):
                row |= {name: float(mean[index]), f"{name}_stderr": float(error[index])}
            rows.append(row)
            shown = " ".join(
                f"{n} {row[n]:.3f}±{row[f'{n}_stderr']:.3f}" for n in recovery.Structure._fields
            )
            print(f"{distance:4} T = {count:3} {basis:8} {shown}", flush=True)
    write_json(Path(folder) / "structure-cpu.json", {"environment": environment(), "rows": rows})


if __name__ == "__main__":
    main(*sys.argv[1:])
