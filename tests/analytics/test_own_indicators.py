"""State evolution of indicators with neurons of their own, and which theory speaks of what."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jaxsuper import predict, theory
from jaxsuper.simulation import Configuration, Experiment


OWN: dict[str, Any] = {
    "network_width": 600,
    "n_circuits": 200,
    "n_layers": 4,
    "allocation": "transversal",
    "indicator_share": 0.5,
    "indicator_redundancy": 6,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "change, n_active",
    [
        ({"redundancy": 6}, 1),
        ({"redundancy": 3, "lower_threshold": 0.4, "upper_threshold": 0.8, "gate_bias": 0.5}, 2),
        pytest.param(
            {"redundancy": 4, "indicator_redundancy": 3, "indicator_copies": 2},
            1,
            marks=pytest.mark.slow,
        ),
    ],
    ids=["collapse", "thresholds", "copies"],
)
def test_own_indicators_follow_two_populations(change, n_active, measure):
    """Within a factor 1.5 in layers 2 to 4; nothing is fitted."""
    settings = {**OWN, **change, "n_active": (n_active,), "n_networks": 4, "batch_size": 200}
    measured = measure(**settings)[n_active]
    form = predict(Experiment.of(**settings)).state_evolution
    assert form is not None
    for metric in ("mse_on_inactive", "mse_x_active", "mse_x_inactive"):
        ratio = measured[metric][1:] / form.values[metric][1:]
        assert (ratio < 1.5).all() and (ratio > 1 / 1.5).all(), (metric, ratio)
    if settings["redundancy"] == 6:
        # With loads of one the indicators would not collapse.
        loads = np.ones((200, 6), int)
        calm = theory.separate_evolution(loads, 1200, loads, 1200, n_active, 4)["mse_x_active"]
        assert calm[-1] < 0.1 * measured["mse_x_active"][-1]


def test_equal_parts_are_one_population():
    """The indicators are the clipped ones: same thresholds, same loads, same errors."""
    loads = np.full((300, 6), 12)
    clipped = theory.state_evolution(loads, 150, 1, 4)
    separate = theory.separate_evolution(loads, 150, loads, 150, 1, 4)
    metric = "mse_on_inactive"
    np.testing.assert_allclose(separate[metric], clipped[metric], rtol=0.15)
    # Offsets of payload and indicator no longer cancel: 3 e + 2 e in place of e.
    assert separate["mse_x_inactive"][0] > 3 * clipped["mse_x_inactive"][0]


@pytest.mark.parametrize(
    "settings, closed, evolved",
    [
        ({}, True, True),
        ({"circuit": "rotation3"}, True, False),
        ({"circuit": "step"}, True, False),
        ({"construction": "oracle"}, True, False),
        ({"construction": "cleaned"}, True, False),
        ({"indicator_redundancy": 4}, False, True),
        ({"indicator": "carried", "circuit": "rotation3"}, True, False),
        ({"indicator": "early-guess", "circuit": "rotation3"}, True, False),
        ({"construction": "plain"}, False, False),
        ({"construction": "split"}, False, False),
    ],
    ids=str,
)
def test_which_theory_speaks_of_what(settings, closed, evolved):
    sizes: dict[str, Any] = {"network_width": 240, "n_circuits": 60, "redundancy": 3, "n_layers": 2}
    prediction = predict(Configuration(**sizes, **settings), 2)
    assert (prediction.closed_form is not None) == closed
    assert (prediction.state_evolution is not None) == evolved
    # The most complete theory comes first.
    assert [form.theory for form in prediction.forms] == ["state evolution"] * evolved + [
        "closed form"
    ] * closed
    with pytest.raises(ValueError, match="`metric` must be one of"):
        prediction["mse_y"]


def test_own_indicators_are_another_network():
    """Their state evolution is not that of the clipped construction with the same settings."""
    shared = {name: value for name, value in OWN.items() if not name.startswith("indicator")}
    own, clipped = (
        predict(replace(Configuration(**settings), n_layers=2))["mse_x_active"]
        for settings in (OWN, shared)
    )
    assert abs(np.log(own[-1] / clipped[-1])) > np.log(1.5)


def test_bad_loads():
    loads = np.ones((5, 2), int)
    for wrong, message in (
        ({"z": 5}, "`z`"),
        ({"L": 0}, "`L`"),
        ({"inhibition": "x"}, "`inhibition`"),
        ({"payload_loads": np.ones((6, 2), int)}, "`payload_loads`"),
    ):
        arguments: dict[str, Any] = {"payload_loads": loads, "z": 1, "L": 2, **wrong}
        with pytest.raises(ValueError, match=message):
            theory.separate_evolution(loads, 10, n_x=10, **arguments)
