"""One answer to "what does theory say of this network", at every door and to the last digit.

Doors: settings, the built network, the JSON of `simulate`, the table that `figures` draws, `design`.
"""

import json
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import polars
import pytest
from jaxsuper import predict, run_experiment
from jaxsuper.analytics import _experiment, with_predictions
from jaxsuper.circuits import kinds, layout_of
from jaxsuper.network import construction_for, constructions, indicator_schemes, traits_of
from jaxsuper.simulation import (
    Configuration,
    Experiment,
    Measurement,
    metric_names,
    Networks,
    own_indicators_of,
    prepare,
    Recipe,
)
from jaxsuper.sweep import config_id
from jaxsuper.sweep._store import schema


FORMS = ("closed_form", "state_evolution")
T = 25


def settings_of(construction="clipped", circuit="rotation", indicator="recomputed", **changes):
    """Blocks of 30 neurons, or the smallest that a block construction of T circuits has."""
    blocks = construction == "block"
    settings: dict[str, Any] = {
        "network_width": (5 if blocks else 30) * layout_of(circuit).width,
        "n_circuits": T,
        "redundancy": 1 if blocks else 3,
        "n_active": 2,
        "n_layers": 2,
        "allocation": "transversal",
        "construction": construction,
        "circuit": circuit,
        "indicator": indicator,
        # Single precision rounds all of them.
        "lower_threshold": 0.3,
        "upper_threshold": 0.8,
        "gate_bias": 0.9,
    }
    return Configuration(**settings | changes)


def names_of(settings):
    return settings.construction, settings.circuit, settings.indicator


def is_possible(settings):
    """Whether there is a construction for these settings, made of these circuits."""
    try:
        built = construction_for(
            settings.construction, settings.indicator, own_indicators_of(settings)
        )
    except ValueError:
        return False
    return traits_of(built).needs.fits(layout_of(settings.circuit))


EVERY = [settings_of(*names) for names in product(constructions(), kinds(), indicator_schemes())]
CASES = {" ".join(names_of(settings)): settings for settings in EVERY if is_possible(settings)}
CARRIED = {"circuit": "rotation3", "indicator": "carried"}
CASES |= {
    "own indicators": settings_of(indicator_redundancy=2, indicator_share=0.6),
    "copies": settings_of(indicator_redundancy=2, indicator_copies=2, seed=3),
    "receiver": settings_of(inhibition="receiver", inhibition_factor=1.1),
    "random": settings_of(allocation="random", seed=3, network=1),
    "auto": settings_of(allocation="auto", seed=3),
    "leaking": settings_of(**CARRIED, gate_bias=0.1, network_width=48),
    "tight": settings_of(**CARRIED, gate_bias=3.1),
    "one in a block": settings_of("block", n_active=1),
}


@lru_cache
def network_of(settings):
    """The built network, which does not depend on z."""
    return prepare(settings)


def by_form(prediction):
    """(theory, metric) -> values by layer, as plain numbers."""
    forms = {name: getattr(prediction, name) for name in FORMS}
    return {
        (name, metric): values.tolist()
        for name, form in forms.items()
        if form is not None
        for metric, values in form.values.items()
    }


def by_rows(rows, columns):
    """The same from rows with a column for each theory."""
    said = {}
    for row in rows:
        for name, column in zip(FORMS, columns, strict=True):
            if row.get(column) is not None:
                said.setdefault((name, row["metric"]), {})[row["layer"]] = row[column]
    return {key: [layers[l] for l in sorted(layers)] for key, layers in said.items()}


def by_settings(settings):
    return by_form(predict(settings))


def by_network(settings):
    return by_form(predict(network_of(replace(settings, n_active=1)), settings.n_active))


def by_simulate(settings):
    alone = Experiment(settings, n_networks=1)  # random sets are those of one network
    result = run_experiment(alone, state_evolution=True).to_json()
    rows = json.loads(json.dumps(result, allow_nan=False))["rows"]
    return by_rows(rows, ("predicted", "state_evolution"))


