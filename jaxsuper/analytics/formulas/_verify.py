"""A formula of one's own against the networks of a grid: the one call."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..._errors import check, one_of
from ..._files import make_writable_folder
from ..._limits import check_index, check_seed
from ...simulation import environment
from ...sweep import Grid
from ..claims import (
    detectable,
    Evidence,
    judge,
    judge_rival,
    LOOKS,
    outside_errors,
    Point,
    Rates,
    until_decided,
)
from ._expression import formula_of, Place
from ._failing import failing
from ._networks import Networks
from ._places import axes_of, places_of
from ._verdict import FormulaVerdict


_RELATIONS = ("equal", "at most", "at least")


def verify_formula(
    formula: Any,
    *,
    metric: str,
    layer: int | Sequence[int] = 1,
    grid: Grid | Mapping[str, Any] | Path | str | None = None,
    relation: str = "equal",
    rival: Any = None,
    tolerance: float | int = 0.02,
    error_rate: float = 0.01,
    n_networks: int = 16,
    looks: int = LOOKS,
    seed: int = 0,
    out: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FormulaVerdict:
    """Check a formula against simulated networks, many for each place of a grid.

    The unit is the network: a place is the mean over independent ones, with a Student interval.
    Networks are doubled from look to look, `looks` times at most, until every place is decided; the
    error rate is shared among places and looks (Bonferroni), as that of the ledger is.

    Args:
        formula: a text such as "z*(T*S/n - 1)/(T - 1)/S", which is read and never run as Python; a
            SymPy expression; or a function whose parameters are named like settings. Names are the
            words of `Configuration` and its letters D, T, S, z, L, b, lo, hi; n (D/d), d, l (the
            layer); P, e and rho (`mean_overlap`, `overlap_rate`, `overlap_rate_published`).
            Functions are sqrt, exp, log, log2, log10, abs, min, max, floor, ceil, sin, cos, tanh,
            erf, erfc, gamma, factorial and binomial; pi and E are numbers.
        metric: what it is of, e.g. "mse_on_inactive".
        layer: l, from 1; several are an axis of their own.
        grid: settings by word or letter, a value or a list of values each, of which every
            combination is a place; a `sweep.Grid`, or the name of one that is built in or of a TOML
            file. Left out, a small one over D, T, S and z.
        relation: what the formula says of the metric: "equal", "at most" or "at least".
        rival: another formula that the same networks are to judge.
        tolerance: relative deviation that the formula is allowed.
        error_rate: of refuting a formula that is right at all places, and of establishing one that
            is beyond the tolerance at some.
        n_networks: of each place in the first look, at least 2.
        looks: at growing numbers of networks, at most.
        seed: from which all networks follow.
        out: a folder for the sweep's store, from which an interrupted check goes on; left out,
            nothing is kept.
        progress: called with (networks simulated, networks wanted so far).

    Returns:
        The verdict; `print` it, or `jaxsuper.plotting.formula_figure` draws it.

    Raises:
        ValueError: for a formula that cannot be read or has no value somewhere, unknown names, or a
            grid that cannot be run, before anything is simulated.
    """
    started = time.perf_counter()
    check(0 <= tolerance < 1, "tolerance", "must lie between 0 and 1", tolerance)
    check_index("n_networks", n_networks, least=2)
    check_index("looks", looks)
    check_seed("seed", seed)
    one_of(_RELATIONS, relation, "relation")
    said = formula_of(formula)
    other = None if rival is None else formula_of(rival, "rival")
    places = places_of(grid, metric, layer, seed)
    rates = Rates(error_rate, len(places), 1, looks)
    predicted = said.at(places)
    rivals = [None] * len(places) if other is None else other.at(places)
    if out is not None:
        make_writable_folder(Path(out), "out")
    axes = axes_of(places)

    with Networks(places, metric, None if out is None else Path(out), progress) as networks:

        def gather(effort: int) -> Evidence:
            values = networks.values(effort * n_networks)
            points = [
                _point(place, axes, draws, expected, against, relation)
                for place, draws, expected, against in zip(
                    places, values, predicted, rivals, strict=True
                )
            ]
            x_label = next(iter(axes), "place")
            return Evidence(points, x_label, metric, tolerance=float(tolerance), rates=rates)

        evidence, effort = until_decided(gather, looks, _open)
    return FormulaVerdict(
        formula=said.text,
        metric=metric,
        axes=tuple(failing(rows := _rows(places, axes, evidence), axes)),
        rows=tuple(rows),
        detectable=detectable(evidence),
        tolerance=float(tolerance),
        error_rate=error_rate,
        n_networks=effort * n_networks,
        judgement=judge(evidence),
        rival="" if other is None else other.text,
        rival_judgement=None if other is None else judge_rival(evidence),
        evidence=evidence,
        settings={
            name: value
            for name, value in asdict(places[0].configuration).items()
            if name not in axes and name not in ("network", "seed")
        }
        | {"seed": seed},
        environment=environment(places[0].configuration.precision),
        seconds=time.perf_counter() - started,
    )


def _open(evidence: Evidence) -> bool:
    """Return whether any place is undecided: where a formula fails is part of the answer."""
    return bool(judge(evidence).undecided)


def _point(
    place: Place,
    axes: Mapping[str, Sequence[Any]],
    draws: np.ndarray,
    predicted: float,
    rival: float | None,
    relation: Any,
) -> Point:
    first, *others = axes or [""]
    value = place.value(first) if first else 0
    x = value if isinstance(value, int | float) else axes[first].index(value)
    series = ", ".join(f"{name} = {place.value(name)}" for name in others)
    return Point.from_draws(x, draws, predicted, rival=rival, series=series, relation=relation)


def _rows(
    places: Sequence[Place], axes: Mapping[str, Sequence[Any]], evidence: Evidence
) -> list[dict[str, Any]]:
    """Return the settings, values and simultaneous intervals of all places."""
    rows = []
    for place, point in zip(places, evidence.points, strict=True):
        reach = outside_errors(point.freedom, evidence.rates) * float(point.stderr)
        measured, predicted = float(point.measured), float(point.predicted)
        ratio = partial(_over, predicted)
        rows.append(
            {name: place.value(name) for name in axes}
            | {
                "measured": measured,
                "stderr": float(point.stderr),
                "low": measured - reach,
                "high": measured + reach,
                "predicted": predicted,
                "rival": point.rival,
                "ratio": ratio(measured),
                "ratio_low": ratio(measured - reach),
                "ratio_high": ratio(measured + reach),
                "place": evidence.place(point),
            }
        )
    return rows


def _over(predicted: float, value: float) -> float | None:
    return value / predicted if predicted else None
