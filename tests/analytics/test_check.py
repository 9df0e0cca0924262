"""Claims of one's own, judged where they are written."""

import numpy as np
import pytest
from jaxsuper import check, plotting
from jaxsuper.analytics.claims import (
    claim,
    claims,
    detectable,
    Evidence,
    judge,
    Point,
    Rates,
    Run,
    settle,
)
from scipy import stats

from .ledgers import claim_of, evidence, fails, in_regime, mean_of


def test_a_function():
    """Its docstring is the statement; points are enough."""

    def heads(run):
        """A coin shows heads half of the time.

        And so on.
        """
        draws = np.random.default_rng(run.seed).integers(2, size=100 * run.effort).astype(float)
        return [Point.from_draws(0, draws, 0.5)]

    found = check(heads, tolerance=0.4)
    assert found.verdict == "established" and found.claim.id == "own.heads" and found.rival is None
    assert "A coin shows heads half of the time: established" in str(found)
    assert repr(found) == "Checked(own.heads: established; 1 point)"
    assert "<td>0.5</td>" in found._repr_html_()
    assert found.claim not in claims()  # nothing is entered
    # The formula that is far off, by the same draws.
    assert check(lambda run: [replaced(heads(run)[0])], tolerance=0.1).verdict == "refuted"


def replaced(point):
    return Point(point.x, point.measured, 0.9, stderr=point.stderr, freedom=point.freedom)


def test_a_class_and_what_is_entered(monkeypatch):
    """A decorated class is an entry of the ledger, of which a rival is no longer wanted."""
    from jaxsuper.analytics.claims import _registry as registry

    monkeypatch.setattr(registry, "_CLAIMS", {})

    @claim("mine.mean", "one is one")
    class Mean:
        def __call__(self, run):
            return Evidence([Point.from_draws(0, np.linspace(0.9, 1.1, 16), 1.0)], tolerance=0.2)

    found = check(Mean)
    assert found.claim.id == "mine.mean" and found.verdict == "established"
    entry = settle(claims(["mine"])[0], Run())
    assert entry.verdict == "established" and entry.rival is None and entry.as_expected, (
        entry.reason
    )
    assert entry.to_json()["rival"]["verdict"] is None
    assert "No rival was named" in plotting.claim_article(entry.to_json())
    with pytest.raises(ValueError, match="`id` must be new"):
        claim("mine.mean", "again")
    # The cell of a notebook that is run again.
    Mean.__module__ = "__main__"
    claim("mine.mean", "again")(Mean)
    assert check(Mean).claim.statement == "again"


def test_looks_and_cannot_tell():
    """Data are doubled until it is decided, or the last look leaves it open."""
    seen = []
    found = check(mean_of(1.3, tolerance=0.3), progress=lambda *now: seen.append(now))
    assert found.verdict == "undecided" and seen == [(1, 8), (2, 8), (4, 8), (8, 8)]
    assert "undecided" in str(found) and found.effort == 8
    once = check(mean_of(1.3, tolerance=0.3), looks=1)
    assert once.effort == 1 and once.verdict == "undecided"


def test_an_own_error_rate():
    """Points of one claim share it with each other and no one else: stricter than the ledger."""
    point = Point(0, 1.06, 1.0, stderr=0.015, freedom=None)
    assert judge(evidence(point)).verdict == "undecided"
    assert check(lambda run: evidence(point), looks=1).verdict == "refuted"
    assert check(lambda run: evidence(point), looks=1, error_rate=1e-6).verdict == "undecided"
    # More points of the same claim share it.
    many = [point] + [Point(0, 1.0, 1.0)] * 220
    assert judge(Evidence(many, rates=Rates(comparisons=221, looks=1))).verdict == "undecided"


def test_claims_of_a_file_have_it_too():
    """A point that the ledger leaves open is decided at a rate of its own."""
    entry = claim_of(
        "own.one", gather=lambda run: evidence(Point(0, 1.06, 1.0, stderr=0.015, rival=2))
    )
    assert settle(entry, Run()).verdict == "undecided"
    found = settle(entry, Run(error_rate=0.01))
    assert found.verdict == "refuted"
    content = found.to_json()["evidence"]
    assert content["rates"] == {"alpha": 0.01, "comparisons": 1, "claims": 1, "looks": 4}
    assert content["standard_errors_outside"] == [stats.norm.isf(0.01 / 4 / 2)]


def test_the_rate_is_kept():
    """An exact formula is refuted as often as stated, of six places together; alone, oftener."""
    rng, repeats, rate = np.random.default_rng(0), 150, 0.2
    room = 5 * (rate * (1 - rate) / repeats) ** 0.5
    refuted = oftener = 0
    for _ in range(repeats):
        points = [Point.from_draws(0, rng.normal(1, 0.1, 16), 1) for _ in range(6)]
        refuted += judge(Evidence(points, rates=Rates(rate, 6, 1, 1))).verdict == "refuted"
        oftener += judge(Evidence(points, rates=Rates(rate, 1, 1, 1))).verdict == "refuted"
    assert rate - room < refuted / repeats < rate + room
    assert oftener / repeats > rate + room


def test_what_could_have_been_seen():
    """By hand: beyond the tolerance by k standard errors, up or down, whatever was measured."""
    rates, stderr, tolerance = Rates(0.01, 1, 1, 1), 0.02, 0.05
    k = stats.t.isf(0.005, 15)
    found = detectable(
        Evidence([Point(0, 7.0, 1.0, stderr=stderr, freedom=15)], tolerance=tolerance, rates=rates)
    )
    up, down = (1 + k * stderr) / (1 - tolerance), (1 + tolerance) / (1 - k * stderr)
    assert found == pytest.approx(max(up, down) - 1, rel=1e-4)
    assert detectable(Evidence([Point(0, 1.0, 1.0, stderr=5.0, freedom=15)])) is None
    assert detectable(Evidence([Point(0, 0.0, 0.0)])) is None  # 0 times anything is 0


def test_regimes_and_figures():
    found = check(in_regime)
    assert found.verdict == "established in regime" and found.rival is not None
    assert "within up to x = 2, outside from 3 on" in str(found)
    assert "no standard errors" in str(found)
    figure = plotting.claim_figure(found)
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"measured", "the claim", "its rival", "not within", "where it is to end"} <= labels


def test_refused():
    for given, words in (
        (3, "must be a function of a run"),
        (lambda run: 3, "must return an `Evidence` or points, got int"),
        (lambda run: [], "must return an `Evidence` or points, got list"),
        (type("Mute", (), {}), "must be a class with `__call__"),
    ):
        with pytest.raises(ValueError, match=words):
            check(given)
    with pytest.raises(ValueError, match="`error_rate` must lie between"):
        check(in_regime, error_rate=0.9)
    with pytest.raises(ValueError, match="`tolerance` must not be negative"):
        check(in_regime, tolerance=-1.0)
    with pytest.raises(ZeroDivisionError):
        check(fails)  # one's own errors are not hidden
