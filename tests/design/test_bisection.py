"""Bisection of noisy functions whose crossing is known."""

import numpy as np
import pytest
from jaxsuper.design import crossing, decide, Rules


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


def test_limits_are_reported():
    always = crossing(lambda at, index: 0.01 + 1e-6 * index, 0.1, 100, 3, 557)
    assert always.low == 557 and always.high is None
    never = crossing(lambda at, index: 1.0 + 1e-6 * index, 0.1, 100, 3, 557)
    assert never.low is None and never.high == 3
    exact = crossing(lambda at, index: at / 1000, 0.1001, 30, 3, 557, Rules(tolerance=1e-6))
    assert (exact.low, exact.high) == (100, 101)


def test_stopping_keeps_the_interval():
    asked = iter(range(1000))
    stopped = crossing(noisy(0), TARGET, 250, 3, 20_000, stop=lambda: next(asked) >= 6)
    assert stopped.stopped and stopped.low == 250 and stopped.high is None


@pytest.mark.parametrize(
    "rules", [{"confidence": 1.0}, {"confidence": 0.2}, {"tolerance": 0.0}], ids=str
)
def test_bad_rules(rules):
    with pytest.raises(ValueError, match=f"`{next(iter(rules))}`"):
        bisected(0, **rules)
