"""A claim of one's own, judged where it is written: a function or a class in a notebook."""

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..._errors import bad, check as check_that
from ..._limits import check_index, check_seed
from ..._repr import html_table
from ._evidence import Evidence, judge, judge_rival, Judgement, LOOKS, outside_errors, Point, Rates
from ._ledger import until_decided
from ._power import detectable
from ._registry import Claim, claims, gathering, Run, written_as


@dataclass(frozen=True)
class Checked:
    """A claim of one's own with its verdict.

    Attributes:
        claim: the claim.
        judgement: verdict and points by number: "established" if all are within what is allowed,
            with room for their errors; "refuted" if one is outside beyond doubt; else "undecided".
        rival: the same of its rival; None without one.
        evidence: the points of the last look, with the rates that they were judged at.
        detectable: the smallest relative error of the formula that evidence of this precision would
            have refuted, more often than not; None if not even a factor 100.
        effort: networks or draws of the last look, in units of the first.
        seconds: that it took.
    """

    claim: Claim
    judgement: Judgement
    rival: Judgement | None
    evidence: Evidence
    detectable: float | None
    effort: int
    seconds: float

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        return self.judgement.verdict

    def __repr__(self) -> str:
        count = len(self.evidence.points)
        return f"Checked({self.claim.id}: {self.verdict}; {count} point{'s' * (count != 1)})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the verdict, and what it rests on, a line each."""
        places = [self.evidence.place(point) for point in self.evidence.points]
        counts = ", ".join(f"{places.count(p)} {p}" for p in ("within", "outside", "undecided"))
        rates = self.evidence.rates or Rates()
        lines = [
            f"{self.claim.statement}: {self.verdict}",
            f"{counts}; allowed {self._allowed()}, error rate {100 * rates.alpha:.2g} % for all",
        ]
        if self.judgement.boundary is not None:
            last, first = self.judgement.boundary
            ends = "nowhere" if last is None else f"up to {self.evidence.x_label} = {last:.4g}"
            fails = "" if first is None else f", outside from {first:.4g} on"
            lines.append(f"within {ends}{fails}")
        if not any(point.stderr for point in self.evidence.points):
            lines.append("the points have no standard errors: they count as exact")
        lines.append(
            "not even a formula that is wrong by a factor 100 would have been refuted"
            if self.detectable is None
            else f"a formula that is wrong by {100 * self.detectable:.2g} % would have been refuted"
        )
        if self.rival is not None:
            name = f"rival ({self.claim.rival})" if self.claim.rival else "its rival"
            lines.append(f"{name}: {self.rival.verdict}")
        return lines

    def _allowed(self) -> str:
        evidence = self.evidence
        parts = [f"a factor {evidence.factor:.4g}"] if evidence.factor else []
        parts += [f"{100 * evidence.tolerance:.3g} %"] if evidence.tolerance else []
        parts += [f"{evidence.slack:.3g} absolute"] if evidence.slack else []
        return " and ".join(parts) or "no deviation"

    def _repr_html_(self) -> str:
        evidence = self.evidence
        head = [evidence.x_label, "series", "measured", "interval", "claim", "rival", ""]
        rows = []
        for point in evidence.points:
            reach = outside_errors(point.freedom, evidence.rates) * float(point.stderr)
            measured = float(point.measured)
            rows.append(
                [
                    f"{float(point.x):.4g}",
                    point.series,
                    f"{measured:.4g} ± {float(point.stderr):.2g}",
                    f"{measured - reach:.4g} to {measured + reach:.4g}",
                    f"{float(point.predicted):.4g}",
                    "" if point.rival is None else f"{float(point.rival):.4g}",
                    evidence.place(point),
                ]
            )
        return html_table(". ".join(self.lines()), head, rows)


def check(
    claim: Any,
    *,
    tolerance: float | int | None = None,
    error_rate: float = 0.01,
    looks: int = LOOKS,
    quick: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Judge a claim of one's own, by the statistics of the ledger.

    The claim is a function of a `Run`, which simulates (`run.measure`), draws (`run.key`) and
    predicts (`run.closed_form`), and returns an `Evidence`, or the points of one. A class is made
    without arguments and called in the same way. Networks and draws are doubled from look to look
    until the claim, and its rival if it has one, are decided.

    Args:
        claim: the function or class, decorated by `claims.claim` or not; or an entry of `claims`.
        tolerance: relative deviation that is allowed, in place of the evidence's own.
        error_rate: of refuting what is true, shared among the points and looks of this claim alone,
            and of establishing what is false.
        looks: at growing data, at most.
        quick: what `run.choose` and `run.draws` go by.
        seed: of all that is random.
        progress: called with (effort that is done, the largest there may be), 1 for the first look.

    Returns:
        The verdict: `print` it, or `jaxsuper.plotting.claim_figure` draws it.

    Raises:
        ValueError: for what is no claim or returns no evidence. Errors of the claim's own code are
            not caught.
    """
    started = time.perf_counter()
    check_index("looks", looks)
    check_seed("seed", seed)
    entry = _entry(claim)
    run = Run(quick=quick, seed=seed)

    def gather(effort: int) -> Evidence:
        found = _evidence(entry.gather(replace(run, effort=effort)), tolerance)
        if progress is not None:
            progress(effort, 2 ** (looks - 1))
        return replace(found, rates=Rates(error_rate, len(found.points), 1, looks))

    def open_still(evidence: Evidence) -> bool:
        judgements = [judge(evidence), _rival_of(entry, evidence)]
        return any(each is not None and each.verdict == "undecided" for each in judgements)

    evidence, effort = until_decided(gather, looks, open_still)
    seen, seconds = detectable(evidence), time.perf_counter() - started
    rival = _rival_of(entry, evidence)
    return Checked(entry, judge(evidence), rival, evidence, seen, effort, seconds)


def _rival_of(entry: Claim, evidence: Evidence) -> Judgement | None:
    """Return what the evidence says of a rival; None if neither claim nor points name one."""
    named = any(point.rival is not None for point in evidence.points)
    return judge_rival(evidence) if named or entry.rival else None


def _entry(claim: Any) -> Claim:
    """Return a claim for whatever one is given as."""
    if isinstance(claim, Claim):
        return claim
    known = next((entry for entry in claims() if written_as(entry.gather) is claim), None)
    if known is not None:
        return known
    rule = "must be a function of a run, a class that is called with one, or an entered claim"
    check_that(callable(claim), "claim", rule, type(claim).__name__)
    name = getattr(claim, "__name__", type(claim).__name__)
    told = (inspect.getdoc(claim) or name).split("\n\n")[0]
    return Claim(
        id=f"own.{name}",
        statement=" ".join(told.split()).rstrip("."),
        formula="",
        source="",
        regime="everywhere",
        expected="established",
        rival="",
        gather=gathering(claim),
    )


def _evidence(found: Any, tolerance: float | int | None) -> Evidence:
    """Return evidence, of points alone too, with another tolerance if one is given."""
    if isinstance(found, Point):
        found = [found]
    if isinstance(found, Sequence) and found and all(isinstance(each, Point) for each in found):
        found = Evidence(tuple(found))
    if not isinstance(found, Evidence):
        raise bad("claim", "must return an `Evidence` or points", type(found).__name__)
    if tolerance is None:
        return found
    check_that(tolerance >= 0, "tolerance", "must not be negative", tolerance)
    return replace(found, tolerance=float(tolerance), factor=None)
