"""State evolution against the published system's measured figures and against simulation."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from jaxsuper import allocation, Experiment, run_experiment, theory
from jaxsuper.simulation import parts_of, run_networks
from jaxsuper.theory.evolution import _fields, _placement, _population

from ..reference import averaged, FLOOR, MSE, reference


def grid_ratios(only=lambda setting: True):
    """log(predicted/measured) of layers 2-4 of the grid, by metric."""
    found = defaultdict(list)
    for setting, cells in reference("rotations_grid.csv").items():
        if not only(setting):
            continue
        width = setting.network_width // 4
        design = allocation.prime_steps(width, setting.redundancy, setting.n_circuits)
        loads = design.loads[design.sets]
        predicted = theory.state_evolution(loads, width, setting.n_active, setting.n_layers)
        for layer, metric, value in averaged(cells):
            if metric in MSE and layer > 1 and value > FLOOR:
                ours = max(predicted[metric][layer - 1], 1e-30)
                found[metric].append(np.log(ours / value))
    return {metric: np.abs(values) for metric, values in found.items()}


def test_quick_grid():
    chosen = {(800, 300, 1), (800, 300, 4), (1000, 500, 2), (1200, 500, 3), (1600, 900, 1)}
    found = grid_ratios(lambda s: (s.network_width, s.n_circuits, s.n_active) in chosen)
    values = np.concatenate(list(found.values()))
    assert (values < np.log(1.5)).mean() >= 0.9
    assert (values < np.log(3)).mean() >= 0.98


@pytest.mark.slow
def test_whole_grid():
    """Within a factor 1.5 in 85 % of the cells of each metric, 3 in 98 %; nothing is fitted."""
    for metric, values in grid_ratios().items():
        print(metric, len(values), (values < np.log(1.5)).mean(), (values < np.log(3)).mean())
        assert (values < np.log(1.5)).mean() >= 0.85, metric
        assert (values < np.log(3)).mean() >= 0.98, metric


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"lower_threshold": 0.4, "upper_threshold": 0.8},
        {"gate_bias": 0.25},
        {"redundancy": 4},
        {"inhibition": "receiver"},
        {"inhibition_factor": 1.2},
        {"allocation": "balanced-prime-steps", "n_circuits": 400},
    ],
    ids=lambda change: next(iter(change)),
)
def test_outside_the_grid(change):
    """Thresholds, bias, redundancy, chi and loads are inputs; the published settings do not fit."""
    experiment = Experiment.of(**{"n_layers": 4, "n_active": (2,), "n_networks": 3, **change})
    result = run_experiment(experiment, state_evolution=True)
    measured, form = result.measurements[2], result.predictions[2].state_evolution
    assert form is not None
    predicted, sets = form.values, parts_of(experiment.configuration).allocation
    published = theory.state_evolution(sets.loads[sets.sets], sets.block_width, 2, 4)
    kept = {m: np.flatnonzero(measured[m][1:] > 1e-3) + 1 for m in MSE}
    off = lambda form: np.concatenate(
        [np.abs(np.log(form[m][kept[m]] / measured[m][kept[m]])) for m in MSE]
    )
    assert (off(predicted) < np.log(1.5)).all()
    if "redundancy" not in change and "allocation" not in change:
        assert (off(published) > np.log(1.5)).any()


def test_even_loads_are_not_the_published_ones():
    """With the same T, S and n but even loads the predicted collapse is several times too small."""
    design = allocation.prime_steps(250, 6, 557)
    loads = design.loads[design.sets]
    right = theory.state_evolution(loads, 250, 1, 4)["mse_x_active"][3]
    even = theory.state_evolution(np.full_like(loads, 13), 250, 1, 4)["mse_x_active"][3]
    measured = [
        value
        for setting, cells in reference("rotations_headline.csv").items()
        for layer, metric, value in averaged(cells)
        if setting.n_active == 1 and layer == 4 and metric == "mse_x_active"
    ]
    assert right == pytest.approx(np.mean(measured), rel=0.25)
    assert even < 0.5 * right


def test_bad_input():
    loads = np.ones((5, 2), int)
    for wrong, message in (({"z": 5}, "`z`"), ({"L": 0}, "`L`"), ({"inhibition": "x"}, "`inh")):
        given: dict[str, Any] = {"z": 1, "L": 2, **wrong}
        with pytest.raises(ValueError, match=message):
            theory.state_evolution(loads, 10, **given)


# Outside the grid, and deeper; both z, as mechanisms differ in where they matter.
DEEP = {"network_width": 1100, "n_circuits": 640, "n_layers": 8, "n_active": (1, 3)}
TOLERANCE, ERRORS = 0.10, 5.0


@pytest.fixture(scope="module")
def deep():
    """Measured means with their relative errors, by (z, metric): (mean, error), layers 1..8."""
    networks = run_networks(Experiment.of(**DEEP, batch_size=200, n_networks=30))
    found = {}
    for z, each in networks.measurements.items():
        for metric in MSE:
            values = np.array([measured[metric] for measured in each])
            error = values.std(0, ddof=1) / np.maximum(values.mean(0), 1e-30) / len(each) ** 0.5
            found[z, metric] = values.mean(0), error
    return found


def beyond(deep):
    """How far log ratios are beyond the tolerance, in standard errors: the largest of all cells."""
    sets = allocation.prime_steps(275, 6, 640)
    excess = {}
    for z in (1, 3):
        form = theory.state_evolution(sets.loads[sets.sets], 275, z, 8)
        for metric in MSE:
            measured, error = deep[z, metric]
            kept = np.flatnonzero(measured > FLOOR)[1:]
            ours = np.maximum(form[metric][kept], 1e-30)
            gap = np.abs(np.log(ours / measured[kept])) - TOLERANCE
            error = np.hypot(error[kept], form.stderr[metric][kept] / ours)
            excess |= dict(zip([(z, metric, l + 1) for l in kept], gap / error, strict=True))
    at = max(excess, key=lambda cell: excess[cell])
    return at, excess[at]


def scaled(factor, part=None):
    """Return what multiplies the result of a function, or one part of it."""

    def wrap(right):
        def wrong(*arguments):
            result = right(*arguments)
            if part is None:
                return np.float32(factor) * result
            values = [np.float32(factor) * r if i == part else r for i, r in enumerate(result)]
            return result._make(values) if hasattr(result, "_make") else tuple(values)

        return wrong

    return wrap


def thinned(share):
    def wrap(right):
        def wrong(rng, *arguments):
            hit = right(rng, *arguments)
            return hit & (rng.random(hit.shape) < share)

        return wrong

    return wrap


# Left out is what changes less than tolerance and errors together in all cells: vectors 10 % off
# (at most 20 % in layer 7), the occupancy's variance 10 % off (5 %), the vector that a circuit has of
# its own (28 % if deleted, in layer 7), and the mean rotation, which moves single networks by a third
# and their mean by 11 %.
MUTANTS = {
    "feedback x 0": (_fields, "mean_of", scaled(0)),
    "feedback x 0.9": (_fields, "mean_of", scaled(0.9)),
    "feedback x 1.1": (_fields, "mean_of", scaled(1.1)),
    "no shared neurons": (_placement, "draw_sharing", thinned(0)),
    "met neurons x 0": (_fields, "counted_once", scaled(0)),
    "met neurons x 0.9": (_fields, "counted_once", scaled(0.9)),
    "met neurons x 1.1": (_fields, "counted_once", scaled(1.1)),
    "no erroneous indicators": (_fields, "erroneous", scaled(0, 0)),
    "erroneous indicators x 0.9": (_fields, "erroneous", scaled(0.9, 0)),
    "erroneous indicators x 1.1": (_fields, "erroneous", scaled(1.1, 0)),
    "no vectors of other circuits": (_fields, "erroneous", scaled(0, 1)),
    "no occupancy variance": (_population, "occupancy", scaled(0, 2)),
    "no occupancy offset": (_population, "occupancy", scaled(0, 1)),
    "occupancy slope x 0.9": (_population, "occupancy", scaled(0.9, 0)),
    "occupancy slope x 1.1": (_population, "occupancy", scaled(1.1, 0)),
}


@pytest.mark.slow
def test_deep_layers_outside_the_grid(deep):
    at, excess = beyond(deep)
    print(at, excess)
    assert excess < ERRORS


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mechanism_is_needed(mutant, deep, monkeypatch):
    """Without a mechanism, or with most of them 10 % off, the theory is refuted."""
    module, name, wrap = MUTANTS[mutant]
    monkeypatch.setattr(module, name, wrap(getattr(module, name)))
    at, excess = beyond(deep)
    print(mutant, at, excess)
    assert excess > ERRORS
