"""The search: predict, measure the survivors, tune the best, measure anew on fresh seeds.

Every stage measures fewer designs on more networks (successive halving), all designs of a stage on
networks and samples of the same keys. What is reported comes from seeds that chose nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import equinox as eqx

from .._errors import bad, check_kind, one_of
from .._journal import anew, Once
from .._limits import check_seed
from ..simulation import Configuration, default_chunk, Frame, prepare, shared_frames
from ._descent import descend
from ._fits import check_fits, neediest
from ._kinds import candidates, design_kind, kinds, tunable, variants
from ._measure import (
    CONFIRMATION,
    DesignError,
    HELD_OUT,
    measure_design,
    SEARCH,
    seed_for,
    with_seed,
)
from ._predict import by_prediction, predict_error, Predicted
from ._problem import check_problem, check_suits, Design, Problem, structure_of
from ._ranking import differences, Effort, Ranked, SearchResult
from ._work import Work, WorkReport


# What a user may lower where a candidate does not fit the machine.
_SIZES = {name: name for name in ("network_width", "n_circuits", "n_layers")}
# Networks that a descent averages over; it is judged on others.
_DESCENT_NETWORKS = 2
# What a candidate runs through, about, in units of `samples` and of a descent's batch: variants on
# half of them, then several networks; steps on all networks, each dearer than five measurements.
_MEASURED, _DESCENDED = 20, 25 * _DESCENT_NETWORKS * 5


@dataclass(frozen=True)
class _Candidate:
    """A measured design; `predicted` is None where its parameters have left the prediction's.

    `frame` and `chunk` say which program measures it, `batch` on how many samples it is tuned.
    """

    design: Design
    method: str
    predicted: float | None
    error: DesignError
    frame: Frame
    chunk: int
    batch: int

    @property
    def kind(self) -> str:
        return self.design.kind


def search(
    problem: Problem,
    *,
    seed: int = 0,
    effort: Effort | None = None,
    only: tuple[str, ...] = (),
    progress: WorkReport = lambda done, total, label: None,
    stop: Callable[[], bool] = lambda: False,
    once: Once = anew,
) -> SearchResult:
    """Search for the design with the lowest error of active circuits at the last layer.

    Args:
        problem: sizes.
        seed: of everything random.
        effort: how much to measure.
        only: kinds to search; by default all that the effort does not skip.
        progress: called before every piece of work with (done, in all, what is next).
        stop: asked before every piece of work; a stopped search returns what it has.
        once: predicts, measures and takes steps of a descent, or has what came of it.

    Returns:
        Finalists with held-out measurements.

    Raises:
        ValueError: for bad sizes, unknown kinds, circuits that no design holds, or candidates that
            need more memory than there is, before anything is built.
    """
    check_problem(problem)
    check_seed("seed", seed)
    effort = effort or Effort()
    check_kind("effort", effort, Effort)
    check_kind("only", only, tuple, list)
    for kind in only:
        one_of(kinds(), kind, "only")
        check_suits(problem, design_kind(kind).construction)
    searched = only or tuple(kind for kind in kinds() if kind not in effort.skip)
    by_kind = {kind: candidates(problem, kind) for kind in searched}
    absent = [kind for kind, designs in by_kind.items() if not designs]
    if len(absent) == len(by_kind):
        rule = "must be few enough for some design to hold"
        raise bad("n_circuits", rule, problem.n_circuits, "widen the network")
    tried = [design for designs in by_kind.values() for design in designs]
    remedy = f"`only` can leave out {neediest(tried)} designs" if len(searched) > 1 else ""
    check_fits(tried, max(effort.samples, effort.held_out_samples), _SIZES, remedy)
    seeds = [seed_for(seed, purpose) for purpose in (SEARCH, HELD_OUT, CONFIRMATION)]
    work = Work(progress, stop, once, total=sum(map(len, by_kind.values())))
    starts = [
        replace(start, design=with_seed(start.design, seeds[SEARCH]))
        for designs in by_kind.values()
        for start in _starts(designs, effort, work)
    ]
    work.total = work.done + len(starts) + effort.finalists * 3 + effort.tuned
    started = [structure_of(start.design.configuration) for start in starts]
    frames = shared_frames(started, _MEASURED * effort.samples)
    measured = [
        _best_variant(start, frames[structure], effort, work)
        for start, structure in work.each(zip(starts, started, strict=True), _measuring)
    ]
    finalists = _halve(measured, effort, work)
    work.total = work.done + effort.tuned + 2 * len(finalists) + 1
    finalists = _tune(finalists, effort, work)
    ranking = _rank(finalists, seeds[HELD_OUT], effort, work)
    confirmed = _confirm(ranking, seeds[CONFIRMATION], effort, work)
    return SearchResult(problem, ranking, confirmed, absent, confirmed is None, effort)


class _OfKind(Protocol):
    @property
    def kind(self) -> str: ...


def _labelled(verb: str) -> Callable[[_OfKind], str]:
    return lambda piece: f"{verb} {piece.kind}"


def _starts(designs: list[Design], effort: Effort, work: Work) -> list[Predicted]:
    """Return the structures of a kind that theory likes best, after them those it is silent on."""
    if not designs:
        return []
    by_structure: dict[Configuration, Predicted] = {}
    predicted = by_prediction(work.each(designs, _labelled("predict")), work.once)
    for start in predicted:
        by_structure.setdefault(structure_of(start.design.configuration), start)
    most = design_kind(designs[0].kind).most
    count = effort.structures if most is None else min(most, effort.structures)
    return list(by_structure.values())[:count]


def _measuring(start: tuple[Predicted, Configuration]) -> str:
    return f"measure {start[0].kind}"


def _batch(design: Design, effort: Effort) -> int:
    """Return how many samples suit the device; nothing is built or compiled."""
    network = eqx.filter_eval_shape(prepare, design.configuration)
    return default_chunk(network, effort.samples // 2)


def _best_variant(start: Predicted, frame: Frame, effort: Effort, work: Work) -> _Candidate:
    """First stage: one network, some values of the continuous parameters; the best is kept."""
    samples, batch = effort.samples // 2, work.once(_batch, start.design, effort)
    # The fewest that are asked for at once: later stages take several chunks, in the same program.
    chunk = min(batch, samples)
    errors = {
        design: work.once(measure_design, design, 1, samples, chunk, frame=frame)
        for design in variants(start.design)
    }
    best = min(errors, key=lambda design: errors[design].rank)
    program = (errors[best], frame, chunk, batch)
    if best != start.design:
        return _Candidate(best, "scan", None, *program)
    method = "published" if design_kind(start.kind).as_published else "prediction"
    return _Candidate(best, method, start.error, *program)


def _halve(measured: list[_Candidate], effort: Effort, work: Work) -> list[_Candidate]:
    """Second stage: the best of every kind and the better half of all, on more networks."""
    survivors = _select(measured, max(effort.finalists, (len(measured) + 1) // 2))
    again = {
        candidate: work.once(
            measure_design,
            candidate.design,
            effort.search_networks,
            effort.samples,
            candidate.chunk,
            frame=candidate.frame,
        )
        for candidate in work.each(survivors, _labelled("measure"))
    }
    updated = [replace(each, error=again.get(each, each.error)) for each in survivors]
    return _select(updated, effort.finalists)


def _select(measured: list[_Candidate], count: int) -> list[_Candidate]:
    """Return the best of every kind and then the best of all, `count` of them."""
    ranked = sorted(measured, key=lambda candidate: candidate.error.rank)
    best: dict[str, _Candidate] = {}
    for candidate in ranked:
        best.setdefault(candidate.kind, candidate)
    rest = [candidate for candidate in ranked if best[candidate.kind] is not candidate]
    return [*best.values(), *rest][: max(count, len(best))]


def _tune(finalists: list[_Candidate], effort: Effort, work: Work) -> list[_Candidate]:
    """Descend from the best that have something to tune; return all, the best first."""
    finalists = sorted(finalists, key=lambda candidate: candidate.error.rank)
    able = [candidate for candidate in finalists if tunable(candidate.design)][: effort.tuned]
    structures = {candidate: structure_of(candidate.design.configuration) for candidate in able}
    samples = _DESCENDED * max((candidate.batch for candidate in able), default=0)
    frames = shared_frames(list(structures.values()), samples)
    tuned = {
        candidate: _descended(candidate, frames[structures[candidate]], effort, work)
        for candidate in work.each(able, _labelled("tune"))
    }
    return sorted([tuned.get(each, each) for each in finalists], key=lambda each: each.error.rank)


def _descended(candidate: _Candidate, frame: Frame, effort: Effort, work: Work) -> _Candidate:
    """Descend on two networks; keep the end only if it is better on others."""
    settings = {"frame": frame, "stop": work.stop, "once": work.once}
    end = descend(candidate.design, _DESCENT_NETWORKS, candidate.batch, **settings)
    if end.flat or end.design == candidate.design:
        return candidate
    # The same networks and samples for both, so that little of the difference is chance.
    before, after = (
        work.once(
            measure_design,
            design,
            effort.search_networks,
            effort.samples,
            candidate.chunk,
            first=_DESCENT_NETWORKS,
            frame=candidate.frame,
        )
        for design in (candidate.design, end.design)
    )
    if not after.mse < before.mse:
        return candidate
    return replace(candidate, design=end.design, method="gradient", predicted=None, error=after)


def _rank(finalists: list[_Candidate], seed: int, effort: Effort, work: Work) -> list[Ranked]:
    """Measure the finalists on fresh seeds, predict them as they are now, rank."""
    fresh: dict[_Candidate, DesignError] = {}
    predicted = {candidate: candidate.predicted for candidate in finalists}
    for candidate in work.each(finalists, _labelled("held-out measurement of")):
        fresh[candidate] = _on_fresh_networks(candidate, seed, effort, work)
        if candidate.predicted is None:
            predicted[candidate] = work.once(predict_error, candidate.design)
    ranking = [
        Ranked(
            with_seed(candidate.design, seed),
            candidate.method,
            predicted[candidate],
            candidate.error,
            fresh.get(candidate),
            candidate.chunk,
            candidate.frame,
        )
        for candidate in finalists
    ]
    return _compared(sorted(ranking, key=_order))


def _compared(ranking: list[Ranked]) -> list[Ranked]:
    """Add the differences to the first, network by network, where both were measured anew."""
    fresh = [ranked.held_out for ranked in ranking if ranked.held_out is not None]
    gaps = differences([error.by_network for error in fresh]) if fresh else []
    # Those without a held-out measurement come last.
    compared = [replace(each, difference=gap) for each, gap in zip(ranking, gaps, strict=False)]
    return compared + ranking[len(compared) :]


def _on_fresh_networks(
    which: _Candidate | Ranked, seed: int, effort: Effort, work: Work
) -> DesignError:
    fresh, samples = with_seed(which.design, seed), effort.held_out_samples
    sizes = (effort.networks, samples, which.chunk)
    return work.once(measure_design, fresh, *sizes, frame=which.frame)


def _order(ranked: Ranked) -> tuple[bool, float]:
    error = ranked.held_out or ranked.searched
    return ranked.held_out is None, error.rank


def _confirm(ranking: list[Ranked], seed: int, effort: Effort, work: Work) -> DesignError | None:
    """Measure the first once more; None if the search was stopped before."""
    if any(ranked.held_out is None for ranked in ranking):
        return None
    for ranked in work.each(ranking[:1], lambda ranked: "confirm the first"):
        return _on_fresh_networks(ranked, seed, effort, work)
    return None
