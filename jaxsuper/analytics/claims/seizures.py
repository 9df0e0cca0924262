"""Claims about the seizure: where it starts, what drives it and what holds it off (notes#seizure)."""

from typing import Any

import numpy as np

from ... import theory
from ...allocation import prime_steps
from ._evidence import Evidence, Point
from ._matrices import incidence
from ._measured import measured_at, ratio_at
from ._reference import crowded, headline, large_and_small
from ._registry import claim, Run


def _at_the_rule(run: Run) -> list[dict[str, Any]]:
    """Return settings of networks with T (d/D)^2 = 0.0040, the limit of the published rule."""
    sizes = ((1000, 250), (2000, 1000), *run.choose((), ((4000, 4000),)))
    common: dict[str, Any] = {"n_layers": 4, "batch_size": run.choose(60, 150)}
    return [
        {"network_width": D, "n_circuits": T, "n_networks": 12 if D < 4000 else 6, **common}
        for D, T in sizes
    ]


@claim(
    "seizures.working-regime",
    "The closed forms give the inactive vector's error of layer 4 within a factor 2 wherever "
    "T (d/D)^2 <= 0.004.",
    tier="science",
    formula=r"T (d/D)^2 \leq 0.004:\quad \mathrm{E}|\hat x|^2 = z\,e",
    source='[S]: "there is a regime where the framework works"; notes#seizure',
    regime="prime steps, S = 6, lo, hi = .25, .75, z = 1; D, T = 1000, 250; 2000, 1000; 4000, 4000",
    expected="refuted",
    rival="state evolution within a factor 2 (to be confirmed)",
)
def _working_regime(run: Run) -> Evidence:
    points, notes = [], []
    for settings in _at_the_rule(run):
        measured, D = run.measure(**settings)[1], settings["network_width"]
        e, evolved = (
            run.allocation(**settings).overlap_rate,
            run.evolution(run.experiment(**settings), 1),
        )
        name = "mse_x_inactive"
        points.append(measured_at(measured, name, 4, e, evolved[name][3], x=D))
        notes.append(f"{D}: {measured[name][3] / e:.1f}")
    note = f"Measured over closed form by D: {', '.join(notes)}. What is critical falls with size."
    label = "errors of inactive vectors, layer 4"
    return Evidence(points, "D", label, factor=2.0, log_x=True, log_y=True, note=note)