def by_figures(settings):
    metrics, _ = metric_names(layout_of(settings.circuit))
    stored = vars(settings) | {"config_id": config_id(settings), "failure": None}
    layers = range(1, settings.n_layers + 1)
    rows = [stored | {"layer": layer, "metric": name} for layer, name in product(layers, metrics)]
    table = polars.DataFrame(rows, schema={name: schema()[name] for name in rows[0]})
    return by_rows(with_predictions(table).to_dicts(), FORMS)


def by_design(settings):
    """The error of active vectors in the last layer, which is all that `design` asks for."""
    from jaxsuper.design import Design, predict_error

    return predict_error(Design(Recipe.of(settings).construction, settings))


DOORS = {
    "settings": by_settings,
    "network": by_network,
    "simulate": by_simulate,
    "figures": by_figures,
    "design": by_design,
}


def check_doors(settings):
    """Fail unless all doors say the same; return what they say."""
    prediction = predict(settings)
    wanted, errors = by_form(prediction), prediction.get("mse_x_active")
    for name, door in DOORS.items():
        if name == "design":
            assert door(settings) == (None if errors is None else errors[-1]), name
        else:
            assert door(settings) == wanted, name
    return wanted


@pytest.fixture
def no_simulation(monkeypatch):
    """Let `run_experiment` measure nothing: its rows hold every metric, and predictions only."""

    def measured(experiment, progress=None):
        sizes = experiment.configuration
        names, worst_names = metric_names(layout_of(sizes.circuit))
        mean, worst = (np.zeros((sizes.n_layers, len(n))) for n in (names, worst_names))
        nothing = Measurement(names, mean, mean, worst_names, worst, sizes.batch_size)
        return Networks({z: [nothing] for z in experiment.n_active}, {}, {})

    monkeypatch.setattr(_experiment, "run_networks", measured)


@pytest.mark.parametrize("case", CASES)
def test_every_door_says_the_same(case, no_simulation):
    check_doors(CASES[case])
    # Nobody is inactive: nothing is said of that, and there is no state evolution.
    said = check_doors(replace(CASES[case], n_active=T))
    assert not any("inactive" in metric for _, metric in said)
    assert {name for name, _ in said} <= {"closed_form"}


def test_the_walk_meets_all_that_can_be_said():
    """Every construction, both theories, predictions that end and circuits without any."""
    assert {names_of(settings)[0] for settings in CASES.values()} == set(constructions())
    assert {names_of(settings)[1] for settings in CASES.values()} == set(kinds())
    said = {case: by_settings(settings) for case, settings in CASES.items()}
    assert ("state_evolution", "mse_x_active") in said["clipped rotation recomputed"]
    assert ("closed_form", "mse_x_active") in said["oracle rotation recomputed"]
    assert said["plain rotation recomputed"] == said["block rotation recomputed"] == {}
    # Where closed gates leak the payload's errors are left out, at every door.
    leaking = {metric for _, metric in said["leaking"]}
    assert {metric for _, metric in said["tight"]} - leaking == {"mse_x_active", "mse_x_inactive"}
    assert leaking == {"mse_on_active", "mse_on_inactive"}


def test_random_sets_are_those_of_the_seed_and_the_network():
    settings = CASES["random"]
    others = replace(settings, seed=4), replace(settings, network=0)
    said = [by_settings(each) for each in (settings, *others)]
    assert len({str(each) for each in said}) == 3
    both = predict(Experiment(replace(settings, network=0), n_networks=2))
    metric = ("closed_form", "mse_x_active")
    np.testing.assert_array_equal(
        by_form(both)[metric], np.mean([said[2][metric], said[0][metric]], axis=0)
    )


