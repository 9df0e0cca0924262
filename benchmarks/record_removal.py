"""What taking weights out of networks does: python -m benchmarks.record_removal, some minutes.

Below and above the critical load at three widths, for two designs and one or two active circuits: the
errors by layer of the whole network, and of what `testbed.KEPT` leaves of it. The result is
`benchmarks/results/removal-cpu.json`; interrupted it goes on where it was.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from jaxsuper import Configuration
from jaxsuper.testbed import critical_of, removal_rows


RESULT = Path(__file__).parent / "results" / "removal-cpu.json"
WIDTHS, DISTANCES, LOADS, NETWORKS, SAMPLES = (1000, 1400, 2000), (0.6, 1.7), (1, 2), 3, 128
DESIGNS: dict[str, dict[str, Any]] = {
    "published": {"redundancy": 6},
    "tuned": {
        "redundancy": 3,
        "allocation": "transversal",
        "lower_threshold": 0.6,
        "upper_threshold": 0.9,
    },
}
_PLACE = ("design", "network_width", "n_active", "distance")


def main() -> None:
    """Measure what is not there yet, and write it after every place."""
    rows = json.loads(RESULT.read_text()) if RESULT.exists() else []
    there = {tuple(row[name] for name in _PLACE) for row in rows}
    for design, settings in DESIGNS.items():
        for width in WIDTHS:
            for z in LOADS:
                base = Configuration(
                    network_width=width, n_circuits=10, n_active=z, seed=7, **settings
                )
                found = critical_of(base, z)
                assert found is not None
                for distance in DISTANCES:
                    place = (design, width, z, distance)
                    count = round(distance * found.n_circuits)
                    if place in there:
                        continue
                    try:
                        measured = removal_rows(
                            replace(base, n_circuits=count), z, SAMPLES, NETWORKS
                        )
                    except ValueError as error:
                        print(*place, error, flush=True)
                        continue
                    named = dict(zip(_PLACE, place, strict=True)) | {"n_circuits": count}
                    rows += [named | _short(row) for row in measured]
                    lines = ",\n".join(json.dumps(row) for row in rows)
                    RESULT.write_text(f"[\n{lines}\n]\n")
                    print(*place, count, _summary(measured), flush=True)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with five digits."""
    digits = lambda value: float(f"{value:.5g}") if isinstance(value, float) else value
    return {name: digits(value) for name, value in row.items() if name != "by_network"}


def _summary(rows: list[dict[str, Any]]) -> str:
    last = max(row["layer"] for row in rows)
    chosen = [row for row in rows if row["readout"] == "x" and row["layer"] == last]
    return ", ".join(f"{row['kept']} {row['value']:.3g} ± {row['stderr']:.2g}" for row in chosen)


if __name__ == "__main__":
    main()
