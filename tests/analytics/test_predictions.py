"""The best prediction of each design, beside its measurement, and what lies outside theory."""

from typing import Any

import numpy as np
import pytest
from jaxsuper import analytics, Experiment, run_experiment, theory


OWN: dict[str, Any] = {
    "network_width": 600,
    "n_circuits": 200,
    "n_layers": 4,
    "batch_size": 200,
    "n_networks": 4,
    "allocation": "transversal",
    "indicator_share": 0.5,
    "indicator_redundancy": 6,
}


@pytest.mark.parametrize(
    "change, n_active",
    [
        ({"redundancy": 6}, 1),
        ({"redundancy": 3, "lower_threshold": 0.4, "upper_threshold": 0.8, "gate_bias": 0.5}, 2),
        ({"redundancy": 4, "indicator_redundancy": 3, "indicator_copies": 2}, 1),
    ],
    ids=["collapse", "thresholds", "copies"],
)
def test_own_indicators_follow_two_populations(change, n_active):
    """Within a factor 1.5 in layers 2 to 4; nothing is fitted."""
    experiment = Experiment(**{**OWN, **change, "n_active": (n_active,)})
    measured = run_experiment(experiment).measurements[n_active]
    name, forms = analytics.predict_experiment(experiment, n_active)
    assert name == "state evolution"
    for metric in ("mse_on_inactive", "mse_x_active", "mse_x_inactive"):
        ratio = measured[metric][1:] / forms[metric][1:]
        assert (ratio < 1.5).all() and (ratio > 1 / 1.5).all(), (metric, ratio)
    if experiment.indicator_copies == 1 and n_active == 1:
        # With loads of one the indicators would not collapse.
        loads = np.ones((200, 6), int)
        calm = theory.separate_evolution(loads, 1200, loads, 1200, n_active, 4)["mse_x_active"]
        assert calm[-1] < 0.1 * measured["mse_x_active"][-1]


def test_equal_parts_are_one_population():
    """The indicators are the clipped ones: same thresholds, same loads, same errors."""
    loads = np.full((300, 6), 12)
    one = theory.state_evolution(loads, 150, 1, 4)
    two = theory.separate_evolution(loads, 150, loads, 150, 1, 4)
    np.testing.assert_allclose(two["mse_on_inactive"], one["mse_on_inactive"], rtol=0.15)
    # Offsets of payload and indicator no longer cancel: 3 e + 2 e in place of e.
    assert two["mse_x_inactive"][0] > 3 * one["mse_x_inactive"][0]


def test_what_is_predicted_by_what():
    sizes: dict[str, Any] = {"network_width": 240, "n_circuits": 60, "redundancy": 3, "n_layers": 2}
    kinds: list[tuple[dict[str, Any], str | None]] = [
        ({}, "state evolution"),
        ({"indicator_redundancy": 4}, "state evolution"),
        ({"indicator": "carried", "circuit": "rotation3"}, "closed form"),
        ({"indicator": "early-guess", "circuit": "rotation3"}, "closed form"),
        ({"construction": "plain"}, None),
        ({"circuit": "step"}, None),
    ]
    for settings, wanted in kinds:
        name, forms = analytics.predict_experiment(Experiment(**sizes, **settings), 2)
        assert name == wanted and bool(forms) == (wanted is not None)


def test_clipped_evolution_is_not_shown_for_own_indicators():
    """It would describe another network."""
    experiment = Experiment(**{**OWN, "batch_size": 8, "n_networks": 1, "n_layers": 2})
    result = analytics.with_evolution(run_experiment(experiment))
    rows = [row for row in result.rows if row["metric"] == "mse_x_active"]
    own = analytics.predict_experiment(experiment, 1)[1]["mse_x_active"]
    assert [row.get("state_evolution") for row in rows] == pytest.approx(list(own))


def test_bad_loads():
    loads = np.ones((5, 2), int)
    for wrong, message in (
        ({"z": 5}, "`z`"),
        ({"L": 0}, "`L`"),
        ({"inhibition": "x"}, "`inhibition`"),
        ({"payload_loads": np.ones((6, 2), int)}, "`payload_loads`"),
    ):
        given: dict[str, Any] = {"payload_loads": loads, "z": 1, "L": 2, **wrong}
        with pytest.raises(ValueError, match=message):
            theory.separate_evolution(loads, 10, n_x=10, **given)
