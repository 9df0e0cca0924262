"""State evolution of programs: laws that hold whatever the numbers are."""

from typing import Any

import numpy as np
import pytest
from jaxsuper import allocation, theory
from jaxsuper.theory.evolution import Ends, Passage, program_evolution


SETS = allocation.allocate(125, 4, 100, "transversal").sets
LOADS = np.bincount(SETS.ravel(), minlength=125)[SETS]
CHI = theory.received_by(LOADS).chi
EVERY = Ends(1.0, 1, 1.0, 1)


def passage(opening, shares=None, ends=EVERY, **more):
    opening = np.array(opening, bool)
    shares = opening.astype(float) if shares is None else np.array(shares)
    numbers: dict[str, Any] = {"off_openers": 0, "off_own": 0, "openers": ends, "own": ends}
    numbers |= {"n_edges": 100, "chi": CHI, **more}
    return Passage(opening, shares, **numbers)


def test_without_overlap_nothing_is_wrong():
    """A circuit on neurons of its own hands on exactly, through merges and copies too."""
    apart = np.ones((30, 4), int)
    own = Ends(1.0, 1, 1.0, 1, 0.5)
    halves = passage([[1, 0]], [[0.5, 0.5]], own=own, chi=0.0)
    copies = passage([[1], [1]], chi=0.0)
    found = program_evolution(apart, 120, 2, [halves, copies, halves])
    assert all(np.allclose(values, 0, atol=1e-9) for values in found.values())


def test_a_relay_is_what_succeeds_itself_but_for_returns():
    relay = program_evolution(LOADS, 125, 2, [passage(np.eye(2))] * 2)
    same = theory.state_evolution(LOADS, 125, 2, 3)
    for name, values in same.items():
        error = 5 * np.hypot(relay.stderr[name], same.stderr[name])
        assert np.all(np.abs(relay[name] - values) <= error + 0.03 * values)


def test_more_on_disturb_more_and_fewer_less():
    copies = program_evolution(LOADS, 125, 1, [passage([[1], [1]]), passage(np.eye(2))])
    one = program_evolution(LOADS, 125, 1, [passage([[1]])] * 2)
    assert np.all(copies["mse_on_inactive"][1:] > 1.6 * one["mse_on_inactive"][1:])
    # Sources that are off bring their noise whole.
    fan = Ends(0.5, 2, 1.0, 1)
    noisy = program_evolution(LOADS, 125, 1, [passage([[1]], ends=fan, off_openers=1, off_own=1)])
    assert noisy["mse_x_active"][1] > 2 * one["mse_x_active"][1]


def test_circuits_that_two_open():
    with pytest.raises(ValueError, match="`passages` must open each circuit that is on"):
        program_evolution(LOADS, 125, 2, [passage([[1, 1]])])
