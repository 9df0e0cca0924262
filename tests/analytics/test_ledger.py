"""Every claim of the registry has the verdict it states; its rival the other one."""

import time

import pytest
from jaxsuper.analytics.claims import claims, comparisons, MOST_COMPARISONS, Run, settle


QUICK = ("allocations", "capacities", "derivations")


def unexpected(entries):
    return [
        (entry.claim.id, entry.verdict, entry.rival and entry.rival.verdict, entry.reason)
        for entry in entries
        if not entry.as_expected
    ]


@pytest.mark.parametrize("subject", QUICK)
def test_verdicts(subject):
    run = Run(quick=True)
    assert not unexpected([settle(entry, run) for entry in claims([subject])])


@pytest.mark.parametrize("subject", ["embeddings", "bounds"])
def test_some_verdicts(subject):
    """Every third claim of subjects that take longer; all of them in the slow test."""
    run = Run(quick=True)
    assert not unexpected([settle(entry, run) for entry in claims([subject])[::3]])


@pytest.mark.slow
def test_simulated_verdicts():
    """One of each kind that simulates: established, in a regime, refuted."""
    run = Run(quick=True)
    chosen = ["errors.average-circuit", "errors.first-layer-published", "errors.first-layer-pairs"]
    assert not unexpected([settle(entry, run) for entry in claims(chosen)])


@pytest.mark.slow
def test_design_verdicts():
    """One that counts sets, one that simulates, one that is refuted; the rest in the slow test."""
    run = Run(quick=True)
    chosen = ["designs.transversal-capacity", "designs.block-with-two-active"]
    chosen += ["designs.private-targets"]
    assert not unexpected([settle(entry, run) for entry in claims(chosen)])


def test_draws_do_not_depend_on_the_other_claims():
    """A claim alone gives the same evidence as after others."""
    ids = ["allocations.mean-overlap-naive", "networks.clipped-density"]
    run = Run(quick=True)
    both = {entry.id: settle(entry, run).to_json()["evidence"] for entry in claims(ids)}
    alone = settle(claims([ids[1]])[0], Run(quick=True)).to_json()["evidence"]
    assert alone == both[ids[1]]
    assert alone != both[ids[0]]


@pytest.mark.slow
@pytest.mark.parametrize("quick, seed", [(True, 0), (True, 1), (True, 2), (False, 0)])
def test_whole_ledger(quick, seed):
    """All verdicts, also with other random numbers."""
    started, run = time.perf_counter(), Run(quick=quick, seed=seed)
    entries = [settle(entry, run) for entry in claims() if entry.quick or not quick]
    print(len(entries), comparisons(entries), f"{time.perf_counter() - started:.0f} s")
    assert not unexpected(entries)
    assert comparisons(entries) <= MOST_COMPARISONS
