"""The ledger: every claim run, judged and written down, in an order and form that machines can read."""

import os
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import as_completed, Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..._journal import anew, Once
from ...simulation import environment
from ._evidence import (
    ALPHA,
    Evidence,
    judge,
    judge_rival,
    Judgement,
    LOOKS,
    MOST_CLAIMS,
    MOST_COMPARISONS,
    outside_errors,
    Rates,
    Real,
    Verdict,
    within_errors,
)
from ._kept import identity_of, KeptEvidence
from ._power import power
from ._registry import Claim, Run


@dataclass(frozen=True)
class Entry:
    """A claim with its verdict.

    Attributes:
        claim: the claim.
        verdict: what the evidence says; "error" if it could not be gathered.
        judgement: of the claim; None after an error.
        rival: of its rival; None after an error, and without a rival.
        power: factor -> verdict on a formula that is wrong by it; empty unless established.
        evidence: the comparisons of the last look; None after an error.
        effort: networks or draws of the last look, in units of the first.
        seconds: that it took.
        reason: the error.
    """

    claim: Claim
    verdict: Verdict
    judgement: Judgement | None
    rival: Judgement | None
    power: Mapping[float, Verdict]
    evidence: Evidence | None
    effort: int
    seconds: float
    reason: str = ""

    @property
    def established(self) -> bool:
        """Whether the claim is established, everywhere or in its regime."""
        return self.verdict.startswith("established")

    @property
    def rival_as_it_should(self) -> bool:
        """Whether the rival, if any, of what is established is refuted, and the other way round."""
        if not self.claim.rival and self.verdict != "error":
            return True
        if self.rival is None:
            return False
        wanted = {"refuted": "established"}.get(self.verdict, "refuted")
        return self.verdict != "undecided" and self.rival.verdict == wanted

    @property
    def as_expected(self) -> bool:
        """Whether verdict and rival are what the registry states."""
        return self.verdict == self.claim.expected and self.rival_as_it_should

    @property
    def caught(self) -> float | None:
        """The smallest error of the formula that is noticed: no longer established. None if none."""
        seen = [f for f, verdict in self.power.items() if not verdict.startswith("established")]
        return min(seen, default=None)

    def to_json(self) -> dict[str, Any]:
        """Return the entry as plain data, without NaN or infinity."""
        claim, judgement, rival = self.claim, self.judgement, self.rival
        answer: dict[str, Any] = {
            "id": claim.id,
            "tier": claim.tier,
            "statement": claim.statement,
            "formula": claim.formula,
            "source": claim.source,
            "regime": claim.regime,
            "expected": claim.expected,
            "verdict": self.verdict,
            "as_expected": self.as_expected,
            "boundary": list(judgement.boundary) if judgement and judgement.boundary else None,
            "worst": _number(judgement.worst) if judgement else None,
            "power": {f"{factor:g}": verdict for factor, verdict in self.power.items()},
            "caught": self.caught,
            "effort": self.effort,
            "rival": {
                "statement": claim.rival,
                "verdict": rival.verdict if rival else None,
                "worst": _number(rival.worst) if rival else None,
                "refuted_at": len(rival.outside) if rival else None,
                "judged_the_other_way": self.rival_as_it_should,
            },
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
        }
        if self.evidence is not None:
            content: dict[str, Any] = asdict(self.evidence)
            rates = self.evidence.rates
            if rates is None:
                del content["rates"]
            for point, source in zip(content["points"], self.evidence.points, strict=True):
                for name in ("x", "measured", "stderr", "predicted", "rival", "freedom"):
                    point[name] = None if point[name] is None else _number(point[name])
                point["place"] = self.evidence.place(source)
            freedoms = {point.freedom for point in self.evidence.points if point.stderr}
            for name, errors in (("within", within_errors), ("outside", outside_errors)):
                content[f"standard_errors_{name}"] = sorted({errors(f, rates) for f in freedoms})
            answer["evidence"] = content
        return answer


def _number(value: Real) -> float | None:
    number = float(value)
    return number if abs(number) < float("inf") else None


def settle(entry: Claim, run: Run, once: Once = anew) -> Entry:
    """Gather the evidence for one claim until it is decided; an error becomes a verdict.

    Networks and draws are doubled from look to look, `LOOKS` times at most, as long as claim or
    rival are undecided and there is something random about the evidence. The error rates are
    shared among all looks.

    Args:
        entry: the claim.
        run: how thoroughly.
        once: gathers evidence, or has it from an earlier run; errors are never kept.

    Returns:
        The entry of the ledger.
    """

    def found(
        id: str, gather: list[str], quick: bool, seed: int, error_rate: float | None
    ) -> KeptEvidence:
        # Named so that a journal tells runs and claims apart by them.
        del id, gather, quick, seed, error_rate
        evidence, effort = _gathered(entry, run)
        return KeptEvidence.of(evidence, effort, time.perf_counter() - started)

    started = time.perf_counter()
    try:
        identity = identity_of(entry.gather)
        keep = anew if identity is None else once
        kept = keep(found, entry.id, identity or [], run.quick, run.seed, run.error_rate)
        evidence = _rated(kept.evidence(), run)
        judgement = judge(evidence)
        rival = judge_rival(evidence) if entry.rival else None
        strength = power(evidence) if judgement.verdict.startswith("established") else {}
    except Exception as error:  # one claim that cannot be run must not hide the others
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{where.filename.rpartition('/')[2]}:{where.lineno}"
        reason = f"{type(error).__name__} at {place}: {error}"
        seconds = time.perf_counter() - started
        return Entry(entry, "error", None, None, {}, None, 0, seconds, reason)
    verdict = judgement.verdict
    return Entry(entry, verdict, judgement, rival, strength, evidence, kept.effort, kept.seconds)