def test_a_given_network_is_asked_for():
    """The average over networks is the answer at every door; one network's own, by its angles."""
    import equinox as eqx

    settings = CASES["clipped rotation recomputed"]
    net = network_of(replace(settings, n_active=1))
    average = predict(net, 2).state_evolution
    assert average is not None and (average.network_sd["mse_x_inactive"] >= 0).all()
    angles: Any = lambda tree: tree.circuits.angles
    turned = eqx.tree_at(angles, net, 0 * angles(net) + 1.0)
    assert by_form(predict(turned, 2)) == by_form(predict(net, 2))
    own, other = (predict(each, 2, given=True).state_evolution for each in (net, turned))
    assert own is not None and other is not None
    assert own.values["mse_x_active"].tolist() != other.values["mse_x_active"].tolist()
    assert own.network_sd["mse_x_active"].max() == 0 < own.stderr["mse_x_active"].max()
    for subject in (settings, Experiment(settings)):
        with pytest.raises(ValueError, match="`given` must be False"):
            predict(subject, 2, given=True)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_that_is_off_by_the_last_digit_is_noticed(door, no_simulation, monkeypatch):
    def nudged(value):
        if isinstance(value, dict):
            return {key: nudged(each) for key, each in value.items()}
        return (
            [nudged(each) for each in value] if isinstance(value, list) else np.nextafter(value, 9)
        )

    right = DOORS[door]
    monkeypatch.setitem(DOORS, door, lambda settings: nudged(right(settings)))
    with pytest.raises(AssertionError, match=door):
        check_doors(CASES["clipped rotation recomputed"])


@pytest.mark.parametrize("settings", [s for s in EVERY if not is_possible(s)], ids=names_of)
def test_contradictions_are_the_same_error_at_every_door(settings):
    """One line that names both settings, before anything is built."""
    messages = set()
    for door in (by_settings, by_simulate, by_design, network_of):
        with pytest.raises(ValueError) as raised:
            door(settings)
        messages.add(str(raised.value))
    (message,) = messages
    assert "\n" not in message
    if "`indicator`" in message:
        assert settings.construction in message and settings.indicator in message
    else:
        assert "`circuits`" in message and settings.circuit in message


def test_simulated_rows_have_them_too():
    """The instrument runs, with room for all z in one program; z = T included."""
    settings = CASES["clipped rotation recomputed"]
    experiment = Experiment(replace(settings, batch_size=8), n_active=(2, T))
    result = run_experiment(experiment, state_evolution=True)
    for z in experiment.n_active:
        rows = [row for row in result.to_json()["rows"] if row["n_active"] == z]
        said = by_rows(rows, ("predicted", "state_evolution"))
        assert said == by_settings(replace(settings, n_active=z))
        assert all(row["value"] is not None for row in rows if "inactive" not in row["metric"])


def test_the_published_form_stands_beside_the_corrected_one():
    """Where it was stated: rotations, b = 1. Nothing relies on it, and averages keep it."""
    settings = Configuration(1000, 557, 6, 3, n_layers=3)
    said = predict(settings, state_evolution=False)
    assert said.published is not None and said.closed_form is not None
    assert said.published.theory == "as published"
    rho = 4 / 1000 - 1 / (6 * 557)
    assert said.published.values["mse_on_inactive"] == pytest.approx(np.full(3, 3 * rho))
    assert said.published.values["mse_x_active"][2] == pytest.approx(
        2 * 557 * rho**2 * 19 + 27 * rho * 2
    )
    assert said["mse_on_inactive"][1] > 4 * 3 * rho  # what is relied on is the corrected one
    assert said.forms == (said.closed_form,)
    assert predict(replace(settings, construction="oracle")).published is not None
    random = Experiment(replace(settings, allocation="random"), n_networks=2)
    several = predict(random, state_evolution=False).published
    assert several is not None
    for name, values in several.values.items():
        assert values == pytest.approx(said.published.values[name])
    others: list[dict[str, Any]] = [
        {"gate_bias": 0.9},
        {"construction": "cleaned"},
        {"construction": "split"},
        {"circuit": "step"},
        {"indicator_redundancy": 3, "indicator_share": 0.5},
    ]
    for changes in others:
        assert predict(replace(settings, **changes), state_evolution=False).published is None
    everything = predict(replace(settings, n_circuits=3), state_evolution=False).published
    assert everything is not None and "mse_x_active" in everything.values
    assert not any("inactive" in name for name in everything.values)
