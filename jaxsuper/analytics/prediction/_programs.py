"""Programs: which circuits are on in each layer, and the closed forms of rotations under edges."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ... import theory
from ..._errors import check
from ...network import AbstractNetwork
from ...programs import Edges
from ._prediction import CLOSED_FORM, Form
from ._program_samples import sample_program, Samples
from ._subject import of_network, set_loads, Subject


_ASSUMES = (
    "idle neurons fire because of active ones alone; edges of a circuit chosen without regard to "
    "sets; which circuits are on as in the exact reference"
)
_PARAMETERS = ("lower_threshold", "upper_threshold", "gate_bias")
_ENDS = "where idle neurons make others fire, or decisions go wrong"
# Values of decisions that are kept, and edges fewer than which have no law of links.
_VALUES, _PULLS, _FEWEST = 100, 24, 3
_DRAWN = 160 * _PULLS
# Of how many circuits are on, relative to their mean: the formulas are for one number.
_SPREAD = 0.1


class Flow(NamedTuple):
    """Stages and gaps of a program.

    Attributes:
        stages: of layers 1..L.
        gaps: between them.
        run: the samples that they are of.
    """

    stages: list[theory.Stage]
    gaps: list[theory.Gap]
    run: Samples


def flow_of(subject: Subject) -> Flow | None:
    """Return what the closed forms need of a program; None where they do not speak of it.

    They are for rotations whose edges have no weights given as such and switch none off, and for
    programs in which about as many circuits are on in every sample.
    """
    edges = subject.edges
    assert edges is not None
    covered = subject.kind == "rotation" and edges.weights is None and not _undoing(edges)
    if not covered or edges.n_opening.min() < _FEWEST:
        return None
    lo, hi, b = (subject.parameters[name] for name in _PARAMETERS)
    run = sample_program(edges, subject.n_active, lo, hi, b)
    if run is None:
        return None
    stages, gaps = [_stage(run, 0, np.ones_like(run.on[0]), np.zeros(run.on[0].shape))], []
    for number in range(edges.n_layers - 1):
        given = _given(edges, number, run)
        stages.append(_stage(run, number + 1, given.opened, given.brought))
        gaps.append(_gap(subject, edges, number, given, run))
    counts = run.on.sum(axis=1)
    alike = (counts.std(axis=1) <= _SPREAD * counts.mean(axis=1)).all()
    if min(stage.opened for stage in stages) < 1 or not alike:
        return None
    return Flow(stages, gaps, run)


def _undoing(edges: Edges) -> bool:
    return bool((np.asarray(edges.mean_share) != 0).any())


class _Given(NamedTuple):
    """What edges from circuits that are on give, each (T, B) but the last.

    Attributes:
        opened: edges that open.
        squares: shares of the target's own weights, squared.
        brought: the same times |x|^2 of the source.
        loose: the squares of edges from circuits that are off, summed over all; the mean of samples.
    """

    opened: Int[np.ndarray, "T B"]
    squares: Float[np.ndarray, "T B"]
    brought: Float[np.ndarray, "T B"]
    loose: float


class EdgeEnds(NamedTuple):
    """The edges of a gap that there are."""

    sources: np.ndarray
    targets: np.ndarray
    opens: np.ndarray
    squares: np.ndarray


def ends_of(edges: Edges, number: int) -> EdgeEnds:
    """Return the edges out of a layer, counted from 0."""
    there = np.asarray(edges.targets[number]) < edges.n_circuits
    parts = (edges.sources, edges.targets, edges.opens, np.square(np.asarray(edges.share)))
    return EdgeEnds(*(np.asarray(part[number])[there] for part in parts))


def _given(edges: Edges, number: int, run: Samples) -> _Given:
    ends, T = ends_of(edges, number), edges.n_circuits
    on = run.on[number][ends.sources]
    opening, squares = ends.opens[:, None] * on, ends.squares[:, None] * on

    def by_target(each):
        total = np.zeros((T, on.shape[1]))
        np.add.at(total, ends.targets, each)
        return total

    return _Given(
        by_target(opening),
        by_target(squares),
        by_target(squares * _power(run.x[number][ends.sources])),
        float((ends.squares[:, None] * ~on).sum(0).mean()),
    )


def _power(x):
    return x.real**2 + x.imag**2


def _stage(run: Samples, number: int, opened, brought) -> theory.Stage:
    on = run.on[number]
    open_ = on & (opened > 0)
    count = open_.sum(0).mean()
    power = float((_power(run.x[number]) * open_).sum() / max(open_.sum(), 1))
    beside = float((brought * ~on).sum(0).mean())
    waiting = round(float(on.sum(0).mean())) - round(float(count))
    return theory.Stage(round(float(count)), max(waiting, 0), power, beside)


def _gap(subject: Subject, edges: Edges, number: int, given: _Given, run: Samples) -> theory.Gap:
    ends, T, on = ends_of(edges, number), edges.n_circuits, run.on[number + 1]
    into = np.bincount(ends.targets, ends.opens, T)
    squares = np.bincount(ends.targets, ends.squares, T)
    own = ends.targets == ends.sources
    open_ = on & (given.opened > 0)
    share = lambda each: float((each * open_).sum() / max(open_.sum(), 1))
    off = ~on
    # In an order that shuffles do not change.
    sets = np.sort(np.asarray(subject.allocation.sets, np.int32), axis=1)
    sets = sets[np.lexsort(sets.T[::-1])]
    return theory.Gap(
        _received(sets.tobytes(), sets.shape, _Counts.of(ends, T)),
        given.loose,
        share(given.squares),
        share(squares[:, None] - given.squares),
        share(into[:, None] - given.opened),
        float((off & (into > 0)[:, None]).sum() / max(off.sum(), 1)),
        _siblings(ends, run.on[number]),
        float(ends.squares[own].sum() / T) if number else 0.0,
        decisions=_decisions(subject, edges, number, run),
    )


def _siblings(ends: EdgeEnds, on) -> float:
    """Return how many others the source of an open circuit opens."""
    each = np.bincount(ends.sources, ends.opens, len(on))[:, None] * on
    return float((each**2).sum() / max(each.sum(), 1)) - 1.0


def _decisions(
    subject: Subject, edges: Edges, number: int, run: Samples
) -> theory.Decisions | None:
    """Return what the edges do that decide."""
    decides = np.asarray(edges.decides[number])
    if not decides.any():
        return None
    lo, hi, b = (subject.parameters[name] for name in _PARAMETERS)
    sources, targets = (np.asarray(ids[number])[decides] for ids in (edges.sources, edges.targets))
    directions, constants = (
        np.asarray(part[number])[decides] for part in (edges.directions, edges.constants)
    )
    random = np.random.default_rng(0)
    held = random.choice(run.x[number][run.on[number]], _DRAWN)
    which = random.integers(len(sources), size=_DRAWN)
    w = directions[which]
    along = w[:, 0] * held.real + w[:, 1] * held.imag
    on, off = run.on[number][sources], ~run.on[number + 1]
    loose = np.zeros(off.shape, bool)
    np.logical_or.at(loose, targets, ~on)
    values = run.decided[number + 1]
    there, meant = ~np.isnan(values), run.on[number + 1]
    gates = (1 + b) * w.sum(axis=1)
    pushes = along + gates
    order = np.argsort(pushes)[_DRAWN // (2 * _PULLS) :: _DRAWN // _PULLS]
    spread = lambda each, count: np.quantile(each, (np.arange(count) + 0.5) / count)
    kept = lambda mask: spread(values[mask], _VALUES) if mask.any() else np.zeros(0)
    return theory.Decisions(
        float((~on).sum(0).mean()),
        float((loose & off).sum() / max(off.sum(), 1)),
        spread(lo / (hi - lo) + constants[which] + along, _PULLS),
        pushes[order],
        gates[order],
        kept(there & meant),
        kept(there & ~meant),
        float((there & ~meant).sum(0).mean()),
        float((directions**2).sum(axis=1).mean()),
    )


class _Counts(NamedTuple):
    """Numbers by circuit, as bytes: of the edges that open and of any, into it and out of it."""

    into: bytes
    out_of: bytes
    fed: bytes
    feeding: bytes

    @classmethod
    def of(cls, ends: EdgeEnds, n_circuits: int) -> "_Counts":
        count = lambda ids, of: np.bincount(ids, of, n_circuits).astype(np.int64).tobytes()
        every = np.ones(len(ends.opens))
        both = ends.targets, ends.sources
        return cls(*(count(ids, ends.opens) for ids in both), *(count(ids, every) for ids in both))


@lru_cache(maxsize=16)
def _received(sets: bytes, shape: tuple[int, int], counts: _Counts) -> theory.Received:
    """Return the moments of a gap, of which programs that repeat themselves have few."""
    table = np.frombuffer(sets, np.int32).reshape(shape)
    into, out_of, fed, feeding = (np.frombuffer(part, np.int64) for part in counts)
    return theory.edges_received(table, into, out_of, fed > 0, feeding > 0)


def program_form(subject: Subject) -> Form | None:
    """Return the closed forms of rotations under edges."""
    flow = flow_of(subject)
    if flow is None:
        return None
    errors = theory.edge_errors(
        set_loads(subject.allocation),
        flow.stages,
        flow.gaps,
        *(subject.parameters[name] for name in _PARAMETERS),
        rectified=subject.construction != "oracle",
    )
    values: dict[str, Any] = {name: np.array(each) for name, each in errors.items()}
    # Where all circuits are on, none is inactive.
    everything = np.array([stage.on >= subject.n_circuits for stage in flow.stages])
    values = {
        name: np.where(everything, np.nan, each) if "inactive" in name else each
        for name, each in values.items()
    }
    S, n = subject.allocation.redundancy, subject.allocation.block_width
    for block in range(4):
        count = [stage.on if block < 2 else stage.opened for stage in flow.stages]
        share = [theory.correct_active_fraction(z, S, n) for z in count]
        values[f"frac_active_neurons_block{block}"] = np.array(share)
    return Form(CLOSED_FORM, values, _ASSUMES, _ENDS)


def program_layers(network: AbstractNetwork, n_active: int) -> list[theory.Errors] | None:
    """Return the closed form of a network's program by layer: what waits for a decision apart.

    Args:
        network: with edges.
        n_active: groups that start.

    Returns:
        The errors of each layer; None where no theory speaks of the program.
    """
    check(network.edges is not None, "network", "must have edges", None)
    subject = of_network(network, n_active)
    flow = flow_of(subject)
    if flow is None:
        return None
    lo, hi, b = (subject.parameters[name] for name in _PARAMETERS)
    return theory.edge_layers(set_loads(subject.allocation), flow.stages, flow.gaps, lo, hi, b)
