"""Measure the hysteresis of the seizure and write the record; resumes.

    python -m benchmarks.hysteresis benchmarks/results

Step circuits on lines, S = 3, .6/.9, z = 1, layer 30: networks that start quiet and the same ones with a
twentieth of their circuits on by mistake, around the loads at which theory has them seize and released.
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxsuper._files import write_json
from jaxsuper._journal import Journal, journal_beside
from jaxsuper.analytics.scaling import hysteresis_law, HysteresisLaw
from jaxsuper.plotting import hysteresis_figure, save
from jaxsuper.simulation import environment


SEED, NETWORKS, SAMPLES, LAYERS = 2026, 8, 16, 30
S, THRESHOLDS = 3, (0.6, 0.9)
LOADS = {
    400: (1000, 1150, 1230, 1310, 1390, 1470, 1550, 1630, 1750, 1900),
    800: (1900, 2250, 2450, 2550, 2650, 2800, 3000, 3400, 3900, 4200, 4500, 4800, 5200),
}


def row(law: HysteresisLaw) -> dict[str, Any]:
    """Return a law as it stands in the file."""
    found = asdict(law)
    for name in ("up", "down"):
        del found[name]["draws"]
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in found.items()}


def main(folder: Path) -> None:
    path = folder / "hysteresis-cpu.json"
    laws = {}
    with Journal(journal_beside(path), "folder", str(environment())) as journal:
        for n, loads in LOADS.items():
            laws[n] = hysteresis_law(
                n,
                S,
                *THRESHOLDS,
                loads,
                n_layers=LAYERS,
                networks=NETWORKS,
                samples=SAMPLES,
                seed=SEED,
                once=journal.once,
            )
            law = laws[n]
            for name, found, said in (
                ("up", law.up, law.theory_up),
                ("down", law.down, law.theory_down),
            ):
                print(f"n = {n}, {name}: {found.at:.0f} ({found.low:.0f} to {found.high:.0f}), "
                      f"theory {said:.0f}", flush=True)  # fmt: skip
        settings = {"seed": SEED, "networks": NETWORKS, "samples": SAMPLES, "n_active": 1}
        rows = [row(law) for law in laws.values()]
        write_json(path, {"config": settings, "environment": environment(), "rows": rows})
        journal.finish()
    save(hysteresis_figure(laws[800]), folder / "hysteresis-cpu.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
