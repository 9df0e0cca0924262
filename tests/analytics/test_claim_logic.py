"""How evidence becomes a verdict, a ledger and an exit status."""

import json
from dataclasses import replace

import numpy as np
import pytest
from jaxsuper import cli, theory
from jaxsuper.analytics.claims import (
    _registry as registry,
    ALPHA,
    Claim,
    claims,
    Evidence,
    judge,
    MOST_COMPARISONS,
    Point,
    quantile,
    Run,
    settle,
)
from jaxsuper.analytics.claims._evidence import Verdict
from scipy import stats


def evidence(*points, **settings):
    return Evidence(points, "x", "y", **settings)


def verdict(*points, **settings):
    return judge(evidence(*points, **settings)).verdict


def test_one_error_rate_for_the_whole_ledger():
    """Bonferroni, two-sided; few degrees of freedom allow more standard errors."""
    assert 2 * stats.norm.sf(quantile(None)) * MOST_COMPARISONS == pytest.approx(ALPHA)
    assert quantile(5.0) > quantile(30.0) > quantile(1000.0) > quantile(None)


def test_errors_decide():
    k = quantile(None)
    assert verdict(Point(0, 1 + 0.99 * k, 1, stderr=1)) == "holds"
    assert verdict(Point(0, 1 + 1.01 * k, 1, stderr=1)) == "refuted"
    assert verdict(Point(0, 1 + 1.01 * k, 1, stderr=1, freedom=5)) == "holds"
    assert verdict(Point(0, 1.04, 1), tolerance=0.05) == "holds"
    assert verdict(Point(0, 1.06, 1), tolerance=0.05) == "refuted"
    assert verdict(Point(0, 1e-9, 0), slack=1e-8) == "holds"
    assert verdict(Point(0, 0.0, 0)) == "holds"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_deviates(value):
    assert verdict(Point(0, value, 1, stderr=0.1)) == "refuted"
    assert verdict(Point(0, 1, 1, stderr=value)) == "refuted"


def test_inequalities_deviate_in_one_direction():
    assert verdict(Point(0, 5, 1, relation="at least")) == "holds"
    assert verdict(Point(0, 0.5, 1, relation="at least")) == "refuted"
    assert verdict(Point(0, 0.5, 1, relation="at most")) == "holds"
    assert verdict(Point(0, 5, 1, relation="at most")) == "refuted"


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
    assert (
        stderr.mean() < 0.2 * 2 * 2**0.5 * (size.std(axis=1) / size.mean(axis=1)).mean() / 50**0.5
    )
    assert Point.from_draws(0, noise[0], 0, freedom=None).freedom is None


def test_regime_and_its_boundary():
    points = [Point(x, m, 1, rival=2) for x, m in ((3, 1.5), (1, 1), (2, 1), (4, 1))]
    judgement = judge(evidence(*points, regime=True))
    assert (judgement.verdict, judgement.boundary) == ("holds in regime", (2, 3))
    assert verdict(*points) == "refuted"
    assert verdict(*points[1:3], regime=True) == "holds"
    # Nothing is left of a regime whose first point deviates.
    assert verdict(Point(1, 2, 1), Point(2, 1, 1), regime=True) == "refuted"


def test_the_rival_is_judged_within_the_regime():
    """A rival that fails only where the claim fails too has not been rejected."""
    same = [Point(1, 1, 1, rival=1), Point(2, 2, 1, rival=1)]
    assert judge(evidence(*same, regime=True), rival=True).verdict == "holds"
    other = [Point(1, 1, 1, rival=3), Point(2, 2, 1, rival=1)]
    assert judge(evidence(*other, regime=True), rival=True).verdict == "refuted"


def test_a_claim_needs_a_rival():
    with pytest.raises(ValueError, match="rival"):
        judge(evidence(Point(0, 1, 1)), rival=True)
    with pytest.raises(ValueError, match="`points`"):
        evidence()


ONE = (Point(0, 1, 1, rival=2),)


def claim_of(id, expected: Verdict = "holds", points=ONE):
    def gather(run):
        if points is None:
            raise ZeroDivisionError("no matter")
        return evidence(*points)

    return Claim(id, "one is one", "1 = 1", "nobody", "here", expected, "one is two", gather)


def test_a_rival_that_agrees_too_is_no_success():
    """Evidence too weak to tell claim from rival is not as expected."""
    weak = settle(claim_of("a.weak", points=(Point(0, 1.5, 1, stderr=1, rival=2),)), Run())
    assert weak.verdict == "holds" and not weak.as_expected
    assert settle(claim_of("a.good"), Run()).as_expected
    refuted = settle(claim_of("a.no", "refuted", (Point(0, 2, 1, rival=2),)), Run())
    assert refuted.as_expected
    # A refutation counts only if the corrected formula is confirmed.
    assert not settle(claim_of("a.no", "refuted", (Point(0, 3, 1, rival=2),)), Run()).as_expected


def test_an_error_is_a_verdict():
    entry = settle(claim_of("a.broken", points=None), Run())
    assert entry.verdict == "error" and not entry.as_expected
    assert "ZeroDivisionError" in entry.reason and "no matter" in entry.reason
    json.dumps(entry.to_json(), allow_nan=False)


