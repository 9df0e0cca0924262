"""Bisection of noisy functions whose crossing is known."""

import numpy as np
import pytest
from jaxsuper.design import crossing, decide, Rules
from scipy.stats import t as student


THRESHOLD, TARGET = 700.0, 0.1


def noisy(seed, relative=0.15):
    """A function that crosses the target at T = 700, with a spread of 15 % between networks."""
    rng = np.random.default_rng(seed)

    def draw(at, index):
        del index
        mean = TARGET * (at / THRESHOLD) ** 1.5
        return float(mean * (1 + relative * rng.standard_normal()))

    return draw


def bisected(seed, **rules):
    return crossing(noisy(seed), TARGET, 250, 3, 20_000, Rules(**rules))


def holds(result):
    low, high = result.low, result.high
    return low is not None and high is not None and low < THRESHOLD < high


def test_the_threshold_lies_in_the_interval_as_often_as_stated():
    results = [bisected(seed) for seed in range(200)]
    missed = sum(not holds(result) for result in results)
    # 200 runs at 95 %: more than 10 + 4 sqrt(9.5) misses would be a broken promise.
    assert missed <= 22
    widths = [r.high / r.low for r in results if r.low is not None and r.high is not None]
    assert np.median(widths) < 1.5
    first = results[0]
    assert (first.low, "under") in [(p.at, p.verdict) for p in first.evaluated]
    assert (first.high, "over") in [(p.at, p.verdict) for p in first.evaluated]


def test_without_confidence_the_promise_is_broken():
    """A rival that believes the first value at every point misses far more often."""

    class Gullible(Rules):
        @property
        def level(self):
            return 0.5 - 1e-9

    rules = Gullible(looks=(1,))
    runs = [crossing(noisy(seed), TARGET, 250, 3, 20_000, rules) for seed in range(200)]
    assert sum(not holds(run) for run in runs) > 22


def test_looking_again_is_paid_for():
    rules = Rules()
    looks = len(rules.looks) * rules.most_points
    assert rules.level * looks == pytest.approx(1 - rules.confidence)
    assert decide([0.09, 0.095, 0.092], 0.1, 0.05) == "under"
    assert decide([0.09, 0.095, 0.092], 0.1, rules.level) == "undecided"
    assert decide([0.2, float("nan")], 0.1, 0.05) == "over"
    assert decide([0.0, 0.0], 0.1, 0.01) == "under"


def by_the_mean(values, target, level):
    """A rival: Student's test of the plain mean."""
    mean, stderr = np.mean(values), np.std(values, ddof=1) / len(values) ** 0.5
    reach = student.ppf(1 - level, len(values) - 1) * stderr
    return "under" if mean + reach < target else "over" if mean - reach > target else "undecided"


def at_last(test, values, target, looks):
    level = (1 - Rules.confidence) / (len(looks) * Rules.most_points)
    verdicts = (test(values[:count], target, level) for count in looks)
    return next((verdict for verdict in verdicts if verdict != "undecided"), "undecided")


def skewed(rng):
    """Lognormal errors of single networks with sd / mean .66, as at layer 7 in the seizure."""
    return np.exp(0.6 * rng.standard_normal(32)), np.exp(0.18)


def failing(rng):
    """3 % of the networks are 10 times worse, the others scatter by 6 %."""
    factor = np.where(rng.random(32) < 0.03, 10, 1)
    return np.exp(0.06 * rng.standard_normal(32)) * factor, 1.27


def failing_often(rng):
    factor = np.where(rng.random(32) < 0.1, 5, 1)
    return np.exp(0.06 * rng.standard_normal(32)) * factor, 1.4


@pytest.mark.parametrize("law", [skewed, failing, failing_often])
def test_skewed_errors_are_judged_with_the_stated_confidence(law):
    """The median at the target is called under or over as rarely as is stated, 1 in 280 each.

    Student's test of the mean at its target, started with four networks, says "under" 10 to 200
    times as often as stated: rare large values are missing in most small samples.
    """
    rng, runs = np.random.default_rng(0), 2000
    nominal = (1 - Rules.confidence) / Rules.most_points
    found, rival = [], []
    for _ in range(runs):
        drawn, mean = law(rng)
        values = drawn.tolist()
        # Three or ten in a hundred failures move the median by less than a hundredth.
        median = {skewed: 1.0, failing: 1.0023, failing_often: 1.0084}[law]
        found.append(at_last(decide, values, median, Rules().looks))
        rival.append(at_last(by_the_mean, values, mean, (4, 8, 16, 32)))
    allowed = runs * nominal + 4 * (runs * nominal) ** 0.5
    assert found.count("under") <= allowed and found.count("over") <= allowed
    assert rival.count("under") > 2 * allowed


def test_limits_are_reported():
    always = crossing(lambda at, index: 0.01 + 1e-6 * index, 0.1, 100, 3, 557)
    assert always.low == 557 and always.high is None
    never = crossing(lambda at, index: 1.0 + 1e-6 * index, 0.1, 100, 3, 557)
    assert never.low is None and never.high == 3
    exact = crossing(lambda at, index: at / 1000, 0.1001, 30, 3, 557, Rules(tolerance=1e-6))
    assert (exact.low, exact.high) == (100, 101)


def test_stopping_keeps_the_interval():
    asked = iter(range(1000))
    stopped = crossing(noisy(0), TARGET, 250, 3, 20_000, stop=lambda: next(asked) >= 10)
    assert stopped.stopped and stopped.low == 250 and stopped.high is None


@pytest.mark.parametrize(
    "rules", [{"confidence": 1.0}, {"confidence": 0.2}, {"tolerance": 0.0}], ids=str
)
def test_bad_rules(rules):
    with pytest.raises(ValueError, match=f"`{next(iter(rules))}`"):
        bisected(0, **rules)
