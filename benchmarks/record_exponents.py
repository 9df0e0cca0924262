"""Measure how errors below the seizure grow with T (d/D)^2, z, layer, b and S, and write the exponents.

    python -m benchmarks.record_exponents benchmarks/results STORE

All settings are varied at once and fitted together, measured errors and the closed form's alike; for
each number of active circuits alone as well, since b enters for two and not for one. STORE keeps what
was measured: the same command resumes.
"""

import json
import sys
from pathlib import Path

from jaxsuper import environment
from jaxsuper.analytics.scaling import error_exponents, ErrorExponents, ExponentFit


# Wide enough that each neuron carries several circuits: with fewer e is far below d/D, and what few
# meetings there are makes errors of rare samples.
SETTINGS = {
    "widths": (6400, 12800),
    "loads": (0.001, 0.002, 0.003),
    "actives": (1, 2),
    "biases": (0.25, 1.0),
    "redundancies": (3, 4, 6),
    "n_layers": 5,
    "networks": 4,
    "samples": 128,
    "seed": 0,
}


def content_of(fit: ExponentFit):
    """Return a fit as it stands in the file."""
    exponents = {name: one._asdict() for name, one in fit.exponents.items()}
    return {"exponents": exponents, "prefactor": fit.prefactor, "residual": fit.residual}


def show(title: str, found: ErrorExponents) -> None:
    """Print a table of exponents."""
    low, middle, high = found.ratio
    print(f"{title}: {found.used} of {found.rows} rows quiet, measured/closed form", end=" ")
    print(f"{middle:.3f} ({low:.3f} to {high:.3f})")
    for name, one in found.measured.exponents.items():
        theory = found.theory.exponents[name].value
        print(
            f"  {name:10} {one.value:7.3f} ({one.low:.3f} to {one.high:.3f})  theory {theory:.3f}"
        )
    print(
        f"  rms of ln(error/fit) {found.measured.residual:.3f}, theory {found.theory.residual:.3f}"
    )


def main(folder: str, store: str) -> None:
    """Measure and write."""
    results = {}
    for actives in (SETTINGS["actives"], *((z,) for z in SETTINGS["actives"])):
        found = error_exponents(Path(store), **{**SETTINGS, "actives": actives})
        assert found is not None
        name = "z = " + ", ".join(map(str, actives))
        show(name, found)
        results[name] = {
            "measured": content_of(found.measured),
            "theory": content_of(found.theory),
            "ratio": found.ratio,
            "used": found.used,
            "rows": found.rows,
        }
    content = {"environment": environment("highest"), "settings": SETTINGS, "fits": results}
    path = Path(folder, "error-exponents-cpu.json")
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
