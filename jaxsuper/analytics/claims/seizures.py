"""Claims about the seizure: where it starts, what drives it and what holds it off (notes#seizure)."""

from typing import Any

import numpy as np

from ... import allocation, theory
from ...simulation import Measurement
from ._designs import incidence
from ._evidence import Evidence, Point
from ._measured import measured_at
from ._registry import claim, Run
from .errors import crowded


def headline(run: Run, **changes) -> dict[int, Measurement]:
    """Measure the published design at the headline size, or a change of it."""
    settings: dict[str, Any] = {
        "n_active": run.choose((1,), (1, 2, 3)),
        "n_networks": run.choose(12, 40),
        "batch_size": run.choose(150, 500),
        **changes,
    }
    return run.measure(**settings)


def _gain(changed: Measurement, base: Measurement, layer: int, most: float, x: int) -> Point:
    """Return the ratio of two independent errors of the active vector, which is at most `most`."""
    one, other = (m["mse_x_active"][layer - 1] for m in (changed, base))
    spreads = [
        m.stderr_of("mse_x_active")[layer - 1] / m["mse_x_active"][layer - 1]
        for m in (changed, base)
    ]
    freedom, ratio = base.n_networks - 1, one / other
    return Point(
        x, ratio, most, ratio * np.hypot(*spreads), 1.0, freedom, "", "at most", "at least"
    )


def small_sizes(run: Run, n_circuits: int) -> dict[str, Any]:
    """Return the settings that several claims about D = 1000, z = 1, L = 4 share."""
    return {
        "n_circuits": n_circuits,
        "n_layers": 4,
        "n_networks": run.choose(12, 40),
        "batch_size": run.choose(200, 500),
    }


def large_and_small(run: Run) -> list[dict[str, Any]]:
    """Return the settings of two networks with nearly the same T (d/D)^2."""
    common: dict[str, Any] = {
        "n_layers": 4,
        "n_networks": run.choose(10, 30),
        "batch_size": run.choose(60, 400),
    }
    large = run.choose((1600, 1200), (2000, 2000))
    return [{"network_width": D, "n_circuits": T, **common} for D, T in ((800, 300), large)]


@claim(
    "seizures.working-regime",
    "The closed forms give the errors of layer 4 within a factor 1.5 for T (d/D)^2 < 0.004.",
    formula=r"T (d/D)^2 < 0.004",
    source="[S]; notes#seizure",
    regime="prime steps, S = 6, z = 1, D = 1000",
    expected="holds in regime",
    rival="S e in place of e: the sum over the neurons of a circuit instead of their mean",
)
def _working_regime(run: Run) -> Evidence:
    points, notes = [], []
    for T in run.choose((200, 300), (100, 150, 200, 225, 250, 275, 300, 350, 400, 500)):
        settings = small_sizes(run, T)
        measured = run.measure(**settings)[1]
        x, e = theory.interference_parameter(T, 4, 1000), run.design(**settings).overlap_rate
        for metric in ("mse_x_inactive", "mse_on_inactive"):
            points.append(measured_at(measured, metric, 4, e, 6 * e, x=x, series=metric))
        notes.append(f"{x:.4f}: {measured['mse_x_inactive'][3] / e:.2f}")
    note = f"Measured over closed form of the inactive vector, by T (d/D)^2: {', '.join(notes)}."
    return Evidence(
        points,
        "T (d/D)^2",
        "errors of inactive circuits, layer 4",
        tolerance=0.5,
        regime=True,
        log_y=True,
        note=note,
    )


@claim(
    "seizures.one-parameter",
    "T (d/D)^2 alone decides the error of the active vector, within a factor 2.",
    formula=r"E_x = f(T (d/D)^2)",
    source="[S]; notes#seizure",
    regime="prime steps, S = 6, z = 1, layer 4: (D, T) = (800, 300) and (2000, 2000) (quick: (1600, 1200))",
    expected="refuted",
    rival="state evolution, within a factor 2 (to be confirmed)",
)
def _one_parameter(run: Run) -> Evidence:
    points = []
    for settings in large_and_small(run):
        measured = run.measure(**settings)[1]
        evolved = run.evolution(run.experiment(**settings), 1)["mse_x_active"][3]
        x = theory.interference_parameter(settings["n_circuits"], 4, settings["network_width"])
        one = points[0].measured if points else measured["mse_x_active"][3]
        points.append(measured_at(measured, "mse_x_active", 4, one, evolved, x=x))
    note = f"The errors differ by a factor {points[1].measured / points[0].measured:.0f}."
    return Evidence(
        points, "T (d/D)^2", "E|x_est - x|^2, layer 4", tolerance=1.0, log_y=True, note=note
    )


