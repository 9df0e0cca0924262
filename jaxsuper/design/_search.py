"""The search: predict, measure the survivors, tune the best, measure anew on fresh seeds.

Every stage measures fewer designs on more networks (successive halving), all designs of a stage on
networks and samples of the same keys. What is reported comes from seeds that chose nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from .._errors import check, one_of
from ..simulation import default_chunk
from ._candidates import candidates, kinds, scan, structure_of
from ._designs import check_problem, Design, Problem
from ._measure import (
    CONFIRMATION,
    HELD_OUT,
    measure,
    Measured,
    network_of,
    SEARCH,
    seed_for,
    with_seed,
)
from ._predict import predict_error
from ._tune import is_tunable, tune


# Called with (pieces of work done, pieces in all as far as known, what is next).
Report: TypeAlias = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Effort:
    """How much is measured; sample counts are powers of two, so that one chunk serves all.

    Attributes:
        structures: of each kind that are measured at all, by default `usual`.
        usual: see `structures`.
        finalists: designs of the table.
        tuned: how many of them are tuned by gradient.
        search_networks: of the second stage.
        samples: of each network while searching.
        networks: held out, of each finalist.
        held_out_samples: of each.
    """

    structures: dict[str, int] = field(default_factory=lambda: {"early-guess": 1, "separate": 2})
    usual: int = 3
    finalists: int = 8
    tuned: int = 5
    search_networks: int = 3
    samples: int = 256
    networks: int = 6
    held_out_samples: int = 512


QUICK = Effort({"early-guess": 0, "separate": 1}, 1, 5, 0, 2, 128, 4, 256)


@dataclass(frozen=True)
class Entry:
    """A row of the table.

    Attributes:
        design: with the held-out seed.
        method: where its continuous parameters come from: "published", "prediction", "scan" or
            "gradient".
        predicted: by theory, or None.
        searched: its measurement while searching, biased low for whatever was chosen by it.
        held_out: its measurement on fresh seeds; None if the search was stopped before.
        chunk: samples run at once.
    """

    design: Design
    method: str
    predicted: float | None
    searched: Measured
    held_out: Measured | None
    chunk: int


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        problem: the problem.
        entries: by rising held-out error, then those that were not reached, by search error.
        confirmed: the first entry measured once more on other fresh seeds: being the lowest of
            several, its held-out error may be low by chance.
        absent: kinds without any structure that holds the circuits.
        interrupted: whether the search was stopped before its end.
        effort: how much was measured.
    """

    problem: Problem
    entries: list[Entry]
    confirmed: Measured | None
    absent: list[str]
    interrupted: bool
    effort: Effort


@dataclass
class _Work:
    """Counts pieces of work and asks whether to stop."""

    report: Report
    stop: Callable[[], bool]
    done: int = 0
    total: int = 1

    def each(self, items: Iterable, label: Callable[[Design], str]) -> Iterable:
        """Yield items until stopped, reporting each."""
        for item in items:
            if self.stop():
                return
            self.report(self.done, max(self.total, self.done + 1), label(item))
            yield item
            self.done += 1


@dataclass
class _Candidate:
    design: Design
    method: str
    predicted: float | None
    measured: Measured | None = None

    @property
    def searched(self) -> Measured:
        assert self.measured is not None
        return self.measured

    @property
    def kind(self) -> str:
        return self.design.kind


def search(
    problem: Problem,
    *,
    seed: int = 0,
    effort: Effort | None = None,
    only: tuple[str, ...] = (),
    progress: Report = lambda done, total, label: None,
    stop: Callable[[], bool] = lambda: False,
) -> Found:
    """Search for the design with the lowest error of active circuits at the last layer.

    Args:
        problem: sizes.
        seed: of everything random.
        effort: how much to measure.
        only: kinds to search; all by default.
        progress: told about every piece of work.
        stop: asked before every piece of work; a stopped search returns what it has.

    Returns:
        Finalists with held-out measurements.

    Raises:
        ValueError: for bad sizes, unknown kinds, or circuits that no design holds.
    """
    check_problem(problem)
    effort = effort or Effort()
    wanted = only or kinds()
    for kind in wanted:
        one_of(kinds(), kind, "only")
    choice = {kind: candidates(problem, kind) for kind in wanted}
    absent = [kind for kind, found in choice.items() if not found]
    remedy = "widen the network"
    rule = "must be few enough for some design to hold"
    check(len(absent) < len(wanted), "n_circuits", rule, problem.n_circuits, remedy)
    work = _Work(progress, stop)
    seeds = [seed_for(seed, purpose) for purpose in (SEARCH, HELD_OUT, CONFIRMATION)]
    work.total = 40
    started = _predicted(choice, effort, work)
    work.total = work.done + len(started) + effort.finalists * 3 + effort.tuned
    searched = [replace_seed(one, seeds[SEARCH]) for one in started]
    _scanned(searched, effort, work)
    finalists = _halved([one for one in searched if one.measured], effort, work)
    work.total = work.done + effort.tuned + 2 * len(finalists) + 1
    if effort.tuned:
        _tuned(finalists, effort, work)
    finalists.sort(key=lambda one: one.searched.error)
    entries = _held_out(finalists, seeds[HELD_OUT], effort, work)
    confirmed = _confirmed(entries, seeds[CONFIRMATION], effort, work)
    return Found(problem, entries, confirmed, absent, confirmed is None, effort)


