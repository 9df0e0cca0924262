"""How evidence becomes a verdict: places, error rates, regimes, rivals, power, looks."""

from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
import pytest
from jaxsuper.analytics.claims import (
    _evidence as engine,
    ALPHA,
    judge,
    judge_rival,
    LOOKS,
    MOST_CLAIMS,
    MOST_COMPARISONS,
    outside_errors,
    Point,
    power,
    Run,
    settle,
    within_errors,
)
from jaxsuper.analytics.claims._power import perturbed
from scipy import stats

from .ledgers import claim_of, evidence, in_regime, mean_of


def verdict(*points, **settings):
    return judge(evidence(*points, **settings)).verdict


def test_both_error_rates_are_shared():
    """Refutations among comparisons, two-sided, and looks; establishments among claims and looks."""
    assert 2 * stats.norm.sf(outside_errors(None)) * MOST_COMPARISONS * LOOKS == pytest.approx(
        ALPHA
    )
    assert stats.norm.sf(within_errors(None)) * MOST_CLAIMS * LOOKS == pytest.approx(ALPHA)
    for errors in (outside_errors, within_errors):
        assert errors(5) > errors(30) > errors(1000) > errors(None)


@pytest.mark.parametrize("freedom", [None, 5])
@pytest.mark.parametrize("sign", [-1, 1])
def test_errors_decide(freedom, sign):
    """A point needs its errors inside the tolerance to be within, beyond it to be outside."""
    stderr, allowed = 0.01, 0.5

    def at(gap):
        point = Point(0, 1 + sign * gap, 1, stderr=stderr, freedom=freedom)
        return verdict(point, tolerance=0.3, slack=0.2)

    inner = allowed - within_errors(freedom) * stderr
    outer = allowed + outside_errors(freedom) * stderr
    assert [at(inner - 1e-6), at(inner + 1e-6)] == ["established", "undecided"]
    assert [at(outer - 1e-6), at(outer + 1e-6)] == ["undecided", "refuted"]


def test_what_has_no_error_is_decided():
    assert verdict(Point(0, 1.04, 1), tolerance=0.05) == "established"
    assert verdict(Point(0, 1.06, 1), tolerance=0.05) == "refuted"
    assert verdict(Point(0, 1e-9, 0), slack=1e-8) == "established"
    assert verdict(Point(0, 0.0, 0)) == "established"
    # With an error but no tolerance nothing can be established, only refuted.
    assert verdict(Point(0, 1, 1, stderr=1e-9)) == "undecided"


@pytest.mark.parametrize("value", [nan, inf])
@pytest.mark.parametrize("settings", [{"tolerance": 9.0}, {"factor": 9.0}])
def test_what_is_not_finite_is_outside(value, settings):
    assert verdict(Point(0, value, 1, stderr=0.1), **settings) == "refuted"
    assert verdict(Point(0, 1, 1, stderr=value), **settings) == "refuted"


def test_inequalities_deviate_in_one_direction():
    assert verdict(Point(0, 5, 1, relation="at least")) == "established"
    assert verdict(Point(0, 0.5, 1, relation="at least")) == "refuted"
    assert verdict(Point(0, 0.5, 1, relation="at most")) == "established"
    assert verdict(Point(0, 5, 1, relation="at most")) == "refuted"
    near = Point(0, 1.01, 1, stderr=0.01, relation="at least")
    assert verdict(near) == "undecided"
    assert verdict(replace(near, measured=1.1)) == "established"


def test_factors():
    """From 2/3 to 3/2 of the prediction, errors on the scale of logarithms."""
    for measured, expected in ((1.49, "established"), (0.67, "established"), (0.66, "refuted")):
        assert verdict(Point(0, measured, 1), factor=1.5) == expected
        assert verdict(Point(0, 7 * measured, 7), factor=1.5) == expected
    # Half of what is predicted with 10 % error: ln 2 is not k_w = 4.2 times 0.1 short of ln 3.
    near = Point(0, 0.5, 1, stderr=0.05)
    assert verdict(near, factor=3.0) == "undecided"
    assert verdict(near, factor=3.2) == "established"
    assert verdict(Point(0, 2, 1, relation="at most"), factor=1.5) == "refuted"
    assert verdict(Point(0, 0.1, 1, relation="at most"), factor=1.5) == "established"
    for measured, predicted in ((0, 1), (-1, 1), (1, 0), (-1, -1)):
        assert verdict(Point(0, measured, predicted, stderr=9.0), factor=1.5) == "refuted"


