"""The claims about attention have the verdicts that they state, and so have their rivals."""

import pytest
from jaxsuper.analytics.claims import claims, Run, settle


def unexpected(ids, run):
    entries = [settle(entry, run) for entry in claims(ids)]
    return [(e.claim.id, e.verdict, e.rival, e.reason) for e in entries if not e.as_expected]


def test_ranges():
    assert not unexpected(["attention.ranges"], Run(quick=True))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_all(seed):
    assert not unexpected(["attention"], Run(seed=seed))
    quick = [entry.id for entry in claims(["attention"]) if entry.quick]
    assert not unexpected(quick, Run(quick=True, seed=seed))
