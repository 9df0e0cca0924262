"""Claims about finding circuits again in networks of known truth, below and above the critical load."""

import tempfile
from dataclasses import replace
from typing import Any

from ... import recovery, testbed
from ..._settings import Configuration
from ...simulation import prepare
from ...theory.seizure import critical_circuits
from ._evidence import Evidence, Point
from ._registry import claim, Run


_BASE = Configuration(
    network_width=240, n_circuits=1, redundancy=4, n_layers=4, allocation="transversal"
)
_SAMPLES = 2000


def _critical(n_active: int) -> float:
    one = _BASE
    lines = one.lower_threshold, one.upper_threshold
    width = one.network_width // 4
    return critical_circuits(width, one.redundancy, n_active, one.n_layers, *lines).n_circuits


def _found(
    run: Run, method: str, distance: float, n_active: int, networks: int, **options: Any
) -> list[recovery.Score]:
    """Return the scores of a method on networks at a distance from the critical load."""
    scores = []
    for network in range(networks):
        count = round(distance * _critical(n_active))
        settings = replace(
            _BASE, n_circuits=count, n_active=n_active, seed=run.seed, network=network
        )
        with tempfile.TemporaryDirectory() as folder:
            testbed.export(
                prepare(settings),
                folder,
                n_active=n_active,
                n_samples=_SAMPLES,
                seed=network,
                loads=(),
            )
            export = testbed.read_export(folder)
            told = recovery.Options(seed=network, **options)
            scores.append(recovery.score(recovery.recover(export, method, told), export))
    return scores


@claim(
    "recovery.ends-at-the-critical-load",
    "Directions of circuits in the last layer can be found from 2000 samples up to the critical load and "
    "not beyond: regression on who is truly on finds at least 80 % of them at 0.8 of it, and at most 10 % "
    "at twice it.",
    tier="science",
    formula=r"\max_{v \in \mathrm{span}_t} \cos(u, v) \ge 0.9",
    source="this library; notes#critical-load",
    regime="D = 240, S = 4, .25/.75, lines, z = 1 and 2, layer 4",
    expected="established",
    rival="half of them on both sides, whatever the critical load",
    quick=False,
)
def _ends(run: Run) -> Evidence:
    points = []
    for n_active in (1, 2):
        for distance, share, relation in ((0.8, 0.8, "at least"), (2.0, 0.1, "at most")):
            scores = _found(run, "probes", distance, n_active, run.draws(6, 8))
            draws = [score.value("recall", _BASE.n_layers - 1) for score in scores]
            more: dict[str, Any] = {"relation": relation}
            more["rival_relation"] = "at most" if relation == "at least" else "at least"
            series = f"z = {n_active}"
            points.append(
                Point.from_draws(distance, draws, share, rival=0.5, series=series, **more)
            )
    return Evidence(points, "T / T_c", "circuits found in the last layer")


@claim(
    "recovery.sparse-autoencoders-find",
    "Sparse autoencoders that are told nothing but T find at least 80 % of the circuits in all layers at "
    "half of the critical load, one direction for one circuit.",
    tier="science",
    formula=r"\max_{v \in \mathrm{span}_t} \cos(u, v) \ge 0.9",
    source="this library; notes#critical-load",
    regime="D = 240, T = 26, S = 4, .25/.75, lines, z = 1 and 2, L1, 1000 steps",
    expected="established",
    rival="half of them",
    quick=False,
)
def _autoencoders(run: Run) -> Evidence:
    points = []
    for n_active in (1, 2):
        scores = _found(run, "sae-l1", 0.5, n_active, run.draws(4, 5), sparsity=0.2, steps=1000)
        draws = [score.value("recall") for score in scores]
        more: dict[str, Any] = {"relation": "at least", "rival_relation": "at most"}
        points.append(Point.from_draws(n_active, draws, 0.8, rival=0.5, **more))
    return Evidence(points, "z", "circuits found, mean over layers")
