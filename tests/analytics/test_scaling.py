"""Scaling laws: fits and crossings on data with known answers, and a small law through a store."""

import numpy as np
import pytest
from jaxsuper import cli
from jaxsuper.analytics.scaling import (
    critical_law,
    find_crossing,
    fit_power,
    scaling_design,
)


def test_a_power_law_with_a_logarithm_is_told_its_logarithm():
    n = np.array([100.0, 300, 1000, 3000])
    values = 0.5 * n**2 / np.log(n) ** 2
    draws = values * np.exp(0.01 * np.random.default_rng(0).standard_normal((500, 4)))
    right = fit_power(n.tolist(), values.tolist(), draws, 2.0)
    assert (right.exponent, right.prefactor) == (pytest.approx(2), pytest.approx(0.5))
    assert right.low < 2 < right.high
    wrong = fit_power(n.tolist(), values.tolist(), draws)
    assert wrong.high < 1.9
    assert wrong.residual > 10 * right.residual


@pytest.mark.parametrize("networks", [4, 8])
def test_intervals_cover(networks):
    """Few networks make plain bootstrap intervals too short: 4 of them cover 80 %."""
    rng, covered = np.random.default_rng(1), 0
    counts = (400, 450, 550, 620)
    for seed in range(120):
        measured = {
            T: (T / 500) ** 4 * np.exp(0.1 * rng.standard_normal((networks, 1)) - 0.005)
            for T in counts
        }
        found = find_crossing(measured, lambda means: means[..., 0], seed)
        covered += found.low <= 500 <= found.high
    assert 107 <= covered <= 120  # 114 expected


def test_a_crossing_is_found_between_networks_that_scatter():
    rng = np.random.default_rng(0)
    measured = {
        T: (T / 500) ** 4 * np.exp(0.2 * rng.standard_normal((40, 1)) - 0.02)
        for T in (300, 400, 600, 800)
    }
    found = find_crossing(measured, lambda means: means[..., 0])
    assert found.low < 500 < found.high
    assert found.at == pytest.approx(500, rel=0.03)
    assert found.side == 0


def test_what_bends_upwards_is_not_passed_too_early():
    """As growth does before a seizure; chords between the same points pass 1.3 % too early."""
    level = lambda T: np.exp(6 * np.log(T / 500)) - 1
    counts = (400, 450, 505 / 1.07, 505 * 1.05, 600)
    measured = {round(T): np.full((3, 1), np.exp(level(round(T)))) for T in counts}
    found = find_crossing(measured, lambda means: means[..., 0])
    x, y = np.log(sorted(measured)), [level(T) for T in sorted(measured)]
    chord = np.exp(np.interp(0, y, x))
    assert abs(found.at / 500 - 1) < 0.003 < abs(chord / 500 - 1)


@pytest.mark.parametrize(("counts", "side"), [((100, 200), 1), ((700, 900), -1)])
def test_what_is_not_bracketed_says_on_which_side_it_lies(counts, side):
    measured = {T: np.full((3, 1), T / 500) for T in counts}
    found = find_crossing(measured, lambda means: means[..., 0])
    assert found.side == side
    assert np.isnan(found.at)


def test_designs_have_their_links_and_redundancy():
    assert [scaling_design(f"{word}-links").links_to_fire for word in ("two", "three", "four")] == [
        "2",
        "3",
        "4",
    ]
    growing = scaling_design("logarithmic")
    assert [growing.redundancy(n) for n in (125, 250, 500, 4000)] == [4, 5, 6, 9]
    assert growing.links_to_fire == ""
    with pytest.raises(ValueError, match=r"design.*three-links"):
        scaling_design("three-link")


@pytest.mark.slow
def test_a_small_law_is_measured_resumed_and_close_to_theory(tmp_path):
    settings = {"networks": 4, "samples": 64, "n_layers": 4}
    designs = [scaling_design("two-links")]
    law = critical_law(designs, (400, 800), tmp_path / "store", **settings)
    for point in law.points:
        assert point.measured.low < point.measured.at < point.measured.high
        assert point.theory == pytest.approx(point.measured.at, rel=0.12)
        assert point.bare < 0.7 * point.measured.at  # the bare rule is not the constant
    measured, theory = law.fits["two-links"]
    assert measured.exponent == pytest.approx(theory.exponent, abs=0.15)
    calls = []
    again = critical_law(designs, (400, 800), tmp_path / "store", progress=calls.append, **settings)
    assert not calls
    assert [p.measured.at for p in again.points] == [p.measured.at for p in law.points]


@pytest.mark.parametrize("width", ["2000000000", "402", "4"])
@pytest.mark.parametrize("law", ["critical", "transition", "optimum"])
def test_widths_are_refused_in_a_line_before_anything_is_made(tmp_path, capsys, law, width):
    out = tmp_path / "store"
    assert cli.main(["scaling", law, "--network-width", width, "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and len(said) < 400
    assert not out.exists()
