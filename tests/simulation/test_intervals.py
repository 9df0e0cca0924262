"""Intervals over networks cover what they say: by drawing again and again from a known law."""

import numpy as np
import pytest
from jaxsuper import simulation
from jaxsuper.circuits import layout_of
from jaxsuper.simulation import (
    geometric_interval,
    interval_kind,
    lognormal_interval,
    Measurement,
    merge_networks,
    metric_interval,
    sampled_interval,
    share_interval,
    student_interval,
)


# Draws of n networks; a coverage of 95 % then has a standard error of 0.22 %.
DRAWS = 10_000


def coverage(interval, truth):
    low, high = interval
    return np.mean((low <= truth) & (truth <= high))


def lognormal(sigma, n, seed=0):
    """n networks (first axis) of lognormal errors with median 1, many times over."""
    return np.exp(sigma * np.random.default_rng(seed).standard_normal((n, DRAWS)))


@pytest.mark.parametrize("n", [4, 8, 24])
@pytest.mark.parametrize("sigma", [0.05, 0.35, 0.7])
def test_lognormal_errors_are_covered(sigma, n):
    """Student's interval of the mean, the wrong variant, loses coverage as errors get skewed."""
    values, mean = lognormal(sigma, n), np.exp(sigma**2 / 2)
    assert 0.935 < coverage(lognormal_interval(values), mean) < 0.97
    assert 0.94 < coverage(geometric_interval(values), 1.0) < 0.96
    plain = coverage(student_interval(values), mean)
    assert (plain < 0.91) if (sigma, n) == (0.7, 8) else plain < 0.96
    # The geometric mean is another quantity: its interval leaves out the mean of skewed errors.
    if (sigma, n) == (0.7, 24):
        assert coverage(geometric_interval(values), mean) < 0.7


def test_intervals_are_student_s_where_errors_scatter_little():
    values = 1 + 0.01 * np.random.default_rng(1).standard_normal((8, 50))
    plain, found = student_interval(values), lognormal_interval(values)
    np.testing.assert_allclose(found, plain, atol=2e-4)
    np.testing.assert_allclose(geometric_interval(values), plain, atol=2e-4)
    # 8 values of mean 1 and standard deviation 1: t(0.975, 7) = 2.3646.
    eight = np.array([1, -1] * 4, float) * np.sqrt(7 / 8)
    low, high = student_interval(eight)
    assert high == pytest.approx(2.364624 / np.sqrt(8)) and low == pytest.approx(-high)


def test_where_logarithms_do_not_exist():
    values = np.stack([[0.0, 1.0, np.nan, np.inf]] * 3 + [[0.0, 0.0, 1.0, 1.0]])
    low, high = lognormal_interval(values)
    plain = student_interval(values)
    assert (low[0], high[0]) == (0, 0)
    assert (low[1], high[1]) == (plain[0][1], plain[1][1])
    assert np.isnan(low[2:]).all() and np.isnan(high[2:]).all()


def test_what_no_network_or_only_some_show_has_no_interval():
    """Rare samples make it: of eight networks that show 0 the mean may still be anything."""
    values = np.array([[0.0, 0.0, 1.0], [0.0, 2.0, 2.0], [0.0, 3.0, 3.0]])
    for metric in ("mse_x_active", "mean_err_on_active"):
        low, high = metric_interval(metric, values, 50)
        assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, True, False]
    low, high = metric_interval("frac_samples_any_inactive_on_gt_half", values / 3, 50)
    assert low[0] == 0 < high[0] < 0.03 and np.isfinite(high).all()
    low, high = sampled_interval("mse_x_active", np.array([0.0, 1.0]), np.array([0.0, 0.1]), 50)
    assert np.isnan(low[0]) and low[1] < 1 < high[1]