@claim(
    "seizures.inactive-circuits-first",
    "Erroneous activation starts with inactive indicators and reaches the active vector one layer "
    "later: at layer 2 the inactive neurons already fire, the active vector still follows the closed "
    "form; at layer 3 it no longer does.",
    formula=r"E_x(2) \approx E_x^{\mathrm{closed}}(2), \quad E_x(3) > 3\,E_x^{\mathrm{closed}}(3)",
    source="notes#seizure",
    regime="D = 1000, T = 557, S = 6, z = 1",
    expected="holds",
    rival="indicators and vectors leave the closed form in the same layer",
)
def _inactive_first(run: Run) -> Evidence:
    measured = headline(run)[1]
    design = allocation.prime_steps(250, 6, 557)
    e, J = design.overlap_rate, theory.mean_interference(design.loads[design.sets])
    right = [theory.rotation_active_mse(layer, 557, e, 1, 1.0, J) for layer in range(1, 6)]
    correct = theory.correct_active_fraction(1, 6, 250)
    points = [
        measured_at(
            measured,
            "frac_active_neurons_block0",
            2,
            3,
            1.5,
            unit=correct,
            series="active on0-neurons",
            relation="at least",
            rival_relation="at most",
        ),
        measured_at(
            measured,
            "mse_x_active",
            2,
            1.5,
            3,
            unit=right[1],
            series="active vector",
            relation="at most",
            rival_relation="at least",
        ),
        measured_at(
            measured,
            "mse_x_active",
            3,
            3,
            unit=right[2],
            series="active vector",
            relation="at least",
        ),
    ]
    return Evidence(points, "layer", "measured / closed form", log_y=True)


@claim(
    "seizures.active-fractions",
    "The shares of active neurons grow as measured on the published system: on0 .024 .226 .257 .374 "
    ".491, on1 .024 .030 .045 .134 .294 over layers 1 to 5, within 10 %.",
    formula=r"\mathrm{frac}_{on0}:\ .024\ .226\ .257\ .374\ .491",
    source="measured on the published system; notes#seizure",
    regime="D = 1000, T = 557, S = 6, z = 1",
    expected="holds",
    rival="the correct share .024 in every layer",
)
def _active_fractions(run: Run) -> Evidence:
    found, correct = headline(run), theory.correct_active_fraction(1, 6, 250)
    published = {0: (0.024, 0.226, 0.257, 0.374, 0.491), 1: (0.024, 0.030, 0.045, 0.134, 0.294)}
    points = [
        measured_at(
            found[1],
            f"frac_active_neurons_block{block}",
            layer,
            value,
            correct,
            series=f"on{block}",
        )
        for block, values in published.items()
        for layer, value in enumerate(values, 1)
    ]
    return Evidence(points, "layer", "share of active neurons", tolerance=0.1)


@claim(
    "seizures.uneven-loads",
    "What an inactive neuron receives unwanted on average follows the load of its circuits: at one "
    "chi for all, input and load correlate above 0.9.",
    formula=r"\mathrm{corr}_n\left(\mathrm{E}_v\,(\tilde{C} e_v)_n,\ \sum_{t \ni n} r_t\right) > 0.9",
    source="notes#seizure",
    regime="prime steps, n = 250, T = 557, S = 6",
    expected="holds",
    rival="loads explain less than a quarter of the variance (correlation below 1/2)",
)
def _uneven_loads(run: Run) -> Evidence:
    design, points = allocation.prime_steps(250, 6, 557), []
    rng = np.random.default_rng(run.seed)
    for draw in range(run.choose(4, 12)):
        to, source = incidence(design, rng), incidence(design, rng)
        clipped = (to.T @ source > 0).astype(np.float64)
        load, S, T = to.sum(axis=0), 6, 557
        # Mean over circuits v that do not use the neuron of (C e_v)_n, as receiver chi takes it.
        unwanted = (clipped @ source.sum(axis=0) - S) / (T - 1)
        points.append(
            Point(
                draw,
                float(np.corrcoef(unwanted, load)[0, 1]),
                0.9,
                rival=0.5,
                relation="at least",
                rival_relation="at most",
            )
        )
    return Evidence(points, "drawn matrix", "correlation of input and load")