def replace_seed(candidate: _Candidate, seed: int) -> _Candidate:
    """Return the candidate with another seed."""
    return replace(candidate, design=with_seed(candidate.design, seed))


def _label(verb: str) -> Callable[[Design], str]:
    return lambda design: f"{verb} {getattr(design, 'kind', design)}"


def _predicted(choice: dict[str, list[Design]], effort: Effort, work: _Work) -> list[_Candidate]:
    """Keep the structures of each kind that theory likes best, where there is a theory."""
    kept = []
    for kind, designs in choice.items():
        rated = []
        for design in work.each(designs, _label("predict")):
            # A guess that is right is a carried indicator.
            rated_as = replace(design, kind="carried") if kind == "early-guess" else design
            rated.append((predict_error(rated_as), design))
        if all(value is not None for value, _ in rated):
            rated.sort(key=lambda pair: pair[0])
        structures: dict[Design, _Candidate] = {}
        method = "published" if kind == "published" else "prediction"
        for value, design in rated:
            own = None if kind == "early-guess" else value
            structures.setdefault(structure_of(design), _Candidate(design, method, own))
        kept += list(structures.values())[: effort.structures.get(kind, effort.usual)]
    return kept


def _chunk(design: Design, effort: Effort) -> int:
    return default_chunk(network_of(design, 0), effort.samples // 2)


def _scanned(searched: list[_Candidate], effort: Effort, work: _Work) -> None:
    """First stage: one network, some values of the continuous parameters; the best is kept."""
    for one in work.each(searched, _label("measure")):
        chunk, best = _chunk(one.design, effort), one.design
        for design in scan(one.design):
            found = measure(design, range(1), effort.samples // 2, chunk)
            if one.measured is None or found.error < one.measured.error:
                one.measured, best = found, design
        if best != one.design:
            one.design, one.method, one.predicted = best, "scan", None


def _halved(measured: list[_Candidate], effort: Effort, work: _Work) -> list[_Candidate]:
    """Second stage: the best of every kind and the better half of all, on more networks."""
    kept = _selected(measured, max(effort.finalists, (len(measured) + 1) // 2))
    for one in work.each(kept, _label("measure")):
        networks = range(effort.search_networks)
        one.measured = measure(one.design, networks, effort.samples, _chunk(one.design, effort))
    return _selected(kept, effort.finalists)


def _selected(measured: list[_Candidate], count: int) -> list[_Candidate]:
    """Return the best of every kind and then the best of all, `count` of them."""
    ranked = sorted(measured, key=lambda one: one.searched.error)
    first: dict[str, _Candidate] = {}
    for one in ranked:
        first.setdefault(one.kind, one)
    rest = [one for one in ranked if first[one.kind] is not one]
    return [*first.values(), *rest][: max(count, len(first))]


def _tuned(finalists: list[_Candidate], effort: Effort, work: _Work) -> None:
    """Descend on two networks; keep the end only if it is better on others."""
    ranked = sorted(finalists, key=lambda one: one.searched.error)
    chosen = [one for one in ranked if is_tunable(one.design)][: effort.tuned]
    others = range(2, 2 + effort.search_networks)
    for one in work.each(chosen, _label("tune")):
        chunk = _chunk(one.design, effort)
        tuned = tune(one.design, range(2), chunk, stop=work.stop)
        if tuned.flat or tuned.design == one.design:
            continue
        before = measure(one.design, others, effort.samples, chunk)
        after = measure(tuned.design, others, effort.samples, chunk)
        # The same networks and samples for both, so that little of the difference is chance.
        if after.error < before.error:
            one.design, one.method, one.measured, one.predicted = (
                tuned.design,
                "gradient",
                after,
                None,
            )


def _held_out(finalists: list[_Candidate], seed: int, effort: Effort, work: _Work) -> list[Entry]:
    """Measure the finalists on fresh seeds, predict them as they are now, rank."""
    fresh: dict[int, Measured] = {}
    for one in work.each(finalists, _label("held-out measurement of")):
        chunk = _chunk(one.design, effort)
        design = with_seed(one.design, seed)
        networks = range(effort.networks)
        fresh[id(one)] = measure(design, networks, effort.held_out_samples, chunk, keep=False)
        if one.predicted is None:
            one.predicted = predict_error(one.design)
    entries = [
        Entry(
            with_seed(one.design, seed),
            one.method,
            one.predicted,
            one.searched,
            fresh.get(id(one)),
            _chunk(one.design, effort),
        )
        for one in finalists
    ]
    return sorted(entries, key=_rank)


def _rank(entry: Entry) -> tuple[bool, float]:
    measured = entry.held_out or entry.searched
    return entry.held_out is None, measured.error


def _confirmed(entries: list[Entry], seed: int, effort: Effort, work: _Work) -> Measured | None:
    done = [entry for entry in entries if entry.held_out is not None]
    if len(done) < len(entries):
        return None
    for entry in work.each(done[:1], lambda _: "confirm the first"):
        design, networks = with_seed(entry.design, seed), range(effort.networks)
        return measure(design, networks, effort.held_out_samples, entry.chunk, keep=False)
    return None
