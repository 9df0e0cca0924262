"""Claims about the payload's budget: how errors of quiet networks grow (notes#payload-budget)."""

from typing import Any

import numpy as np

from ..scaling import level_law, LevelPoint
from ._evidence import Evidence, Point
from ._registry import claim, Run


# Sets of lines with high thresholds: nothing fires by mistake at these sizes.
_QUIET: dict[str, Any] = {
    "allocation": "transversal",
    "redundancy": 3,
    "lower_threshold": 0.6,
    "upper_threshold": 0.9,
    "n_layers": 5,
    "batch_size": 128,
}


def _slope(sizes: Any, values: Any) -> Any:
    """Return the exponent of a power through values, (..., sizes)."""
    x = np.log(np.array(sizes, float))
    x -= x.mean()
    return np.log(np.asarray(values)) @ x / (x @ x)


def _errors(run: Run, D: int, T: int, z: int, count: int) -> tuple[Any, Any]:
    """Return E|dx|^2 by layer, measured (networks, L) and by the closed form (L,)."""
    settings = {**_QUIET, "network_width": D, "n_circuits": T}
    networks = run.networks(**settings, n_active=(1, 2), n_networks=count)[z]
    said = run.closed_form(run.experiment(**settings), z)["mse_x_active"]
    return np.array([one["mse_x_active"] for one in networks]), np.asarray(said)


@claim(
    "payload.exponents",
    "While nothing seizes, the closed form has the exponents in T, z, rotations and D with which errors of "
    "active vectors grow, within 0.3.",
    tier="science",
    formula=r"E_x \sim T\,z\,l\,(d/D)^2",
    source="this library; notes#payload-budget",
    regime="D = 800 and 1600, T = 300 and 600, z = 1 and 2, four rotations, S = 3, .6/.9, lines",
    expected="established",
    rival="T forgotten (direct overlap, exponent 0), z forgotten (0), rotations in phase (2), (d/D)^1",
    quick=False,
)
def _exponents(run: Run) -> Evidence:
    count = run.choose(24, 48)
    base, said = _errors(run, 1600, 600, 1, count)
    fewer, said_fewer = _errors(run, 1600, 300, 1, count)
    narrow, said_narrow = _errors(run, 800, 300, 1, count)
    two, said_two = _errors(run, 1600, 600, 2, count)
    pairs = {
        "T": ((300, 600), (fewer, base), (said_fewer, said), 0.0),
        "z": ((1, 2), (base, two), (said, said_two), 0.0),
        "D": ((800, 1600), (narrow, fewer), (said_narrow, said_fewer), -1.0),
    }
    points = []
    for place, (name, (sizes, measured, closed, rival)) in enumerate(pairs.items()):
        last = [values[:, -1] for values in measured]
        mean = [values.mean() for values in last]
        parts = [values.std(ddof=1) / len(values) ** 0.5 / values.mean() for values in last]
        stderr = float(np.hypot(*parts) / np.log(sizes[1] / sizes[0]))
        points.append(
            Point(
                place,
                float(_slope(sizes, mean)),
                float(_slope(sizes, [values[-1] for values in closed])),
                stderr=stderr,
                freedom=count - 1,
                rival=rival,
                series=name,
            )
        )
    layers = np.array([2, 3, 5])
    draws = _slope(layers - 1, base[:, layers - 1].mean(0))
    # Jackknife: layers share their networks.
    left_out = [
        _slope(layers - 1, np.delete(base, i, 0)[:, layers - 1].mean(0)) for i in range(len(base))
    ]
    stderr = float(np.sqrt((len(base) - 1) * np.var(left_out)))
    closed = float(_slope(layers - 1, said[layers - 1]))
    point = Point(
        3, float(draws), closed, stderr=stderr, freedom=len(base) - 1, rival=2.0, series="l - 1"
    )
    note = "T, z, D, l - 1; for T S >> n, z >> 1 and errors small against 1/S the exponents are 1, 1, -2, 1"
    return Evidence([*points, point], "size", "exponent", slack=0.3, note=note)


def _levels(run: Run) -> list[LevelPoint]:
    """Return measured payloads of levels, once per ledger."""
    sizes = {"networks": run.draws(8, 16), "samples": 128, "seed": run.seed, "rotation": False}
    make = lambda: level_law(100, 3, (8, 4), (60, 110), **sizes)
    return run.once(("levels", run.effort), make)


@claim(
    "payload.levels",
    "A payload of four or eight levels, cleaned in every layer, goes wrong as the law of one level has it, "
    "within a factor 2.",
    tier="science",
    formula=r"u' = \frac{1}{S} \sum_{i=1}^{S} Q\,(u + x\,(N_i^+ - N_i^-)/S)",
    source="this library; notes#levels",
    regime="n = 100, S = 3, T = 60 and 110, z = 1, 60 layers, where seen",
    expected="established",
    rival="noise adds up as in a rotation: its mean square is what a layer costs",
    quick=False,
)
def _levels_last(run: Run) -> Evidence:
    points = []
    for place, one in enumerate(_levels(run)):
        k = int(one.kind.removeprefix("levels"))
        square = (k + 1) / (3 * (k - 1))
        rival = one.hits * square / 3**3 / (2 / (k - 1)) ** 2
        if one.theory * 60 * 8 * 128 > 50:  # so many were seen
            point = Point.from_draws(place, one.rates, one.theory, rival=rival, series=one.kind)
            points.append(point)
    return Evidence(points, "setting", "wrong levels per layer", factor=2.0, log_y=True)


@claim(
    "payload.levels-trade-alphabet-for-depth",
    "Layers that eight levels last grow as the square of 1/hits, a rotation's linearly: two hits at "
    "once are needed to move one.",
    tier="science",
    formula=r"l \sim \lambda^{-m}, \quad m = 2",
    source="this library; notes#levels",
    regime="n = 100, S = 3, T = 60 to 110, z = 1",
    expected="established",
    rival="linear, as where noise adds up",
    quick=False,
)
def _levels_exponent(run: Run) -> Evidence:
    few, many = (one for one in _levels(run) if one.kind == "levels8")
    means = [float(np.mean(one.rates)) for one in (few, many)]
    parts = [
        float(np.std(one.rates, ddof=1)) / len(one.rates) ** 0.5 / mean
        for one, mean in zip((few, many), means, strict=True)
    ]
    span = float(np.log(many.hits / few.hits))
    slope = float(np.log(means[1] / means[0])) / span
    freedom = len(few.rates) - 1
    point = Point(8, slope, 2.0, stderr=float(np.hypot(*parts)) / span, rival=1.0, freedom=freedom)
    return Evidence([point], "levels", "exponent of hits", slack=0.7)
