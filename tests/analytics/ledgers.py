"""Made-up claims, to test what the ledger does with them."""

import numpy as np
from jaxsuper.analytics.claims import Claim, Evidence, Point
from jaxsuper.analytics.claims._evidence import Verdict
from jaxsuper.analytics.claims._registry import Tier


def evidence(*points, **settings):
    return Evidence(points, "x", "y", **settings)


def claim_of(
    id, expected: Verdict = "established", gather=None, tier: Tier = "science", quick=True
):
    """Return a claim, by default that one is one, with the rival that it is two."""
    gather = gather or (lambda run: evidence(Point(0, 1, 1, rival=2)))
    return Claim(
        id, "one is one", "1 = 1", "nobody", "here", expected, "one is two", gather, tier, quick
    )


def fails(run):
    raise ZeroDivisionError("no matter")


def mean_of(truth, first=8, spread=0.5, said=1.0, **settings):
    """Return a `gather` that looks at `first` draws around the truth, then at more and more."""

    def gather(run):
        draws = np.random.default_rng(run.seed).normal(truth, spread, first * run.effort)
        return evidence(Point.from_draws(1, draws, said, rival=2 * said), **settings)

    return gather


def in_regime(run):
    """Within up to 2, outside from 4 on."""
    points = [Point(x, 1 + max(0, x - 2) ** 2, 1, rival=3) for x in (1, 2, 3, 4, 5)]
    return evidence(*points, tolerance=0.3, boundary=(2.0, 4.0))