@claim(
    "seizures.receiver-chi",
    "One chi per receiving neuron halves the error of prime steps at layer 5, where loads are uneven.",
    formula=r"\chi'_n = \frac{U_n}{S - U_n}",
    source="notes#seizure",
    regime="D = 1000, T = 557, S = 6, z = 1",
    expected="holds",
    rival="it changes nothing",
)
def _receiver_chi(run: Run) -> Evidence:
    scalar, each = headline(run), headline(run, inhibition="receiver")
    points = [_gain(each[z], scalar[z], 5, 0.5, z) for z in scalar]
    return Evidence(points, "z", "error with chi per neuron / scalar chi")


@claim(
    "seizures.even-loads",
    "The subset of the prime steps with even loads has less error, and the more so the deeper: at most "
    "0.8, 0.65 and 0.5 of it at layers 3, 4 and 5.",
    formula=r"E_x^{\mathrm{even}} < \frac{1}{2} E_x^{\mathrm{published}}",
    source="notes#allocations, notes#seizure",
    regime="D = 1000, T = 400, S = 6, z = 1",
    expected="holds",
    rival="even loads change nothing",
)
def _even_loads(run: Run) -> Evidence:
    common: dict[str, Any] = {
        "n_circuits": 400,
        "n_networks": run.choose(12, 40),
        "batch_size": run.choose(150, 250),
    }
    uneven = run.measure(**common)[1]
    even = run.measure(**common, allocation="balanced-prime-steps")[1]
    points = [
        _gain(even, uneven, layer, most, layer) for layer, most in ((3, 0.8), (4, 0.65), (5, 0.5))
    ]
    return Evidence(points, "layer", "error with even loads / published loads")


@claim(
    "seizures.high-thresholds",
    "S = 3 with the thresholds .6 and .9 does not seize: an error of at most 0.05 at layer 5 for "
    "z = 1, where the published design has 1.7.",
    formula=r"lo = 0.6,\ hi = 0.9,\ S = 3:\quad E_x(5) \leq 0.05",
    source="notes#indicators",
    regime="D = 1000, T = 557, z = 1",
    expected="holds",
    rival="it is as bad as the published design, above 1",
)
def _high_thresholds(run: Run) -> Evidence:
    found = headline(run, redundancy=3, lower_threshold=0.6, upper_threshold=0.9, n_active=(1,))
    points = [
        measured_at(
            found[1],
            "mse_x_active",
            layer,
            0.05,
            1.0,
            relation="at most",
            rival_relation="at least",
        )
        for layer in range(1, 6)
    ]
    return Evidence(points, "layer", "E|x_est - x|^2", log_y=True)


@claim(
    "seizures.oracle-is-no-bound",
    "Silencing the neurons that no active circuit uses does not bound the error from below: the ReLU "
    "that the oracle lacks also clips noise.",
    formula=r"E_x^{\mathrm{oracle}}(2) > E_x^{\mathrm{clipped}}(2)",
    source="notes#seizure",
    regime="D = 1000, T = 400, S = 6, z = 3, layer 2",
    expected="holds",
    rival="the oracle has less than 0.9 times the error",
)
def _oracle_is_no_bound(run: Run) -> Evidence:
    oracle = run.networks(**crowded(run), construction="oracle")[3]
    clipped = run.networks(**crowded(run))[3]
    # The same seeds give the same circuits, wiring and samples: the ratio is paired.
    one = np.array([m["mse_x_active"][1] for m in oracle])
    other = np.array([m["mse_x_active"][1] for m in clipped])
    ratio = one.mean() / other.mean()
    error = (one - ratio * other).std(ddof=1) / other.mean() / len(one) ** 0.5
    point = Point(
        2,
        float(ratio),
        1.0,
        float(error),
        0.9,
        len(one) - 1,
        relation="at least",
        rival_relation="at most",
    )
    return Evidence([point], "layer", "oracle / clipped")
