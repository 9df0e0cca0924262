"""Measure how long payloads of k levels last beside rotations, and write the record; resumes.

    python -m benchmarks.levels benchmarks/results

Lines, S = 3, indicators with .6/.9, n = 100, z = 1: loads below those at which indicators fail.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxsuper._files import write_json
from jaxsuper._journal import Journal, journal_beside
from jaxsuper.analytics.scaling import level_law
from jaxsuper.plotting import levels_figure, save
from jaxsuper.simulation import environment


SIZES = {"block_width": 100, "redundancy": 3, "levels": (8, 4, 2), "n_circuits": (60, 75, 90, 110)}
SETTINGS = {"n_layers": 60, "networks": 8, "samples": 256, "seed": 2026}


def main(folder: Path) -> None:
    path = folder / "discrete-cpu.json"
    with Journal(journal_beside(path), "folder", str(environment())) as journal:
        points = level_law(*SIZES.values(), **SETTINGS, once=journal.once)
        rows = []
        for point in points:
            rates = np.asarray(point.rates)
            stderr = float(rates.std(ddof=1) / len(rates) ** 0.5)
            print(f"{point.kind}, T = {point.n_circuits}: a layer adds {rates.mean():.2e} ± "
                  f"{stderr:.1e}, theory {point.theory:.2e}; lasts {point.lasts:.3g}")  # fmt: skip
            lasts = point.lasts if np.isfinite(point.lasts) else None
            theory = point.theory if np.isfinite(point.theory) else None
            row = asdict(point) | {"rates": rates.tolist(), "theory": theory}
            rows.append(row | {"mean": float(rates.mean()), "stderr": stderr, "lasts": lasts})
        config = {**SIZES, **SETTINGS, "n_active": 1}
        write_json(path, {"config": config, "environment": environment(), "rows": rows})
        journal.finish()
    save(levels_figure(points), folder / "discrete-cpu.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
