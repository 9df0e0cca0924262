"""Laws of trained networks: searched, resumed and fitted on made-up errors, counted by least squares."""

from typing import Any

import numpy as np
import pytest
from jaxsuper import cli
from jaxsuper.analytics import scaling
from jaxsuper.analytics.scaling import share_law, trained_law, weights_per_equation


def made_up(power, scatter=0.02):
    """Return a `once` that knows T* = D^power/2 instead of training."""
    calls = []

    def once(make: Any, *arguments: Any, **_: Any) -> Any:
        width, count, networks = arguments[0], arguments[1], arguments[4]
        calls.append((width, count))
        rng = np.random.default_rng(count)
        size = 0.1 * (count / (0.5 * width**power)) ** 2
        return (size * np.exp(scatter * rng.standard_normal(networks))).tolist()

    return once, calls


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_exponent_is_found_whatever_it_is(power):
    once, calls = made_up(power)
    law = trained_law([80, 160, 320, 640], once=once)
    for point in law.points:
        assert point.measured.at == pytest.approx(0.5 * point.network_width**power, rel=0.1)
        assert point.measured.low <= point.measured.at <= point.measured.high
    assert law.fit is not None and law.fit.low < power < law.fit.high + 0.05
    assert law.fit.high - law.fit.low < 0.2
    assert len(calls) == len(set(calls)) < 40


def test_what_is_never_passed_is_not_fitted():
    def once(make: Any, *_: Any, **more: Any) -> Any:
        return [0.01, 0.01]

    law = trained_law([40, 80], once=once)
    assert law.fit is None
    assert all(point.measured.side == 1 for point in law.points)


def test_progress_ends_where_it_says():
    once, _ = made_up(2.0)
    seen = []
    trained_law([40, 80, 160], once=once, progress=lambda *amounts: seen.append(amounts))
    done, total = np.array(seen).T
    assert (np.diff(done) >= 0).all() and (done <= total + 1e-9).all()
    assert done[-1] == total[-1] and done[0] < 0.2 * total[0]


def test_a_linear_map_runs_out_of_weights():
    """D^2 weights against nine equations for each circuit, by least squares between random codes."""
    rng, D, T = np.random.default_rng(0), 12, 40
    E, O = rng.standard_normal((T, D, 3)), rng.standard_normal((T, 3, D))
    angles = rng.uniform(0, 2 * np.pi, T)
    targets = np.zeros((T, 3, 3))
    targets[:, 0, 0] = 1
    targets[:, 1:, 1:] = np.moveaxis(
        np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]), 2, 0
    )
    rows = np.einsum("tki,tjm->tkmij", O, E).reshape(9 * T, D * D)
    flat = targets.reshape(-1)
    left = ((rows @ np.linalg.lstsq(rows, flat, rcond=None)[0] - flat) ** 2).sum() / (flat**2).sum()
    least = weights_per_equation(D, 2)
    assert left == pytest.approx(1 - least / T, abs=0.05)
    assert abs(left - (1 - 3 * least / T)) > 0.3  # one equation for each readout


def test_built_designs_are_searched_within_what_their_sets_hold():
    def once(make: Any, *arguments: Any, **_: Any) -> Any:
        design = arguments[0]
        return [0.05, 0.06] if design == "carried" else [0.2, 0.3]

    points = scaling.built_points([40, 160], n_active=1, n_layers=3, target=0.1, once=once)
    assert {point.design for point in points} == set(scaling.BUILT)
    for point in points:
        assert max(point.tried) <= point.held
        if point.design == "carried":
            assert point.measured.side == 1 and point.most == max(point.tried)
        else:
            assert point.measured.side == -1 and point.most == 0
    wide = [p for p in points if p.design == "tuned" and p.network_width == 160]
    assert wide[0].held > 200 and min(wide[0].tried) == 3


def test_shares_are_compared_network_by_network():
    """Networks that start alike differ by a factor that cancels."""

    def once(make: Any, *arguments: Any, **_: Any) -> Any:
        exponent, noise, networks = arguments[0], arguments[1], arguments[5]
        own = np.exp(np.random.default_rng(0).standard_normal(networks))
        drop = {2: 0.5, 3: 0.8, 4: 0.9}[exponent]
        return [[[float(s * drop ** (level > 0)), 0.1] for s in own] for level in noise]

    law = share_law(noise=(0.0, 0.5), once=once)
    assert [shares.exponent for shares in law.shares] == [2, 3, 4]
    for shares, drop in zip(law.shares, (0.5, 0.8, 0.9), strict=True):
        assert shares.change == pytest.approx(np.log(drop))
        assert shares.low == pytest.approx(shares.high) == pytest.approx(np.log(drop))
    with pytest.raises(ValueError, match="`exponents`"):
        share_law(exponents=(5,), once=once)
    with pytest.raises(ValueError, match="`noise`"):
        share_law(noise=(0.1,), once=once)


@pytest.mark.parametrize(
    "line",
    [
        "--network-width 42",
        "--network-width 8",
        "--network-width 2000000000",
        "--networks 1",
        "--n-layers 1",
        "--error-target 1",
        "--effort 0",
        "--effort nan",
        "--n-active 0",
        "--n-active 2000000000",
        "--seed -1",
    ],
)
def test_bad_lines_are_refused_before_anything_is_trained(tmp_path, capsys, line):
    out = tmp_path / "x.json"
    assert cli.main(["scaling", "trained", *line.split(), "--json", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and len(said) < 400
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_small_law_is_trained_and_resumed(tmp_path, capsys):
    line = "scaling trained --network-width 16 24 --networks 2 --effort 0.1 --json"
    assert cli.main([*line.split(), str(tmp_path / "x.json")]) == 0
    assert "T ~ D^" in capsys.readouterr().out
    errors = scaling.trained_errors(16, 6, 1, 3, 2, 0.1, 0)
    assert len(errors) == 2 and max(errors) < 0.3
    # Circuits whose codes are known, and weights that were not trained: worse than a guess.
    assert min(scaling.trained_errors(16, 6, 1, 3, 2, 1e-9, 0)) > 0.5
