"""Designs for circuits that feed each other: which kinds there are, what refuses, what is tuned."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import design
from jaxsuper.design import Effort, Problem
from jaxsuper.simulation import prepare, samples_key, simulate


PROBLEM = Problem(240, 60, 1, 4, "relay")
COMPUTED = {"published", "clipped", "cleaned", "separate"}
QUICK = Effort(
    structures=1,
    samples=32,
    search_networks=2,
    finalists=1,
    tuned=1,
    networks=2,
    held_out_samples=32,
)


@pytest.mark.parametrize(
    "edges, known",
    [("relay", COMPUTED), ("merge", COMPUTED), ("branch", COMPUTED)],
)
def test_kinds_that_compute_which_circuits_are_on(edges, known):
    """No other has candidates; without edges every kind has."""
    problem = replace(PROBLEM, edges=edges)
    found = {kind: design.candidates(problem, kind) for kind in design.kinds()}
    assert {kind for kind, designs in found.items() if designs} == known
    assert {each.configuration.edges for designs in found.values() for each in designs} == {edges}
    plain = replace(PROBLEM, edges="identity")
    assert all(design.candidates(plain, kind) for kind in design.kinds())


@pytest.mark.parametrize(
    "ask, why",
    [
        (lambda p: design.search(p, only=("carried",)), "copies the indicators.*got relay; use"),
        (lambda p: design.check_frontier(p, 0.3, "private"), "keeps the gates as the input"),
        (lambda p: design.check_frontier(p, 0.3, "best"), "copies the indicators"),
        (lambda p: design.search(replace(p, edges="really")), "`edges` must be one of identity"),
        (lambda p: design.search(replace(p, n_layers=1)), "`n_layers` must be at least 2 with"),
        (
            lambda p: design.search(replace(p, edges="branch", n_active=21)),
            "`n_active` must be at most 20, the groups",
        ),
    ],
)
def test_refused_in_one_line(ask, why):
    with pytest.raises(ValueError, match=why) as refused:
        ask(PROBLEM)
    assert "\n" not in str(refused.value)


def test_a_frontier_knows_how_few_circuits_make_sense():
    """A group of circuits for each that is to start: with edges there are more in a group."""
    held = design.check_frontier(replace(PROBLEM, n_circuits=0), 0.3, "published")
    assert held == design.check_frontier(Problem(240, 0, 1, 4), 0.3, "published")
    rule = "`max_circuits` must be at least 10"
    with pytest.raises(ValueError, match=rule):
        design.check_frontier(replace(PROBLEM, n_active=2), 0.3, "published", max_circuits=9)


@pytest.mark.slow
@pytest.mark.parametrize("edges", ["branch", "merge"])
def test_the_loss_is_of_circuits_that_are_on(edges):
    """What a descent lowers is what is measured, averaged over layers; it has a slope."""
    first = design.candidates(replace(PROBLEM, edges=edges, n_active=2), "clipped")[1]
    network, key = prepare(first.configuration), samples_key(first.configuration)
    at = design.coordinates_of(
        {name: getattr(first.configuration, name) for name in design.tunable(first)}
    )
    loss, slope = design.loss_and_gradient(at, network, 2, 64, key)
    measured = simulate(network, 2, 64, key=key, chunk=64)
    assert np.isclose(loss, measured["mse_x_active"].mean(), rtol=1e-4)
    steep = [abs(float(leaf)) for leaf in jax.tree.leaves(slope)]
    assert np.isfinite(steep).all() and max(steep) > 1e-3 * float(loss)
    moved = {**at, "gate_bias": jnp.asarray(at["gate_bias"]) + 0.01}
    rise = design.design_loss(moved, network, 2, 64, key) - loss
    assert np.isclose(rise / 0.01, slope["gate_bias"], rtol=0.2, atol=1e-3 * float(loss))


@pytest.mark.slow
def test_a_search_with_edges():
    """Through prediction, measurement, descent and fresh networks; others are named absent."""
    result = design.search(replace(PROBLEM, n_circuits=40), effort=QUICK)
    assert {ranked.design.kind for ranked in result.ranking} <= COMPUTED
    assert set(result.absent) == set(design.kinds()) - COMPUTED
    assert result.confirmed is not None and np.isfinite(result.confirmed.mse)
    first = result.ranking[0].design.configuration
    assert first.edges == "relay"