@pytest.mark.parametrize("share", [0.999, 0.9, 0.3, 0.0005])
def test_shares_are_covered_where_all_samples_agree_too(share):
    """Student's interval, the wrong variant, has no width there and misses nearly always."""
    rng, (n, samples) = np.random.default_rng(2), (8, 50)
    # Networks differ: a beta law whose spread is that of 400 further samples.
    own = rng.beta(400 * share, 400 * (1 - share), (n, DRAWS))
    values = rng.binomial(samples, own) / samples
    mean, stderr = values.mean(axis=0), values.std(axis=0, ddof=1) / n**0.5
    covered = coverage(share_interval(mean, stderr, n, samples), share)
    assert 0.935 < covered
    if 0.1 <= share <= 0.9:
        assert covered < 0.965
    else:
        assert coverage(student_interval(values), share) < 0.7


def test_a_share_of_none_and_of_all():
    """Clopper and Pearson: with no hit in 100 samples, up to 1 - 0.025^(1/100)."""
    low, high = share_interval(np.array([0.0, 1.0]), np.zeros(2), 1, 100)
    bound = 1 - 0.025**0.01
    np.testing.assert_allclose(low, [0, 1 - bound], rtol=1e-9)
    np.testing.assert_allclose(high, [bound, 1], rtol=1e-9)
    assert np.isnan(share_interval(np.array(np.nan), np.array(np.nan), 1, 100)).all()


def measured(rng, mean, within, n_samples=50):
    names = ("mse_x_active", "mean_on_inactive", "frac_samples_any_inactive_on_gt_half")
    values = mean + within * rng.standard_normal((2, 3))
    worst = np.zeros((2, 1))
    return Measurement(names, values, np.full((2, 3), within), ("worst_x",), worst, n_samples)


def test_a_measurement_knows_its_unit():
    """Between networks where there are several; the samples' part is what independent errors add up to."""
    rng = np.random.default_rng(3)
    own = 0.5 + 0.1 * rng.standard_normal(8)
    runs = [measured(rng, mean, 0.01) for mean in own]
    merged = merge_networks(runs)
    name = "mean_on_inactive"
    np.testing.assert_allclose(merged.stderr_within_of(name), 0.01 / np.sqrt(8))
    assert (merged.stderr_of(name) > 5 * merged.stderr_within_of(name)).all()
    values = np.array([run[name] for run in runs])
    np.testing.assert_allclose(merged.interval(name), student_interval(values))
    values = np.array([run["mse_x_active"] for run in runs])
    np.testing.assert_allclose(merged.interval("mse_x_active"), lognormal_interval(values))
    alone = merge_networks(runs[:1])
    assert alone.by_network is None
    np.testing.assert_array_equal(alone.stderr_within_of(name), alone.stderr_of(name))
    low, high = alone.interval(name)
    np.testing.assert_allclose((high - low) / 2, 2.009575 * 0.01, rtol=1e-6)  # t(0.975, 49)
    wider = merged.interval(name, 0.99)
    assert (wider[0] < merged.interval(name)[0]).all()


def test_every_metric_has_a_kind():
    kinds = {
        name: interval_kind(name) for name in simulation.metric_names(layout_of("rotation"))[0]
    }
    assert {kinds[name] for name in kinds if name.startswith("mse")} == {"lognormal"}
    assert kinds["frac_samples_any_inactive_on_gt_half"] == "share"
    # A mean over circuits, which may be negative, and shares of circuits and of neurons.
    others = ("mean_err_on_active", "frac_inactive_on_gt_half", "frac_active_neurons_block0")
    assert {kinds[name] for name in others} == {"student"}


@pytest.mark.parametrize(
    "call, word",
    [
        (lambda: student_interval(np.ones((1, 2))), "values"),
        (lambda: student_interval(np.ones((3, 2)), 1.0), "confidence"),
        (lambda: share_interval(np.ones(1), np.ones(1), 2, 2, 0.0), "confidence"),
        (lambda: measured(np.random.default_rng(0), 0.5, 0.1).interval("nonsense"), "name"),
        (
            lambda: measured(np.random.default_rng(0), 0.5, 0.1).interval("mse_x_active", 2.0),
            "confidence",
        ),
    ],
)
def test_refused(call, word):
    with pytest.raises(ValueError, match=f"`{word}`"):
        call()
