"""Claims about networks with known truth: the naive baseline, removing the left-over, the true basis."""

import tempfile
from typing import Any

from ..._settings import Configuration
from ...recovery import bases, Structure, structure
from ...simulation import prepare
from ...testbed import chosen, export, read_export, removal_rows
from ._evidence import Evidence, Point
from ._registry import claim, Run


# As published, with fewer circuits than the critical load for two at once, and with more.
_PUBLISHED: dict[str, Any] = {"network_width": 1000, "redundancy": 6, "n_layers": 5}
_STATES = {"quiet": 134, "seized": 380}


@claim(
    "testbed.beats-the-naive-baseline",
    "800 circuits in 1600 neurons, two at once, are computed for four layers with at most half the error "
    "of the baseline that computes D/d of them exactly and answers 0 for the others.",
    tier="science",
    formula=r"\mathrm{E}|\hat x - x|^2 \le \tfrac12 (1 - D/(d\,T))",
    source="this library; notes#parts-of-the-weights",
    regime="D = 1600, T = 800, S = 4, .55/.9, cleaned, lines, z = 1 and 2, layers 2 to 4",
    expected="established",
    rival="no better than the baseline",
    quick=False,
)
def _baseline(run: Run) -> Evidence:
    (entry,) = (one for one in chosen(["request"]) if one.name == "request-spd-20")
    settings = {**entry.settings, "n_active": (1, 2), "batch_size": 64, "seed": run.seed}
    one = entry.configuration()
    naive = 1 - one.network_width / (4 * one.n_circuits)
    points = []
    for z, networks in run.networks(**settings, n_networks=run.choose(4, 8)).items():
        for layer in (2, 3, 4):
            draws = [one["mse_x_active"][layer - 1] / naive for one in networks]
            more: dict[str, Any] = {"relation": "at most", "rival_relation": "at least"}
            points.append(Point.from_draws(layer, draws, 0.5, rival=1.0, series=f"z = {z}", **more))
    return Evidence(points, "layer", "error / naive baseline", log_y=True)


def _removed(run: Run) -> dict[str, dict[str, list[float]]]:
    """Return state -> what is kept -> errors of x at the last layer by network, once per ledger."""

    def make() -> dict[str, dict[str, list[float]]]:
        found = {}
        for state, count in _STATES.items():
            settings = Configuration(**_PUBLISHED, n_circuits=count, seed=run.seed)
            rows = removal_rows(settings, 2, 64, run.draws(4, 8), ("full", "parts", "active"))
            last = [row for row in rows if row["readout"] == "x" and row["layer"] == 5]
            found[state] = {row["kept"]: row["by_network"] for row in last}
        return found

    return run.once(("removal", run.effort), make)


@claim(
    "testbed.removal-improves",
    "Taking out of W all that belongs to circuits that are off, and to none, lowers the error of two "
    "active circuits after five layers: to at most 0.85 of it where the network is quiet, to at most half "
    "above the seizure.",
    tier="science",
    formula=r"W \to \sum_{t\,\mathrm{active}} P_t",
    source="[S]; notes#parts-of-the-weights",
    regime="D = 1000, T = 134 and 380 (0.6 and 1.7 of the critical load), S = 6, .25/.75, z = 2",
    expected="established",
    rival="nothing is gained",
    quick=False,
)
def _improves(run: Run) -> Evidence:
    most, points = {"quiet": 0.85, "seized": 0.5}, []
    for state, kept in _removed(run).items():
        more: dict[str, Any] = {"relation": "at most", "rival_relation": "at least"}
        place = _STATES[state]
        ratio = (kept["active"], kept["full"], most[state])
        points.append(Point.ratio(place, *ratio, rival=1.0, series=state, **more))
    return Evidence(points, "T", "error without / with the rest")


@claim(
    "testbed.left-over-is-needed",
    "Taking out of W only what belongs to no circuit makes the same network at least ten times worse, "
    "quiet or seized: the inhibition in it is part of how it works.",
    tier="science",
    formula=r"W \to \sum_t P_t",
    source="this library, against a reading of [S]; notes#parts-of-the-weights",
    regime="D = 1000, T = 134 and 380 (0.6 and 1.7 of the critical load), S = 6, .25/.75, z = 2",
    expected="established",
    rival="it improves",
    quick=False,
)
def _needed(run: Run) -> Evidence:
    points = []
    for state, kept in _removed(run).items():
        more: dict[str, Any] = {"relation": "at least", "rival_relation": "at most"}
        place = _STATES[state]
        ratio = (kept["parts"], kept["full"], 10.0)
        points.append(Point.ratio(place, *ratio, rival=1.0, series=state, **more))
    return Evidence(points, "T", "error without / with the rest", log_y=True)


def _structures(run: Run, count: int, network: int) -> dict[str, Structure]:
    """Return how W looks from the first reported layer to the next, by basis."""
    settings = Configuration(
        network_width=400,
        n_circuits=count,
        redundancy=6,
        n_layers=2,
        allocation="transversal",
        seed=run.seed,
        network=network,
    )
    with tempfile.TemporaryDirectory() as folder:
        export(prepare(settings), folder, n_samples=1, loads=())
        one = read_export(folder)
        before, after = bases(one, 0), bases(one, 1)
        return {name: structure(one, 1, before[name], after[name]) for name in before}


@claim(
    "testbed.modular-in-the-true-basis",
    "Between the true directions W is modular, and fewer of its entries count: between neurons the "
    "modularity is at most a third of that, and at least twice as many entries carry the power.",
    tier="science",
    formula=r"Q = \sum_t (e_{tt} - r_t c_t)",
    source="[S]: the network should look sparse and modular; notes#parts-of-the-weights",
    regime="D = 400, T = 60 and 200, S = 6, .25/.75, lines",
    expected="established",
    rival="as modular, and as sparse, between neurons",
    quick=False,
)
def _modular(run: Run) -> Evidence:
    points, more = [], {"relation": "at most", "rival_relation": "at least"}
    for count in (60, 200):
        found = [_structures(run, count, network) for network in range(run.draws(4, 8))]
        of = lambda basis, name, found=found: [getattr(one[basis], name) for one in found]
        for name, few, many, most in (
            ("modularity", "neurons", "true", 1 / 3),
            ("participation", "true", "neurons", 1 / 2),
        ):
            both: Any = (of(few, name), of(many, name), most)
            points.append(Point.ratio(count, *both, rival=1.0, series=name, **more))
    return Evidence(points, "T", "ratio of the two bases", log_y=True)
