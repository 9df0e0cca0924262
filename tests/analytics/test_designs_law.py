"""T*(D) of all designs: searches and fits on planted data, theory's crossings, a small law in a store."""

import json
from dataclasses import replace

import numpy as np
import pytest
from jaxsuper import cli, Configuration, predict, theory
from jaxsuper.analytics import run_experiment
from jaxsuper.analytics.scaling import (
    compare_fits,
    contender,
    CONTENDERS,
    designs_law,
    error_exponents,
    expected,
    fit_exponents,
)
from jaxsuper.analytics.scaling._contenders import _crossing
from jaxsuper.analytics.scaling._search import Search
from jaxsuper.commands import _every_design as command
from jaxsuper.simulation import Experiment
from jaxsuper.theory.seizure import critical_circuits


N = [200.0, 400, 800, 1600, 3200, 6400]
SIZES = {"n_active": 1, "n_layers": 5}


def noisy(values, share):
    noise = np.random.default_rng(0).standard_normal((500, len(values)))
    return np.asarray(values) * np.exp(share * noise)


@pytest.mark.parametrize(
    ("values", "noise", "low", "high"),
    [
        (lambda n: 0.5 * n**2 / np.log(n) ** 2, 0.005, 0.975, 1.0),
        (lambda n: 0.1 * n**1.71, 0.005, 0.0, 0.025),
        # As a plain fit the first is the second: at errors of a tenth nobody can tell.
        (lambda n: 0.5 * n**2 / np.log(n) ** 2, 0.1, 0.05, 0.95),
    ],
)
def test_a_logarithm_is_told_from_a_smaller_exponent_where_errors_allow(values, noise, low, high):
    y = values(np.array(N))
    found = compare_fits(N, y.tolist(), noisy(y, noise), 2)
    assert low <= found.favours <= high
    # What they differ by is the same for all values: what two logarithms look like here.
    assert found.logged.exponent - found.plain.exponent == pytest.approx(found.looks_like)
    assert found.looks_like == pytest.approx(0.29, abs=0.01)


def test_two_sizes_have_no_curvature_to_judge_by():
    found = compare_fits(N[:2], [1.0, 4.0], np.array([[1.0, 4.0]]), 2)
    assert np.isnan(found.favours)
    assert found.plain.exponent == pytest.approx(2)


def searched(column=0, narrow=1.1, most=10**6):
    """A search whose networks all have errors (T/500)^4, and (T/300)^2 as another metric."""
    one = Search(
        lambda count, index: Configuration(), (), lambda m: m[..., column], 3, most, narrow
    )
    one.try_at([100, 120])
    for _ in range(12):
        one.measured = {T: np.array([[(T / 500) ** 4, (T / 300) ** 2]] * 3) for T in one.counts}
        if not one.extend():
            break
    return one


def test_a_search_goes_to_the_crossing_and_closes_in():
    one = searched()
    assert one.crossing.at == pytest.approx(500, rel=1e-3)
    near = [count for count in one.counts if 450 < count < 550]
    assert near, "nothing was tried near the crossing"
    assert len(one.counts) < 14
    # Another metric passes elsewhere: what is searched is what was asked for.
    assert searched(column=1).crossing.at == pytest.approx(300, rel=1e-3)


def test_a_search_ends_where_the_sets_do():
    one = searched(most=400)
    assert max(one.counts) == 400
    assert one.crossing.side == 1


@pytest.mark.parametrize("start", [3, 100, 499, 500, 501, 900])
def test_theory_crosses_where_the_error_does_from_any_start(start):
    calls = []

    def error(count):
        calls.append(count)
        return (count / 500.3) ** 4 * 0.3

    assert _crossing(error, 0.3, 3, 900, start) == pytest.approx(500.3, rel=2e-3)
    assert _crossing(error, 1e-12, 3, 900, start) == 3
    assert _crossing(error, 9.0, 3, 900, start) == 900


def test_a_private_design_is_ended_by_its_sets_or_by_its_payload():
    one = contender("private")
    alone = expected(one, 800, 0.3, SIZES)
    assert (alone.n_circuits, alone.ends_by) == (one.design.held(800), "sets")
    two = expected(one, 800, 0.3, SIZES | {"n_active": 2})
    assert two.ends_by == "payload"
    error = theory.private_active_mse(5, round(two.n_circuits), 266, 2, 2)[-1]
    assert error == pytest.approx(0.3, rel=0.03)


