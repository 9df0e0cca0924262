"""Claims about the universal AND of [H]: its errors, and the neurons it needs (notes#universal-and)."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ... import logic, theory
from ._evidence import Evidence, Point
from ._registry import claim, Run


_SERIES, _TARGET, _FEATURES = "one of the pair active", 0.1, (150, 1500)


def _measured(
    run: Run, name: str, m: int, d: int, p: float, s: int, D: int | None
) -> Float[np.ndarray, " n"]:
    """Return the mean squared error of pairs with one active feature, the most, of each network."""
    key = run.key(f"{name}, {m}, {s}")
    networks = run.draws(32, 64)
    found = logic.measure_networks(m, d, jnp.float32(p), s, 32, networks, D, key=key)
    return np.asarray(found.mse, np.float64)[:, 1]


@claim(
    "conjunctions.orthogonal-errors",
    "With orthogonal features the mean squared error of a pairwise AND follows from the other active "
    "features that reach its joint neurons, and does not depend on how many features there are.",
    tier="science",
    formula=r"\mathrm{E}\,\epsilon^2 = P(N{=}0)\,t + P(N{>}0)(\mathrm{E}z - t)^2 + "
    r"\mathrm{E}[1/N;\,N{>}0]\,\mathrm{Var}\,z",
    source="construction of [H], errors ours; notes#universal-and",
    regime="d = 120, p = .15, one of the pair active",
    expected="established",
    rival="an unbiased readout: other active features only add variance",
    quick=False,
)
def _orthogonal_errors(run: Run) -> Evidence:
    points, d, p = [], 120, 0.15
    for m, s in ((100, 2), (1000, 2), (1000, 4)):
        said = theory.conjunction_errors(m, d, p, s)
        mse = _measured(run, "orthogonal", m, d, p, s, None)
        rival = said.mse[1] - said.bias[1] ** 2
        series = f"{_SERIES}, s = {s}"
        points.append(Point.from_draws(m, mse, said.mse[1], rival=rival, series=series))
    return Evidence(points, "m", "mean squared error", tolerance=0.15, log_x=True)


@claim(
    "conjunctions.superposed-errors",
    "With features in superposition the interference of all features that a neuron is joined to adds "
    "noise of variance p m s/D before the ReLU, which reads it as an AND of its own.",
    tier="science",
    formula=r"\mathrm{E}\,\epsilon^2,\quad z = \mathrm{ReLU}(o - 1 + b + \xi),\ "
    r"\mathrm{Var}\,\xi \approx p m s/D",
    source="construction of [H], errors ours; notes#universal-and",
    regime="D = d, s = 2, m = 150 to 1500, one of the pair active",
    expected="established",
    rival="the errors of orthogonal features",
    quick=False,
)
def _superposed_errors(run: Run) -> Evidence:
    points = []
    for m in _FEATURES:
        d = theory.neurons_needed(m, 2, _TARGET, 1.0)
        best, _ = theory.best_density(m, d, 2, d)
        # The widths of `conjunctions.width`, whose program serves here too, at other densities.
        for factor in (0.8, 1.6):
            p = factor * best
            mse = _measured(run, f"superposed, {factor}", m, d, p, 2, d)
            said, rival = (theory.conjunction_errors(m, d, p, 2, D).mse for D in (d, None))
            series = f"{_SERIES}, {factor:g} of the best density"
            points.append(Point.from_draws(m, mse, said[1], rival=rival[1], series=series))
    return Evidence(points, "m", "mean squared error", tolerance=0.2, log_x=True)


@claim(
    "conjunctions.width",
    "The closed form says how many neurons the universal AND needs with features in superposition: "
    "networks of that width have the error that was asked for, over a decade in m.",
    tier="science",
    formula=r"d^*(m) = \min\{d: \min_p \max_o \mathrm{E}\,\epsilon_o^2 \leq .1\}",
    source="construction of [H], width ours; notes#universal-and",
    regime="D = d, s = 2, m = 150 to 1500",
    expected="established",
    rival="c (s m)^(2/3) neurons, the limit for large m, from the first",
    quick=False,
)
def _width(run: Run) -> Evidence:
    from scipy.optimize import brentq

    points = []
    for m in run.choose(_FEATURES, (*_FEATURES, 5000)):
        d = theory.neurons_needed(m, 2, _TARGET, 1.0)
        p, _ = theory.best_density(m, d, 2, d)
        mse = _measured(run, "width", m, d, p, 2, d)
        scale = d / (2 * m) ** (2 / 3)
        missing = lambda e, scale=scale: theory.conjunction_constant(e) - scale
        rival = brentq(missing, 0.01, _TARGET, xtol=1e-3)
        points.append(Point.from_draws(m, mse, _TARGET, rival=rival, series=_SERIES))
    return Evidence(points, "m", "mean squared error", tolerance=0.15, log_x=True)


@claim(
    "conjunctions.limit",
    "At a fixed mean squared error the neurons that the universal AND needs grow as m^(2/3), without a "
    "logarithm, if the width of its input grows with them; with orthogonal features they do not grow.",
    tier="algebra",
    formula=r"d^* \to c\,(s m d/D)^{2/3}",
    source="[H], which has it up to logarithms; constant ours; notes#universal-and",
    regime="m = 10^8 to 10^10 of the closed form",
    expected="established",
    rival="m^(1/2) for both",
)
def _limit(run: Run) -> Evidence:
    points = []
    for s, ratio, exponent in ((2, 1.0, 2 / 3), (3, 0.5, 2 / 3), (2, None, 0.0)):
        few, many = (theory.neurons_needed(m, s, _TARGET, ratio) for m in (10**8, 10**10))
        series = "orthogonal" if ratio is None else f"D = {ratio:g} d, s = {s}"
        measured = float(np.log(many / few) / np.log(100))
        points.append(Point(s, measured, exponent, rival=0.5, series=series))
    return Evidence(points, "s", "exponent", slack=0.02)
