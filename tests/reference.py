"""The reference figures in tests/data, as cells that an experiment can be held against."""

import csv
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxsuper.simulation import Experiment, run_networks


DATA = Path(__file__).parent / "data"
MSE = ("mse_on_active", "mse_on_inactive", "mse_x_active", "mse_x_inactive")
# Errors below this are rounding or single events.
FLOOR = 1e-4


@dataclass(frozen=True)
class Setting:
    """What identifies a run of the reference."""

    network_width: int
    n_circuits: int
    redundancy: int
    n_layers: int
    n_active: int
    construction: str

    def experiment(
        self, batch_size: int, n_networks: int, n_active: tuple[int, ...] = ()
    ) -> Experiment:
        """Return the same run for the toolkit, or that for other numbers of active circuits."""
        name = self.construction
        steps = self.n_circuits == 1000 and self.n_layers == 10
        return Experiment.of(
            network_width=self.network_width,
            n_circuits=self.n_circuits,
            redundancy=self.redundancy,
            n_active=n_active or (self.n_active,),
            n_layers=self.n_layers,
            batch_size=batch_size,
            n_networks=n_networks,
            circuit="step" if steps else "rotation3" if "rotation3" in name else "rotation",
            construction=name.split("-")[-1],
        )


@lru_cache
def reference(file: str) -> dict[Setting, list[tuple[int, str, float]]]:
    """Return (layer, metric, value) of every run in a file, layers 1 and up."""
    runs = defaultdict(list)
    with (DATA / file).open() as lines:
        for row in csv.DictReader(lines):
            if row["layer"] == "0":
                continue
            numbers = [int(row[name]) for name in ("D", "T", "S", "L", "z")]
            setting = Setting(*numbers, construction=row.get("construction", "clipped"))
            runs[setting].append((int(row["layer"]), row["metric"], float(row["value"])))
    return dict(runs)


def averaged(cells: list[tuple[int, str, float]]) -> list[tuple[int, str, float]]:
    """Return the mean over seeds of every (layer, metric)."""
    values = defaultdict(list)
    for layer, metric, value in cells:
        values[layer, metric].append(value)
    return [(*cell, float(np.mean(seeds))) for cell, seeds in values.items()]


def log_ratios(
    file: str,
    metrics,
    batch_size: int,
    n_networks: int,
    only=lambda setting: True,
    average: bool = False,
) -> dict[str, np.ndarray]:
    """Return log(ours/reference) of the cells above the floor, by metric.

    Runs that differ in z alone are measured on the same networks.
    """
    ratios, groups = defaultdict(list), defaultdict(dict)
    for setting, cells in reference(file).items():
        if only(setting):
            groups[replace(setting, n_active=0)][setting.n_active] = cells
    for setting, by_z in groups.items():
        experiment = setting.experiment(batch_size, n_networks, tuple(by_z))
        for z, measured in run_networks(experiment).merged().items():
            for layer, metric, value in averaged(by_z[z]) if average else by_z[z]:
                if value > FLOOR and (metrics is None or metric in metrics):
                    ours = max(float(measured[metric][layer - 1]), 1e-30)
                    ratios[metric].append(np.log(ours / value))
    return {metric: np.array(values) for metric, values in ratios.items()}