@pytest.mark.parametrize(
    "settings, named",
    [
        ({"factor": 1.0}, "`factor`"),
        ({"factor": 2.0, "tolerance": 0.1}, "`factor`"),
        ({"boundary": (2.0, 2.0)}, "`boundary`"),
    ],
)
def test_settings_that_make_no_sense(settings, named):
    with pytest.raises(ValueError, match=named):
        evidence(Point(0, 1, 1), **settings)
    with pytest.raises(ValueError, match="`points`"):
        evidence()


def test_points_of_draws():
    """Mean and ratio of means, with standard errors that repeated draws scatter by."""
    rng = np.random.default_rng(0)
    noise, size = rng.normal(0, 1, (2000, 50)), rng.uniform(0.5, 3, (2000, 50))
    means = [Point.from_draws(0, draws, 0) for draws in noise]
    # Numerator and denominator go up and down together, which cancels.
    ratios = [Point.ratio(0, s * (2 + 0.1 * d), s, 2) for s, d in zip(size, noise, strict=True)]
    for points, scatter in ((means, 1 / 50**0.5), (ratios, None)):
        measured, stderr = (
            np.array([float(getattr(point, name)) for point in points])
            for name in ("measured", "stderr")
        )
        assert stderr.mean() == pytest.approx(measured.std(), rel=0.1)
        assert scatter is None or stderr.mean() == pytest.approx(scatter, rel=0.05)
        assert {point.freedom for point in points} == {49}
    # Taken for independent, the two would seem to scatter many times as much.
    apart = 2 * 2**0.5 * (size.std(axis=1) / size.mean(axis=1)).mean() / 50**0.5
    assert stderr.mean() < 0.2 * apart
    assert Point.from_draws(0, noise[0], 0, freedom=None).freedom is None


class TestErrorRates:
    """Both rates hold when simulated, at rates high enough to be seen."""

    ALPHA, REPEATS = 0.2, 1500
    # Five standard errors of a simulated rate, for all tests of this class.
    ROOM = 5 * (ALPHA * (1 - ALPHA) / REPEATS) ** 0.5

    @pytest.fixture(autouse=True)
    def high(self, monkeypatch):
        monkeypatch.setattr(engine, "ALPHA", self.ALPHA)
        for name in ("MOST_COMPARISONS", "MOST_CLAIMS", "LOOKS"):
            monkeypatch.setattr(engine, name, 1)

    def rate(self, wanted, n_points, n_draws, gap, tolerance):
        """Return how often points whose truth lies off by `gap` get a verdict."""
        rng, count = np.random.default_rng(0), 0
        for _ in range(self.REPEATS):
            draws = rng.normal(1 + gap, 0.1, (n_points, n_draws))
            points = [Point.from_draws(0, each, 1) for each in draws]
            count += verdict(*points, tolerance=tolerance) == wanted
        return count / self.REPEATS

    @pytest.mark.parametrize("n_draws", [4, 30])
    def test_false_refutation_of_one(self, n_draws):
        """Exactly the stated rate for an exact claim; half of it at the edge of a tolerance."""
        exact = self.rate("refuted", 1, n_draws, 0, 0.0)
        assert exact == pytest.approx(self.ALPHA, abs=self.ROOM)
        edge = self.rate("refuted", 1, n_draws, 0.5, 0.5)
        assert edge == pytest.approx(self.ALPHA / 2, abs=self.ROOM)

    def test_false_refutation_of_many(self, monkeypatch):
        assert self.rate("refuted", 10, 30, 0, 0.0) > 4 * self.ALPHA
        monkeypatch.setattr(engine, "MOST_COMPARISONS", 10)
        assert self.rate("refuted", 10, 30, 0, 0.0) < self.ALPHA + self.ROOM

    @pytest.mark.parametrize("n_draws", [4, 30])
    def test_false_establishment(self, n_draws):
        """At the edge of the tolerance the rate is that of one point, and no more for several."""
        assert self.rate("established", 1, n_draws, 0.5, 0.5) == pytest.approx(
            self.ALPHA, abs=self.ROOM
        )
        assert self.rate("established", 3, n_draws, 0.5, 0.5) < self.ALPHA / 2

    def test_normal_quantiles_would_not_do(self, monkeypatch):
        """With few draws the errors are themselves uncertain."""
        monkeypatch.setattr(engine, "quantile", lambda _, tail: float(stats.norm.isf(tail)))
        assert self.rate("refuted", 1, 4, 0, 0.0) > self.ALPHA + self.ROOM

    def refuted_in_looks(self):
        gather = mean_of(1.0, first=8, said=1.0)
        entries = [claim_of(f"a.{seed}", gather=gather) for seed in range(1000)]
        settled = [settle(entry, Run(seed=seed)) for seed, entry in enumerate(entries)]
        return np.mean([entry.verdict == "refuted" for entry in settled])

    @pytest.mark.slow
    def test_several_looks(self, monkeypatch):
        """To look again at more data costs nothing of the error rate, if it is shared."""
        room = 5 * (self.ALPHA * (1 - self.ALPHA) / 1000) ** 0.5
        assert self.refuted_in_looks() > self.ALPHA + room
        monkeypatch.setattr(engine, "LOOKS", LOOKS)
        assert self.refuted_in_looks() < self.ALPHA + room


