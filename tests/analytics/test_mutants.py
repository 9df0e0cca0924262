"""Wrong formulas: that they are made, put back, and noticed by the claims that state them."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.mutants import functions, mutants, scaled
from benchmarks.record_mutants import calls, summary, try_mutant
from jaxsuper import theory
from jaxsuper.analytics.claims import claims, judge, Run, settle


def test_every_formula_has_wrong_versions():
    """Four factors each, and sums without each of their terms, of public and private functions."""
    by_name = {function.__name__: mutants(function) for function in functions()}
    assert {name for name in theory.__all__ if callable(getattr(theory, name))} - set(by_name) <= {
        "ConjunctionErrors",
        "Decided",
        "Decisions",
        "Errors",
        "FittedRate",
        "Active",
        "Gap",
        "Noise",
        "Rate",
        "Received",
        "Stage",
    }
    for name, wrong in by_name.items():
        assert len(wrong) >= 4 or name.startswith("_"), name
    changes = [mutant.change for mutant in by_name["overlap_rate_published"]]
    assert changes[:4] == ["x 0.9", "x 0.95", "x 1.05", "x 1.1"]
    assert changes[4:] == [
        "without d / D in d / D - 1 / (S * T)",
        "without 1 / (S * T) in d / D - 1 / (S * T)",
    ]


def test_a_mutant_is_wrong_for_a_while():
    """The function itself is changed, wherever it was imported to, and put back."""
    right = theory.overlap_rate_published(4, 1000, 6, 557)
    values = []
    stated = next(f for f in functions() if f.__name__ == "overlap_rate_published")
    for mutant in mutants(stated):
        with mutant.in_place():
            values.append(theory.overlap_rate_published(4, 1000, 6, 557))
    expected = [right * f for f in (0.9, 0.95, 1.05, 1.1)] + [0.0, 4 / 1000]
    assert values == pytest.approx(expected)
    assert theory.overlap_rate_published(4, 1000, 6, 557) == right


def test_results_of_all_kinds_are_scaled():
    assert scaled({"a": [2.0, 4.0]}, 0.5) == {"a": [1.0, 2.0]}
    assert scaled((3, 2.0), 0.5) == (3, 1.0)
    table = scaled(np.ones(3, np.float32), 0.5)
    assert table.dtype == np.float32 and table.tolist() == [0.5] * 3


@pytest.mark.parametrize(
    "id, formula",
    [
        ("networks.clipped-density", None),
        pytest.param("interactions.derived", "mean_interaction", marks=pytest.mark.slow),
        ("allocations.overlap-rate", "overlap_rate_from_loads"),
    ],
)
def test_claims_notice_ten_per_cent(id, formula):
    """Of the formula that they state; one that they do not use leaves them alone."""
    run, (claim,) = Run(quick=True), claims([id])
    entry = settle(claim, run)
    assert entry.established
    used = calls(claim, run)
    unused = next(f for f in functions() if f.__name__ == "carried_leak")
    assert unused.__code__ not in used
    assert try_mutant(mutants(unused)[0], entry, run)["moved"] == 0
    if formula is None:
        return
    stated = next(f for f in functions() if f.__name__ == formula)
    assert stated.__code__ in used
    rows = []
    for mutant in mutants(stated)[:4]:
        found = try_mutant(mutant, entry, run)
        assert found["moved"] == pytest.approx(abs(float(mutant.change[2:]) - 1), rel=0.01)
        noticed = not found["verdict"].startswith("established")
        rows.append(
            {
                "function": mutant.name,
                "change": mutant.change,
                "claim": id,
                "tolerance": 0.0,
                "equality": True,
                "noticed": noticed,
                **found,
            }
        )
    assert [row["noticed"] for row in rows if row["change"] in ("x 0.9", "x 1.1")] == [True, True]
    assert summary(rows)["strict_noticed"] == 1
    # Put back: the verdict is that of before.
    assert judge(claim.gather(replace(run, effort=entry.effort))).verdict == entry.verdict
