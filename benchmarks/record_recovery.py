"""Which methods find the circuits again, below and above the seizure.

Networks of the clipped construction with the published thresholds on lines of finite geometry, D = 240,
S = 4, L = 4. Five distances T / T_c from the seizure, T_c from density evolution, at z = 1, 2 and 4,
three networks each. Every method is given the activations of all layers, T and z, and hands in T
directions a layer; probes are told who is on. Hyper-parameters are chosen on networks of other seeds.

Two more sections: edges of transcoders by hops, on circuits that hand on to themselves and to others
(relay), and whether methods that are started at the truth stay there, parameter decomposition among them
(D = 120).

Written to `results/recovery-cpu.json`, and drawn beside it; what is in the file already is kept, so that
a run that was stopped goes on. `--quick` writes two distances and one z elsewhere.

    python -m benchmarks.record_recovery [--quick] [--out FILE]
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from jaxsuper import environment, recovery, testbed
from jaxsuper._files import write_json
from jaxsuper.plotting import recovery_figure
from jaxsuper.recovery.methods import METHODS, Options, recover
from jaxsuper.simulation import Configuration, prepare
from jaxsuper.theory.seizure import Critical, critical_circuits

from .resuming import resumed


RESULTS = Path(__file__).parent / "results" / "recovery-cpu.json"
DISTANCES, ACTIVE, NETWORKS = (0.5, 0.8, 1.0, 1.25, 2.0), (1, 2, 4), 3
BASE = Configuration(
    network_width=240, n_circuits=1, redundancy=4, n_layers=4, allocation="transversal"
)
SMALL = replace(BASE, network_width=120, redundancy=3, n_layers=3)
SAMPLES = 2000
# Networks that choose hyper-parameters have seeds from here on.
CHOOSING = 1000
NAMES = ("probes", "fast-ica", "nmf", "semi-nmf", "dictionary", "svd", "sae-l1", "sae-topk")
# What takes as long as all others.
SLOW = ("dictionary",)
# What is tried; k in units of z, n_units in units of T. The first is what is used untried.
TRIED: dict[str, list[dict[str, Any]]] = {
    "dictionary": [{"sparsity": value} for value in (1.0, 0.3)],
    "nmf": [{}, {"sparsity": 0.01}],
    "sae-l1": [{"sparsity": value} for value in (0.2, 0.1, 0.3, 0.5)],
    "sae-topk": [{"k": value} for value in (1, 2, 3)],
    "transcoder": [{"sparsity": value} for value in (0.1, 0.05, 0.2, 0.4)],
    "cross-layer": [{"sparsity": value} for value in (0.1, 0.05, 0.2, 0.4)],
    # From a random start it found nothing at 3e-4, 3e-2 or 1e-1 either.
    "spd": [{"sparsity": 3e-3}],
}
# Of gradient descent, or passes over the samples.
STEPS = {"dictionary": 5, "nmf": 100, "semi-nmf": 100, "sae-l1": 1000, "sae-topk": 800}
STEPS |= {"transcoder": 1000, "cross-layer": 1000, "spd": 2000}
# What the table has of each method.
SHOWN = ("recall", "recall_last", "precision", "cosine_span", "cosine", "auc", "r2")
SHOWN += tuple(f"edge_{kind}_{hops}" for kind in ("recall", "precision") for hops in (1, 2, 3))
SHOWN += tuple(f"edge_recall_{hops}_first" for hops in (1, 2, 3))
SHOWN += (
    "component_recall",
    "component_precision",
    "component_cosine",
    "part_explained",
    "explained",
)
SHOWN += ("drift", "drift_cosine", "loss_full_active", "loss_kept_active")
LABELS = {"recall": "circuits found, mean over layers", "recall_last": "circuits found, last layer"}


@cache
def critical_of(one: Configuration, n_active: int) -> Critical:
    """Return T_c of density evolution, whatever circuits feed, and what ends quiet work there."""
    return critical_circuits(
        one.network_width // 4,
        one.redundancy,
        n_active,
        one.n_layers,
        one.lower_threshold,
        one.upper_threshold,
    )


@dataclass(frozen=True)
class Case:
    """A network of a section."""

    section: str
    base: Configuration
    distance: float
    n_active: int
    network: int

    @property
    def critical(self) -> float:
        """T_c of density evolution."""
        return float(critical_of(self.base, self.n_active).n_circuits)

    @property
    def configuration(self) -> Configuration:
        """The settings of the network."""
        count = max(round(self.distance * self.critical), self.n_active + 3)
        return replace(self.base, n_circuits=count, n_active=self.n_active, seed=self.network)


def options_of(method: str, tried: dict[str, Any], case: Case, start: str = "random") -> Options:
    """Return the settings of a method for a network."""
    k = tried.get("k")
    return Options(
        seed=case.network,
        sparsity=tried.get("sparsity"),
        k=None if k is None else k * case.n_active,
        steps=STEPS.get(method),
        start=start,
    )


def exported(case: Case, folder: str) -> testbed.Exported:
    """Return the network of a case, with its samples."""
    one = case.configuration
    testbed.export(
        prepare(one), folder, n_active=case.n_active, n_samples=SAMPLES, seed=case.network, loads=()
    )
    return testbed.read_export(folder)


def measured(method: str, tried: dict[str, Any], case: Case, export: Any, start: str) -> Any:
    """Return the row of a method on a network: means over layers, both ends, and each layer's recall."""
    started = perf_counter()
    options = options_of(method, tried, case, start)
    score = recovery.score(recover(export, method, options), export, seed=case.network)
    row: dict[str, Any] = {
        "section": case.section,
        "method": method,
        "start": start,
        "distance": case.distance,
        "n_active": case.n_active,
        "network": case.network,
        "edges": case.base.edges,
        "n_circuits": case.configuration.n_circuits,
        "critical": case.critical,
    }
    for one in score.rows:
        name = one.metric + (f"_{one.hops}" if one.hops else "")
        if one.layer is None:
            row[name] = one.value
            if name in SHOWN:
                row |= {f"random_{name}": one.random, f"oracle_{name}": one.oracle}
        elif one.hops and one.layer == 0:
            # Of all hops the same circuits: means over layers start in other ones.
            row |= {f"{name}_first": one.value}
        elif one.metric == "recall":
            row.setdefault("recall_by_layer", []).append(round(one.value, 5))
            # Rows rise by layer.
            row |= {"recall_last": one.value, "random_recall_last": one.random}
    short = {name: round(v, 5) if isinstance(v, float) else v for name, v in row.items()}
    return short | {"seconds": round(perf_counter() - started, 1)}