@dataclass(frozen=True)
class Regime:
    """Values around a predicted 1 at x = 1, 2, 3, 4, of a claim that is to end between 2 and 4."""

    values: tuple[float, ...]
    verdict: str
    boundary: tuple[float | None, float | None]


@pytest.mark.parametrize(
    "case",
    [
        Regime((1, 1, 1, 2), "established in regime", (3, 4)),
        Regime((1, 1, 2, 1), "established in regime", (2, 3)),
        Regime((1, 2, 2, 2), "refuted", (1, 2)),  # ends too early
        Regime((2, 1, 1, 1), "refuted", (None, 1)),
        Regime((1, 1, 1, 1), "refuted", (4, None)),  # does not end
        Regime((1, 1, 1.1, 1.1), "undecided", (2, None)),
        Regime((1.1, 1, 1, 2), "undecided", (None, 4)),
    ],
)
def test_regime_and_both_sides_of_its_boundary(case):
    # Within 0.1 with certainty; 0.1 away is undecided because of its error.
    points = [
        Point(x, value, 1, stderr=0.05 * (value == 1.1), rival=3)
        for x, value in enumerate(case.values, 1)
    ]
    for order in (points, points[::-1]):
        judgement = judge(evidence(*order, tolerance=0.1, boundary=(2.0, 4.0)))
        assert (judgement.verdict, judgement.boundary) == (case.verdict, case.boundary)


def test_a_regime_needs_points_on_both_sides():
    points = [Point(x, 1, 1) for x in (1, 2)]
    for boundary in ((2.0, 3.0), (0.0, 1.0)):
        with pytest.raises(ValueError, match="boundary"):
            verdict(*points, boundary=boundary)
    # What lies beyond is no part of the claim.
    far = [Point(1, 1, 1), Point(2, 2, 1), Point(9, 1, 1)]
    assert verdict(*far, boundary=(1.0, 2.0)) == "established in regime"