@pytest.fixture
def three(monkeypatch):
    """Replace the registry by a true claim, one with a wrong verdict and one that cannot be run."""
    entries = [
        claim_of("a.good"),
        claim_of("a.wrong", "refuted"),
        claim_of("b.broken", points=None),
    ]
    monkeypatch.setattr(registry, "_CLAIMS", {entry.id: entry for entry in entries})


def test_exit_status(three, tmp_path, capsys):
    """0 if all is as stated, 1 if a verdict is wrong; an error does not hide the others."""
    out = str(tmp_path / "new" / "folder")
    assert cli.main(["verify", "--only", "a.good", "--out", out]) == 0
    assert cli.main(["verify", "--out", out]) == 1
    printed = capsys.readouterr().out
    assert "not as expected: a.wrong, b.broken" in printed and "ZeroDivisionError" in printed
    with open(f"{out}/ledger.json") as lines:
        entries = json.load(lines)
    assert [entry["id"] for entry in entries] == ["a.good", "a.wrong", "b.broken"]
    assert [entry["verdict"] for entry in entries] == ["holds", "holds", "error"]
    assert [entry["as_expected"] for entry in entries] == [True, False, False]
    with open(f"{out}/ledger.html") as page:
        text = page.read()
    assert "2 NOT as expected" in text and "ZeroDivisionError" in text


def test_interruption_keeps_what_is_done(three, tmp_path, capsys, monkeypatch):
    def interrupt(run):
        raise KeyboardInterrupt

    entries = registry._CLAIMS
    broken = replace(entries["b.broken"], gather=interrupt)
    monkeypatch.setitem(entries, "b.broken", broken)
    assert cli.main(["verify", "--out", str(tmp_path)]) == 130
    assert "interrupted: 2 claims" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "ledger.json").read_text())) == 2


@pytest.mark.parametrize(
    "name, near",
    [
        ("errors.rotation-actve", "errors.rotation-active"),
        ("rotation-active", "errors.rotation-active"),
        ("embedings", "embeddings"),
        ("xyzzy", "the nearest"),
    ],
)
def test_unknown_claim(name, near, tmp_path, capsys):
    """Exit status 2, one line with the nearest names, nothing written."""
    out = tmp_path / "ledger"
    assert cli.main(["verify", "--only", name, "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert near in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert not out.exists()


def test_bad_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "x"):
        assert cli.main(["verify", "--only", "derivations.welch", "--out", str(out)]) == 2
        assert "`out` must be" in capsys.readouterr().err


def test_nothing_written_on_request(three, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["verify", "--only", "a.good", "--out", "none"]) == 0
    assert "wrote" not in capsys.readouterr().out and list(tmp_path.iterdir()) == []


def test_listing(capsys):
    assert cli.main(["verify", "--list", "--only", "errors", "bounds.welch"]) == 0
    printed = capsys.readouterr().out
    assert "errors.rotation-active" in printed and "bounds.welch" in printed
    assert "seizures" not in printed


def test_the_registry_is_complete():
    """At least 35 claims, the named ones among them, each with all it has to say."""
    entries = claims()
    assert len(entries) >= 35 and len({entry.id for entry in entries}) == len(entries)
    for entry in entries:
        for name in ("statement", "formula", "source", "regime", "rival"):
            assert getattr(entry, name), (entry.id, name)
        assert entry.expected in ("holds", "holds in regime", "refuted")
    expected = {entry.id: entry.expected for entry in entries}
    assert expected["embeddings.dedicated-as-printed"] == "refuted"
    for name in (
        "embeddings.dedicated",
        "embeddings.random",
        "bounds.shared-neurons-attain",
        "bounds.one-active",
        "geometries.mse-has-none",
        "geometries.l4-and-entropies-have-one",
        "networks.rotation3-growth",
        "seizures.inactive-circuits-first",
        "evolutions.grid",
        "interactions.derived",
        "designs.carried-do-not-seize",
        "designs.private-predicted",
        "designs.carried-predicted",
        "designs.separate-predicted",
    ):
        assert expected[name] == "holds", name
    for name in ("allocation-limits-redundancy", "larger-networks", "redundant-indicators"):
        assert expected[f"designs.{name}"] == "refuted", name
    for name in ("seizures.working-regime", "geometries.random-max-overlap"):
        assert expected[name] == "holds in regime"


@pytest.mark.parametrize(
    "formula, id, wrong",
    [
        ("dedicated_mse", "embeddings.dedicated", lambda T, D, z: 1.1 * z * (T - D) / T),
        ("mean_overlap_even", "allocations.mean-overlap-even", lambda n, S, T: S * S / n),
        ("welch_mean_square", "derivations.welch", lambda T, D: (T - D) / (D * T)),
        ("linear_mse_bound", "bounds.any-encoder", lambda T, D, z: z * (1 - D / T)),
        ("mean_interaction", "interactions.derived", lambda loads: 0.01),
    ],
)
def test_a_typo_in_a_formula_is_found(formula, id, wrong, monkeypatch):
    """With a wrong formula in the theory the verdict changes."""
    monkeypatch.setattr(theory, formula, wrong)
    (entry,) = claims([id])
    assert settle(entry, Run(quick=True)).verdict != "holds"