def rank(row: dict[str, Any]) -> tuple[float, float]:
    """Return what a choice is made by: what is found, then how near."""
    for first, then in (
        ("recall", "cosine_span"),
        ("component_recall", "component_cosine"),
        ("edge_recall_1", "edge_precision_1"),
    ):
        if first in row:
            return row[first], row[then]
    raise LookupError(f"{row['method']} has no share of what was found")


def cases(quick: bool) -> list[tuple[Case, list[tuple[str, str]]]]:
    """Return the networks, and (method, start) of each."""
    distances, active, count = (DISTANCES, ACTIVE, NETWORKS) if not quick else ((0.5, 2.0), (1,), 2)
    coders = [(name, "random") for name in ("transcoder", "cross-layer")]
    ideal = [("sae-l1", "ideal"), ("sae-topk", "ideal")]
    parts = [("spd", "random"), ("spd", "ideal")]
    few = (0.5,) if quick else (0.5, 1.25)

    def methods(network: int, names: Sequence[str]) -> list[tuple[Case, list[tuple[str, str]]]]:
        return [
            (Case("methods", BASE, distance, z, network), [(name, "random") for name in names])
            for z in active
            for distance in distances
        ]

    def others(network: int) -> list[tuple[Case, list[tuple[str, str]]]]:
        edges = [
            (Case("edges", replace(BASE, edges=edges), distance, 1, network), coders)
            for edges in ("identity", "relay")
            for distance in few
        ]
        starts = [(Case("ideal", BASE, distance, 1, network), ideal) for distance in few]
        return [*edges, *starts, (Case("ideal", SMALL, 0.5, 1, network), parts)]

    # What takes longest comes last, and one network of all first.
    quick_ones = [name for name in NAMES if name not in SLOW]
    found = methods(0, NAMES) + others(0)
    for network in range(1, count):
        found += methods(network, quick_ones)
    if not quick:
        found += [each for network in range(1, count) for each in others(network)]
    return found + [each for network in range(1, count) for each in methods(network, SLOW)]