class TestRivals:
    def rival(self, *rivals, **settings):
        points = [Point(x, 1, 1, rival=rival) for x, rival in enumerate(rivals)]
        return judge_rival(evidence(*points, tolerance=0.1, **settings)).verdict

    def test_half_of_the_points(self):
        assert self.rival(2, 2, 1, 1) == "refuted"
        assert self.rival(2, 1, 1, 1) == "undecided"  # one point is not enough
        assert self.rival(1, 1, 1, 1) == "established"
        # Where it is silent does not count.
        assert self.rival(2, None, 1, None, None) == "refuted"

    def test_within_the_regime(self):
        """A rival that fails only where the claim fails too has not been rejected."""
        assert self.rival(1, 1, 3, 3, boundary=(1.0, 2.0)) == "established"
        assert self.rival(3, 1, 1, 1, boundary=(1.0, 2.0)) == "refuted"

    def test_a_claim_needs_one(self):
        with pytest.raises(ValueError, match="rival"):
            self.rival(None)
        with pytest.raises(ValueError, match="rival"):
            self.rival(None, 2, boundary=(0.0, 1.0))

    def test_with_another_relation(self):
        point = Point(0, 3, 2, rival=1, relation="at least", rival_relation="at most")
        assert judge_rival(evidence(point)).verdict == "refuted"
        same = replace(point, rival_relation=None)
        assert judge_rival(evidence(same)).verdict == "established"

    def test_one_that_agrees_too_is_no_success(self):
        """Evidence too weak to tell claim from rival is not as expected."""
        alike = settle(
            claim_of("a.weak", gather=lambda run: evidence(Point(0, 1, 1, rival=1))), Run()
        )
        assert alike.verdict == "established" and not alike.as_expected
        assert settle(claim_of("a.good"), Run()).as_expected

    def test_a_refutation_needs_the_corrected_formula(self):
        for measured, as_expected in ((2, True), (3, False)):
            point = Point(0, measured, 1, rival=2)
            entry = claim_of("a.no", "refuted", lambda run, point=point: evidence(point))
            settled = settle(entry, Run())
            assert (settled.verdict, settled.as_expected) == ("refuted", as_expected)


class TestPower:
    def caught(self, evidence):
        return [factor for factor, of in power(evidence).items() if of != "established"]

    def test_a_tolerance_hides_errors_of_its_size(self):
        point = Point(0, 1, 1)
        assert self.caught(evidence(point, tolerance=0.01)) == [1.05, 1.1, 1.2, 1.5, 2]
        assert self.caught(evidence(point, tolerance=0.15)) == [1.2, 1.5, 2]
        assert self.caught(evidence(point, factor=1.6)) == [2]
        assert self.caught(evidence(point, tolerance=1.5)) == []

    def test_the_harder_direction_counts(self):
        """At 1.06 of the prediction a formula 10 % too high would do, one too low would not."""
        high, even = (evidence(Point(0, m, 1), tolerance=0.08) for m in (1.06, 1))
        lows = [judge(perturbed(high, factor)).verdict for factor in (1.1, 1 / 1.1)]
        assert lows == ["established", "refuted"]
        assert self.caught(high) == [1.2, 1.5, 2] and self.caught(even) == [1.1, 1.2, 1.5, 2]

    @pytest.mark.parametrize("said", [2.0, -2.0])
    @pytest.mark.parametrize("relation", ["at least", "at most"])
    @pytest.mark.parametrize("factor", [1.5, 1 / 1.5])
    def test_bounds_move_to_the_stronger_side(self, said, relation, factor):
        """A weaker bound is true as well; one that is attained notices every stronger one."""
        tight = evidence(Point(0, said, said, relation=relation))
        moved = float(perturbed(tight, factor).points[0].predicted)
        assert moved > said if relation == "at least" else moved < said
        assert max(moved / said, said / moved) == pytest.approx(1.5)
        assert judge(perturbed(tight, factor)).verdict == "refuted"
        # What is far on the right side of its bound has no power.
        slack = 10.0 if relation == "at least" else -10.0
        loose = evidence(Point(0, said + slack, said, relation=relation))
        assert self.caught(loose) == []

    def test_regimes(self):
        assert power(in_regime(Run()))[2.0] == "refuted"

    def test_what_the_ledger_says(self):
        entry = settle(claim_of("a.mean", gather=mean_of(1, spread=0.001, tolerance=0.15)), Run())
        assert entry.verdict == "established" and entry.caught == 1.2
        assert entry.to_json()["power"]["1.05"] == "established"
        wide = settle(claim_of("a.wide", gather=mean_of(1, spread=0.001, factor=9.0)), Run())
        assert wide.verdict == "established" and wide.caught is None and not wide.as_expected
        refuted = settle(
            claim_of("a.no", "refuted", mean_of(2, spread=0.001, tolerance=0.15)), Run()
        )
        assert refuted.as_expected and not refuted.power and refuted.caught is None
