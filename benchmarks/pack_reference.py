"""Average the reference figures in tests/data into the table that figures are drawn with.

`python -m benchmarks.pack_reference` writes `jaxsuper/plotting/reference.csv`.
"""

import csv
from collections import defaultdict
from pathlib import Path


ROOT = Path(__file__).parents[1]
TABLE = ROOT / "jaxsuper" / "plotting" / "reference.csv"
COLUMNS = ("D", "T", "z", "layer", "metric")


def averages() -> dict[tuple[str, ...], float]:
    """Return (D, T, z, layer, metric) -> mean over seeds of the mean squared errors."""
    values = defaultdict(list)
    for name in ("rotations_headline", "rotations_grid"):
        with (ROOT / "tests" / "data" / f"{name}.csv").open() as lines:
            for row in csv.DictReader(lines):
                if row["metric"].startswith("mse_") and row["layer"] != "0":
                    values[tuple(row[column] for column in COLUMNS)].append(float(row["value"]))
    return {key: sum(seeds) / len(seeds) for key, seeds in values.items()}


if __name__ == "__main__":
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, "value"])
        writer.writerows([*key, f"{value:.5g}"] for key, value in averages().items())
