"""The descent on thresholds and gate bias: its gradient, its coordinates, what it gains."""

import jax.numpy as jnp
import pytest
from jaxsuper._journal import Journal
from jaxsuper.design import (
    candidates,
    coordinates_of,
    descend,
    loss_and_gradient,
    measure_design,
    parameters_at,
    Problem,
    with_seed,
)
from jaxsuper.design._problem import with_settings
from jaxsuper.simulation import PARAMETERS, parameters_of, prepare


N_ACTIVE, SAMPLES = 2, 64
PROBLEM = Problem(network_width=240, n_circuits=60, n_active=N_ACTIVE, n_layers=3)


@pytest.fixture(scope="module")
def clipped():
    """One structure for all tests: its gradient is compiled once."""
    return candidates(PROBLEM, "clipped")[1]


def test_gradient_equals_finite_differences(clipped, getkey):
    """In float32 and through ReLUs: central differences, of a step that noise does not drown."""
    settings = with_settings(clipped, lower_threshold=0.25).configuration
    network, place, key = prepare(settings), coordinates_of(parameters_of(settings)), getkey()

    def at(shift):
        return loss_and_gradient({**place, **shift}, network, N_ACTIVE, SAMPLES, key)[0]

    slope = loss_and_gradient(place, network, N_ACTIVE, SAMPLES, key)[1]
    assert float(jnp.abs(slope["gate_bias"])) > 1e-3
    for name in PARAMETERS:
        step = 0.01
        ahead, behind = (at({name: place[name] + s}) for s in (step, -step))
        measured = float(ahead - behind) / (2 * step)
        assert float(slope[name]) == pytest.approx(measured, rel=0.05, abs=2e-4), name


def test_coordinates_are_inverse():
    values: dict[str, float] = dict(zip(PARAMETERS, (0.25, 0.75, 0.5, 1.3), strict=True))
    back = parameters_at(coordinates_of(values))
    for name, value in values.items():
        assert float(back[name]) == pytest.approx(value, rel=1e-5)
    far = parameters_at({name: jnp.asarray(9.0) for name in values})
    assert 0 < far["lower_threshold"] < far["upper_threshold"] <= 1


@pytest.mark.slow
def test_descent_helps_on_other_networks(clipped):
    start = with_settings(clipped, gate_bias=3.0, lower_threshold=0.3)
    descent = descend(start, 2, SAMPLES, steps=15, rate=0.2)
    assert not descent.flat and descent.end < descent.start
    before, after = (
        measure_design(design, 3, 128, SAMPLES, first=2) for design in (start, descent.design)
    )
    assert after.mse < before.mse


@pytest.mark.slow
def test_a_descent_that_was_cut_off_goes_on(clipped, tmp_path):
    """From the gradients that a journal has: bit for bit where it would have gone."""
    start = with_settings(clipped, gate_bias=3.0)
    undisturbed, journal = descend(start, 2, SAMPLES, steps=5), tmp_path / "journal"
    counts = iter(range(100))
    with Journal(journal, "json", "here") as kept:
        cut = descend(start, 2, SAMPLES, steps=5, once=kept.once, stop=lambda: next(counts) >= 3)
        assert cut.steps == 3 == len(kept)
    with Journal(journal, "json", "here") as kept:
        assert descend(start, 2, SAMPLES, steps=5, once=kept.once) == undisturbed
        assert len(kept) == 5


def test_what_cannot_be_tuned_is_refused():
    for kind in ("published", "private"):
        with pytest.raises(ValueError, match="`design`"):
            descend(with_seed(candidates(PROBLEM, kind)[0], 1), 1, 8)