def _gathered(entry: Claim, run: Run) -> tuple[Evidence, int]:
    """Return the evidence that decides a claim, or that of the last look, and its effort."""

    def open_still(evidence: Evidence) -> bool:
        against = [judge_rival(evidence).verdict] if entry.rival else []
        return "undecided" in (judge(evidence).verdict, *against)

    def gather(effort: int) -> Evidence:
        return _rated(entry.gather(replace(run, effort=effort)), run)

    return until_decided(gather, LOOKS, open_still)


def _rated(evidence: Evidence, run: Run) -> Evidence:
    """Return evidence with the error rate that it is judged at."""
    if run.error_rate is None:
        return evidence
    return replace(evidence, rates=Rates(run.error_rate, len(evidence.points), 1, LOOKS))


def until_decided(
    gather: Callable[[int], Evidence], looks: int, open_still: Callable[[Evidence], bool]
) -> tuple[Evidence, int]:
    """Gather evidence with twice the effort each time, as long as something is random about it.

    Args:
        gather: effort, 1 at first -> evidence.
        looks: at most so many.
        open_still: whether evidence leaves open what is to be decided.

    Returns:
        The last evidence, and its effort.
    """
    effort = 1
    evidence = gather(effort)
    while (
        effort < 2 ** (looks - 1)
        and any(point.stderr for point in evidence.points)
        and open_still(evidence)
    ):
        effort *= 2
        evidence = gather(effort)
    return evidence, effort


def verify(
    chosen: Sequence[Claim],
    run: Run,
    progress: Callable[[Entry], None] | None = None,
    workers: int | None = None,
    once: Once = anew,
) -> list[Entry]:
    """Settle claims, several at once: most of the time goes into compiling, on one core each.

    Args:
        chosen: from `claims`.
        run: how thoroughly.
        progress: called with every entry as soon as there is one, in the caller's thread.
        workers: claims at once; by default one more than cores, at most five.
        once: gathers evidence, or has it from an earlier run.

    Returns:
        The entries in the order of the claims.

    Raises:
        KeyboardInterrupt: on Ctrl-C, after the claims in progress have been handed to `progress`.
        RuntimeError: if there are more comparisons than the error rate was shared among.
    """
    settled: dict[str, Entry] = {}

    def take(done: Future[Entry]) -> None:
        entry = done.result()
        if entry.claim.id not in settled:
            settled[entry.claim.id] = entry
            if progress is not None:
                progress(entry)

    # One more than cores, for a claim that waits for the measurement of another.
    pool = ThreadPoolExecutor(workers or min((os.cpu_count() or 1) + 1, 5))
    waiting = [pool.submit(settle, entry, run, once) for entry in chosen]
    try:
        for done in as_completed(waiting):
            take(done)
    except KeyboardInterrupt:
        # What is in progress cannot be stopped, so it may as well be kept.
        pool.shutdown(cancel_futures=True)
        for done in waiting:
            if not done.cancelled() and done.exception() is None:
                take(done)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    entries = [settled[entry.id] for entry in chosen]
    counts = ((comparisons(entries), MOST_COMPARISONS), (len(entries), MOST_CLAIMS))
    for (total, most), what in zip(counts, ("comparisons", "claims"), strict=True):
        if total > most:
            raise RuntimeError(f"{total} {what} share an error rate made for {most}: raise it")
    return entries


def comparisons(entries: Iterable[Entry]) -> int:
    """Return how many comparisons were made, rivals not counted."""
    return sum(len(entry.evidence.points) for entry in entries if entry.evidence is not None)


def ledger(entries: Sequence[Entry], run: Run) -> list[dict[str, Any]]:
    """Return the whole ledger as plain data.

    Args:
        entries: from `verify`.
        run: the run they are from.

    Returns:
        A list with one object per claim, each with the environment it was made in.
    """
    made_with = {
        **environment(),
        "quick": run.quick,
        "seed": run.seed,
        "family_wise_error_rate": ALPHA,
        "most_comparisons": MOST_COMPARISONS,
        "most_claims": MOST_CLAIMS,
        "looks": LOOKS,
    }
    return [{**entry.to_json(), "environment": made_with} for entry in entries]