def choose(method: str, result: dict[str, Any], path: Path, quick: bool) -> dict[str, Any]:
    """Return a method's hyper-parameters, chosen on a network of its own at a distance of 0.8."""
    if method in result["chosen"] or len(TRIED.get(method, ())) < 2 or quick:
        return result["chosen"].get(method, TRIED.get(method, [{}])[0])
    case = Case("choosing", BASE, 0.8, 2, CHOOSING)
    with tempfile.TemporaryDirectory() as folder:
        export = exported(case, folder)
        ranked = [rank(measured(method, tried, case, export, "random")) for tried in TRIED[method]]
    best = TRIED[method][max(range(len(ranked)), key=ranked.__getitem__)]
    result["chosen"][method] = best
    result["tried"][method] = [
        tried | {"rank": list(found)} for tried, found in zip(TRIED[method], ranked, strict=True)
    ]
    write_json(path, result)
    print(f"{method}: {best} of {result['tried'][method]}", flush=True)
    return best


def table_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return means over networks, standard errors, and both ends, of every cell."""
    cells: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    names = ("section", "method", "start", "edges", "n_active", "distance", "n_circuits")
    for row in rows:
        cells.setdefault(tuple(row[name] for name in names), []).append(row)
    found = []
    for key, own in sorted(cells.items()):
        cell: dict[str, Any] = dict(zip(names, key, strict=True)) | {"networks": len(own)}
        for metric in (name for name in SHOWN if name in own[0]):
            for name in (metric, f"random_{metric}", f"oracle_{metric}"):
                values = [row[name] for row in own if row.get(name) is not None]
                if values:
                    cell[name] = round(float(np.mean(values)), 5)
            if len(own) > 1:
                spread = np.std([row[metric] for row in own], ddof=1) / len(own) ** 0.5
                cell[f"stderr_{metric}"] = round(float(spread), 5)
        found.append(cell)
    return found


def finish(result: dict[str, Any], path: Path) -> None:
    """Write the means of what is there, and draw them."""
    result["ends_by"] = {str(z): critical_of(BASE, z).ends_by for z in ACTIVE}
    result["table"] = table_of(result["rows"])
    write_json(path, result)
    drawn = [row for row in result["rows"] if row["section"] == "methods"]
    recovery_figure({**result, "rows": drawn}).savefig(path.with_suffix(".png"))


def main() -> None:
    """Measure what is missing, write and draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many")
    told = parser.parse_args()
    settings = {
        "network_width": BASE.network_width,
        "n_layers": BASE.n_layers,
        "n_samples": SAMPLES,
        "networks": 2 if told.quick else NETWORKS,
        "quick": told.quick,
        "methods": list(NAMES),
        "told": [name for name in METHODS if METHODS[name].told],
        "steps": STEPS,
        "labels": LABELS,
        "base": asdict(BASE),
        "small": asdict(SMALL),
    }
    result: dict[str, Any] = {"environment": environment(), "settings": settings}
    result |= {"chosen": {}, "tried": {}, "rows": []}
    result = resumed(told.out, result)
    result["rows"] = [row for row in result["rows"] if row["distance"] in DISTANCES]
    started = perf_counter()
    chosen = lambda method: choose(method, result, told.out, told.quick)
    key = lambda row: tuple(
        row[name]
        for name in ("section", "method", "start", "distance", "n_active", "network", "edges")
    )
    done = {key(row) for row in result["rows"]}
    for case, methods in cases(told.quick):
        told_of = (case.distance, case.n_active, case.network, case.base.edges)
        left = [each for each in methods if (case.section, *each, *told_of) not in done]
        if not left:
            continue
        if perf_counter() - started > told.seconds:
            print("time is over: the same command goes on", flush=True)
            break
        with tempfile.TemporaryDirectory() as folder:
            export = exported(case, folder)
            for method, start in left:
                row = measured(method, chosen(method), case, export, start)
                result["rows"].append(row)
        write_json(told.out, result)
        shown = [
            f"{row['method']} {rank(row)[0]:.2f} ({row['seconds']:.0f} s)"
            for row in result["rows"][-len(left) :]
        ]
        print(f"{case.section} {case.base.edges} {told_of[:3]}: {', '.join(shown)}", flush=True)
    finish(result, told.out)


if __name__ == "__main__":
    main()