@pytest.mark.slow
def test_clean_up_layers_step_where_their_gates_open():
    """Together with the gate of b = 1 the step from .63 starts at .76, where four links fire, not three."""
    one = contender("cleaned").design
    found = expected(contender("cleaned"), 3200, 0.3, SIZES)
    right, wrong = (
        critical_circuits(800, 4, 1, 5, lo, 0.89, loads_of=one.loads(3200), precision=0.01)
        for lo in (0.76, 0.63)
    )
    assert found.n_circuits == pytest.approx(right.n_circuits, rel=0.02)
    assert wrong.n_circuits < 0.95 * found.n_circuits


@pytest.mark.parametrize("name", ["carried", pytest.param("tuned", marks=pytest.mark.slow)])
def test_theory_meets_the_target_where_it_says(name):
    one = contender(name)
    found = expected(one, 800, 0.2, SIZES)
    at = one.design.at(800, round(found.n_circuits), **SIZES)
    form = predict(at).forms[0]
    assert form.theory == found.source
    assert form.values["mse_x_active"][-1] == pytest.approx(0.2, rel=0.1)


def test_all_designs_have_settings_at_all_widths():
    assert command.CONTENDERS == CONTENDERS
    growing = contender("log-redundancy").design
    assert [growing.redundancy(int(n)) for n in N] == [3, 4, 4, 4, 5, 5]
    for name in CONTENDERS:
        one = contender(name).design
        assert one.held(800) >= 200
        assert one.at(800, 300).network_width in (798, 800)
    with pytest.raises(ValueError, match=r"design.*private"):
        contender("privates")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--error-target 0", "`error_target` must be positive"),
        ("--error-target 1", "`error_target` must be below 1"),
        ("--error-target nan", "`error_target` must be"),
        ("--most-circuits 0", "`most_circuits` must be at least 1"),
        ("--design privates", "`design` must be one of published"),
        ("--network-width 402", "`network_width` must be a multiple of 4"),
        ("--network-width 2000000000", "memory"),
        ("--networks 1", "`networks` must be at least 2"),
        ("--n-layers 1", "`n_layers` must be at least 2"),
    ],
)
def test_bad_input_is_refused_in_a_line_before_anything_is_made(tmp_path, capsys, line, said):
    out = tmp_path / "store"
    assert cli.main(["scaling", "designs", "--out", str(out), *line.split()]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and len(error) < 400
    assert not out.exists()


@pytest.mark.slow
def test_a_small_law_is_measured_resumed_and_right_on_other_networks(tmp_path):
    settings = {"networks": 4, "samples": 64, "n_layers": 4}
    names = ["tuned", "carried", "private"]
    law = designs_law(names, (400, 800), tmp_path / "store", most_circuits=9000, **settings)
    by_name = {(p.design, p.network_width): p for p in law.points}
    for point in law.points:
        one = contender(point.design).design
        if point.design == "private":
            held = one.held(point.network_width)
            sets = held <= 9000
            assert point.ends_by == ("sets" if sets else "budget")
            assert point.measured.at == held if sets else np.isnan(point.measured.at)
            continue
        assert point.ends_by == "error"
        assert point.measured.low < point.measured.at < point.measured.high
        assert point.theory.n_circuits == pytest.approx(point.measured.at, rel=0.2)
        at = one.at(point.network_width, round(point.measured.at), n_layers=4, batch_size=128)
        measured = run_experiment(Experiment(replace(at, seed=7), n_networks=8))
        error = [
            r["value"] for r in measured.rows if r["metric"] == "mse_x_active" and r["layer"] == 4
        ]
        assert error[0] == pytest.approx(0.3, rel=0.3)
    assert by_name["carried", 800].measured.at > 2 * by_name["tuned", 800].measured.at
    calls = []
    again = designs_law(
        names,
        (400, 800),
        tmp_path / "store",
        most_circuits=9000,
        progress=lambda done, what="": calls.append(what),
        **settings,
    )
    assert all(calls)  # theory alone was worked out again
    assert [p.tried for p in again.points] == [p.tried for p in law.points]


def planted(noise, networks=6):
    """Errors 3 load^1.1 z^0.7 over groups, times l^1.3 over rows that networks share the noise of."""
    rng = np.random.default_rng(0)
    load, z = (x.ravel() for x in np.meshgrid([0.001, 0.002, 0.004], [1.0, 2.0, 3.0]))
    layers = np.broadcast_to(np.arange(1.0, 4), (9, 3))
    true = 3 * (load**1.1 * z**0.7)[:, None] * layers**1.3
    shared = np.exp(noise * rng.standard_normal((9, networks, 1)))
    return {"load": load, "z": z, "layer": layers}, true[:, None] * shared


def test_exponents_of_several_settings_are_told_apart():
    settings, errors = planted(0.0)
    fit = fit_exponents(settings, errors)
    assert [one.value for one in fit.exponents.values()] == pytest.approx([1.1, 0.7, 1.3])
    assert (fit.prefactor, fit.residual) == (pytest.approx(3), pytest.approx(0, abs=1e-9))
    # Without one of them the others are the same, for a grid, but much is left over.
    less = fit_exponents({name: settings[name] for name in ("load", "z")}, errors)
    assert less.exponents["load"].value == pytest.approx(1.1)
    assert less.residual > 0.3


def test_intervals_take_networks_as_the_unit():
    """Rows on the same networks err together: of the layers that costs nothing, of T all the more."""
    settings, errors = planted(0.2)
    fit = fit_exponents(settings, errors).exponents
    assert fit["load"].low < 1.1 < fit["load"].high
    assert fit["layer"].high - fit["layer"].low < 1e-6
    assert fit["load"].high - fit["load"].low > 0.05


def test_settings_that_vary_together_are_refused():
    settings, errors = planted(0.1)
    with pytest.raises(ValueError, match=r"settings.*independently.*again"):
        fit_exponents(settings | {"again": settings["load"] ** 2}, errors)


def test_rows_that_do_not_count_change_nothing():
    settings, errors = planted(0.0)
    where = np.ones((9, 3), bool)
    where[4, 2] = where[8] = False
    spoilt = errors.copy()
    spoilt[4, :, 2], spoilt[8] = 50.0, np.nan
    fit = fit_exponents(settings, spoilt, where)
    assert [one.value for one in fit.exponents.values()] == pytest.approx([1.1, 0.7, 1.3])


@pytest.mark.slow
def test_exponents_below_the_seizure_are_those_of_the_closed_form(tmp_path):
    found = error_exponents(
        tmp_path / "store",
        widths=(1600,),
        loads=(0.002, 0.004),
        actives=(2,),
        biases=(0.25, 1.0),
        redundancies=(3, 4),
        networks=4,
        samples=64,
    )
    assert found is not None
    assert set(found.measured.exponents) == {"T (d/D)^2", "b", "S", "l - 1"}
    for name, one in found.measured.exponents.items():
        assert one.value == pytest.approx(found.theory.exponents[name].value, abs=0.2)
    # b enters, and the budget alone would have no b.
    assert found.measured.exponents["b"].low > 0.1


@pytest.mark.slow
def test_the_command_writes_and_draws_and_has_theory_when_it_comes_again(tmp_path, capsys):
    sizes = "--network-width 64 400 --networks 2 --samples 16 --n-layers 3 --most-circuits 1000"
    line = f"scaling designs {sizes} --out {tmp_path / 'store'} --design tuned private"
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    assert cli.main([*line.split(), "--json", str(first), "--plot", str(tmp_path / "x.png")]) == 0
    printed = capsys.readouterr().out
    assert "growth with n = D/4" in printed and "active set known" in printed
    assert cli.main([*line.split(), "--json", str(again)]) == 0
    assert "finished pieces of work" in capsys.readouterr().err
    one, other = (json.loads(path.read_text()) for path in (first, again))
    assert one["rows"] == other["rows"] and one["fits"] == other["fits"]
    by_width = {(row["design"], row["network_width"]): row for row in one["rows"]}
    assert by_width["private", 64]["ends_by"] == "sets"
    assert by_width["private", 400]["ends_by"] == "budget"
    assert by_width["tuned", 400]["n_circuits"] > 100
    assert (tmp_path / "x.png").stat().st_size > 10_000
