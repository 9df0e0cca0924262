"""How many circuits fit: limits by noise and by allocation, and how designs are chosen for it."""

from dataclasses import replace

import numpy as np
import pytest
from jaxsuper.design import (
    _frontier,
    candidates,
    check_frontier,
    choose_design,
    DesignError,
    frontier,
    frontier_kinds,
    most_circuits,
    predict_error,
    Problem,
    Rules,
)


NARROW = Problem(network_width=24, n_circuits=0, n_active=1, n_layers=2)
WIDE = Problem(network_width=400, n_circuits=0, n_active=2, n_layers=5)


def test_the_names():
    assert frontier_kinds() == ("published", "clipped", "carried", "private", "block", "best")


def test_capacity_is_limited_by_the_allocation():
    """Private links with one active circuit make no error: the sets run out, not the noise."""
    held = most_circuits(NARROW, "private", 10_000)
    assert candidates(replace(NARROW, n_circuits=held), "private")
    assert not candidates(replace(NARROW, n_circuits=held + 1), "private")
    result = frontier(NARROW, 0.1, "private", rules=Rules(tolerance=0.5), samples=32)
    assert result.limited_by == "allocation" and result.crossing.low == result.held == held
    assert result.assumes == "known set" and result.note == ""
    assert check_frontier(NARROW, 0.1, "private", max_circuits=5) == 5


@pytest.mark.slow
def test_capacity_is_limited_by_noise(monkeypatch):
    """With errors that are made up, and cross the target at T = 150, for a kind that holds more."""

    def made_up(design, n_networks, samples, chunk, first=0, frame=None):
        del n_networks, samples, chunk, frame
        rng = np.random.default_rng([design.configuration.n_circuits, first])
        mse = 0.1 * design.configuration.n_circuits / 150 * (1 + 0.05 * rng.standard_normal())
        return DesignError(mse, 0.0, 1.0, (mse,), (mse,))

    monkeypatch.setattr(_frontier, "measure_design", made_up)
    for kind in ("private", "clipped"):
        result = frontier(WIDE, 0.1, kind)
        low, high = result.crossing.low, result.crossing.high
        assert low is not None and high is not None
        assert low < 150 < high < 1.2 * low and result.limited_by == "noise"
        assert {point.at for point in result.crossing.evaluated} == set(result.chosen)
    stopped = frontier(WIDE, 0.1, "clipped", stop=lambda: True)
    assert stopped.crossing.evaluated == [] and stopped.limited_by == "undecided"


def test_thresholds_that_are_the_same_for_every_size_are_named():
    """What is printed of the kind names every setting that its designs have."""
    stopped = frontier(WIDE, 0.1, "clipped", stop=lambda: True)
    assert stopped.assumes == "nothing"
    for count in (20, 150):
        design = choose_design(replace(WIDE, n_circuits=count), "clipped")
        assert design is not None
        settings = design.configuration
        low, high = settings.lower_threshold, settings.upper_threshold
        for words in (
            f"S = {settings.redundancy}",
            f"lo/hi = {low}/{high}",
            f"b = {settings.gate_bias}",
        ):
            assert words in stopped.note
    assert frontier(WIDE, 0.1, "published", stop=lambda: True).note == ""


@pytest.mark.parametrize("n_active, among", [(1, "block"), (3, "carried")])
def test_the_best_has_the_lowest_prediction(n_active, among):
    """Also where closed gates leak at first, so that no theory covers the candidates as they are."""
    problem = Problem(120, 40, n_active, 3)
    assert candidates(problem, among)
    best = choose_design(problem, "best")
    assert best is not None
    lowest = predict_error(best)
    assert lowest is not None
    for kind in ("carried", "private", "block"):
        design = choose_design(problem, kind)
        error = None if design is None else predict_error(design)
        assert error is None or lowest <= error


def test_without_any_theory_there_still_is_a_design():
    """Not even b = 2 closes the gates of so many circuits."""
    crowded = Problem(240, 330, 3, 2)
    design = choose_design(crowded, "carried")
    assert design is not None and predict_error(design) is None