@claim(
    "seizures.one-parameter",
    "T (d/D)^2 alone decides the error of the active vector, within a factor 2.",
    tier="science",
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
        first = points[0].measured if points else measured["mse_x_active"][3]
        points.append(measured_at(measured, "mse_x_active", 4, first, evolved, x=x))
    note = f"The errors differ by a factor {points[1].measured / points[0].measured:.0f}."
    label = "E|x_est - x|^2, layer 4"
    return Evidence(points, "T (d/D)^2", label, factor=2.0, log_y=True, note=note)


@claim(
    "seizures.inactive-circuits-first",
    "Erroneous activation starts with inactive indicators and reaches the active vector one layer "
    "later: at layer 2 the inactive neurons already fire, the active vector still follows the closed "
    "form; at layer 3 it no longer does.",
    tier="guard",
    formula=r"E_x(2) \approx E_x^{\mathrm{closed}}(2), \quad E_x(3) > 3\,E_x^{\mathrm{closed}}(3)",
    source="notes#seizure",
    regime="D = 1000, T = 557, S = 6, z = 1",
    expected="established",
    rival="indicators and vectors leave the closed form in the same layer",
)
def _inactive_first(run: Run) -> Evidence:
    measured = headline(run)[1]
    allocation = prime_steps(250, 6, 557)
    e, J = allocation.overlap_rate, theory.mean_interference(allocation.loads[allocation.sets])
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
    tier="science",
    formula=r"\mathrm{frac}_{on0}:\ .024\ .226\ .257\ .374\ .491",
    source="measured on the published system; notes#seizure",
    regime="D = 1000, T = 557, S = 6, z = 1",
    expected="established",
    rival="the correct share .024 in every layer",
)
def _active_fractions(run: Run) -> Evidence:
    measured, correct = headline(run)[1], theory.correct_active_fraction(1, 6, 250)
    published = {0: (0.024, 0.226, 0.257, 0.374, 0.491), 1: (0.024, 0.030, 0.045, 0.134, 0.294)}
    points = [
        measured_at(
            measured,
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
    tier="guard",
    formula=r"\mathrm{corr}_n\left(\mathrm{E}_v\,(\tilde{C} e_v)_n,\ \sum_{t \ni n} r_t\right) > 0.9",
    source="notes#seizure",
    regime="prime steps, n = 250, T = 557, S = 6",
    expected="established",
    rival="loads explain less than a quarter of the variance (correlation below 1/2)",
)
def _uneven_loads(run: Run) -> Evidence:
    allocation, found = prime_steps(250, 6, 557), []
    rng = np.random.default_rng(run.seed)
    for _ in range(run.draws(6, 12)):
        to, source = incidence(allocation, rng), incidence(allocation, rng)
        clipped = (to.T @ source > 0).astype(np.float64)
        load, S, T = to.sum(axis=0), 6, 557
        # Mean over circuits v that do not use the neuron of (C e_v)_n, as receiver chi takes it.
        unwanted = (clipped @ source.sum(axis=0) - S) / (T - 1)
        found.append(np.corrcoef(unwanted, load)[0, 1])
    relations: dict[str, Any] = {"relation": "at least", "rival_relation": "at most"}
    point = Point.from_draws(6, found, 0.9, rival=0.5, **relations)
    return Evidence([point], "S", "correlation of input and load")


@claim(
    "seizures.receiver-chi",
    "One chi per receiving neuron halves the error of prime steps at layer 5, where loads are uneven.",
    tier="guard",
    formula=r"\chi'_n = \frac{U_n}{S - U_n}",
    source="notes#seizure",
    regime="D = 1000, T = 557, S = 6, z = 1",
    expected="established",
    rival="it changes nothing",
)
def _receiver_chi(run: Run) -> Evidence:
    scalar, each = headline(run), headline(run, inhibition="receiver")
    points = [ratio_at(each[z], scalar[z], 5, 0.5, 1.0, x=z) for z in scalar]
    return Evidence(points, "z", "error with chi per neuron / scalar chi")


@claim(
    "seizures.even-loads",
    "The subset of the prime steps with even loads has less error, and the more so the deeper: at most "
    "0.8, 0.65 and 0.5 of it at layers 3, 4 and 5.",
    tier="guard",
    formula=r"E_x^{\mathrm{even}} < \frac{1}{2} E_x^{\mathrm{published}}",
    source="notes#allocations, notes#seizure",
    regime="D = 1000, T = 400, S = 6, z = 1",
    expected="established",
    rival="even loads change nothing",
)
def _even_loads(run: Run) -> Evidence:
    common: dict[str, Any] = {
        "n_circuits": 400,
        "n_networks": run.choose(16, 48),
        "batch_size": run.choose(150, 250),
    }
    uneven = run.measure(**common)[1]
    even = run.measure(**common, allocation="balanced-prime-steps")[1]
    points = [
        ratio_at(even, uneven, layer, most, 1.0) for layer, most in ((3, 0.8), (4, 0.65), (5, 0.5))
    ]
    return Evidence(points, "layer", "error with even loads / published loads")


@claim(
    "seizures.high-thresholds",
    "S = 3 with the thresholds .6 and .9 does not seize: an error of at most 0.05 at layer 5 for "
    "z = 1, where the published design has 1.7.",
    tier="guard",
    formula=r"lo = 0.6,\ hi = 0.9,\ S = 3:\quad E_x(5) \leq 0.05",
    source="notes#indicators",
    regime="D = 1000, T = 557, z = 1",
    expected="established",
    rival="it is as bad as the published design, above 1",
)
def _high_thresholds(run: Run) -> Evidence:
    changes: dict[str, Any] = {"redundancy": 3, "lower_threshold": 0.6, "upper_threshold": 0.9}
    measured = headline(run, **changes, n_active=(1,))[1]
    points = [
        measured_at(
            measured,
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
    tier="science",
    formula=r"E_x^{\mathrm{oracle}}(2) > E_x^{\mathrm{clipped}}(2)",
    source="notes#seizure",
    regime="D = 1000, T = 400, S = 6, z = 3, layer 2",
    expected="established",
    rival="the oracle has less than 0.9 times the error",
)
def _oracle_is_no_bound(run: Run) -> Evidence:
    # The same seeds give the same circuits, shuffles and samples: the ratio is paired.
    oracle, clipped = (
        [measured["mse_x_active"][1] for measured in run.networks(**settings)[3]]
        for settings in (crowded(run) | {"construction": "oracle"}, crowded(run))
    )
    point = Point.ratio(
        2,
        oracle,
        clipped,
        1.0,
        rival=0.9,
        relation="at least",
        rival_relation="at most",
    )
    return Evidence([point], "layer", "oracle / clipped")
