"""State evolution of programs: other circuits are on in every layer, and edges lead from these to those.

The fields are those of `_fields`, with edges in the place of circuits. Representatives of the inactive
circuits stand for those that feed the next layer, not all of which need be fed themselves. Which of them
feeds which is drawn anew in every layer, and each of the circuits on a neuron has its edges by chance:

    others  =  f Bin(r - 1, fed share)        edges into the other circuits on a receiver
    leads   =  g Bin(r' - 1, feeding share)   edges out of those on an active neuron

Edges that open and edges with own weights may be different ones: they are then drawn apart. Gates have to
be open where a circuit is on; decisions are not covered. Source: ours; notes#edges.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..._errors import check
from ._erroneous import erroneous
from ._fields import first_field, Sent, sent_by
from ._meetings import draw_meetings
from ._occupancy import occupancy
from ._placement import place, Placement
from ._population import populate, Population
from ._rotations import mean_rotations, Rotations, turns
from ._state import errors, Fields, mean_of, respond, start
from ._summary import Evolution, summarised


class Ends(NamedTuple):
    """How a kind of edges lies over the circuits.

    Attributes:
        fed: the share of circuits that they lead to.
        into: into each of those.
        feeding: the share of circuits that they leave.
        out_of: out of each of those.
        share: of the target's own weights that they have.
    """

    fed: float
    into: int
    feeding: float
    out_of: int
    share: float = 1.0


class Passage(NamedTuple):
    """What lies between a layer and the next.

    Attributes:
        opening: bool (z', z), which circuits that are on open which.
        shares: (z', z), of their own weights that these apply to the vectors of those.
        off_openers: edges from sources that are off that open one that is on.
        off_own: edges with own weights from such sources into one that is on.
        openers: the edges that open.
        own: those with own weights; the same if they are the same edges.
        n_edges: how many open.
        chi: chi'.
        lasting: of the circuits that feed the layer after, the share that is fed here.
    """

    opening: Any
    shares: Any
    off_openers: int
    off_own: int
    openers: Ends
    own: Ends
    n_edges: int
    chi: float
    lasting: float = 1.0


def program_evolution(
    set_loads: Any,
    n: int,
    z: int,
    passages: Sequence[Passage],
    lo: float = 0.25,
    hi: float = 0.75,
    b: float = 1.0,
    seed: int = 0,
) -> Evolution:
    """Predict the errors of rotations (d = 4) under edges, erroneous activity included.

    Args:
        set_loads: (T, S), the loads of the neurons of every set.
        n: block width.
        z: circuits that are on in layer 1.
        passages: between layers.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        seed: of the population.

    Returns:
        metric -> (L,), as `state_evolution`; inactive circuits are those that take part.

    Raises:
        ValueError: if a circuit that is on is not opened by one edge from one that is.
    """
    counts = [z, *(len(passage.opening) for passage in passages)]
    for passage, before in zip(passages, counts[:-1], strict=True):
        opened = np.asarray(passage.opening)
        fits = opened.shape[1] == before and bool((opened.sum(axis=1) == 1).all())
        check(fits, "passages", "must open each circuit that is on from one that was", opened.shape)
    largest = populate(set_loads, n, max(counts), 1.0, "scalar")
    rng = np.random.default_rng(seed)
    population = _of(largest, z)
    mean = mean_rotations(rng, population.samples, population.T)
    truth, estimate = start(population, rng)
    turn = turns(rng, np.broadcast_to(mean[:, None], population.circuits))
    truth, own = truth * turn[:, : population.z], estimate * turn
    placement = place(population, rng)
    state = respond(
        placement, Fields(truth, first_field(placement), _vectors(placement, own)), lo, hi, b
    )
    layers = [errors(state)]
    for number, passage in enumerate(passages):
        sent = sent_by(population, state)
        population = _of(largest, counts[number + 1], passage)
        placement = place(population, rng)
        rotations = Rotations(turns(rng, np.broadcast_to(mean[:, None], population.circuits)), mean)
        sources = _Sources.draw(passage, counts[number], population, rng)
        truth = (state.truth @ np.asarray(passage.shares, np.complex64).T) * rotations.turn[
            :, : population.z
        ]
        own = sources.vectors(state.estimate, passage) * rotations.turn
        h, met = _field(population, placement, sent, sources, passage, mean, rng)
        fields = Fields(truth, h, _vectors(placement, own) + met)
        state = respond(placement, fields, lo, hi, b)
        layers.append(errors(state))
    return summarised(layers, mean)


def _of(largest: Population, z: int, passage: Passage | None = None) -> Population:
    """Return the population with z on, of the same samples; with links counted in edges."""
    found = replace(largest, z=z)
    if passage is None:
        return found
    ends, loads = passage.openers, largest.loads
    sent = 1 + (loads - 1) * ends.feeding * ends.out_of
    received = 1 + (loads - 1) * ends.fed * ends.into
    table = occupancy(max(passage.n_edges, 3), sent, received)
    return replace(found, chi=np.full(len(loads), passage.chi), occupancy=table)


def _vectors(placement: Placement, own):
    """Return what circuits and the active ones on a neuron bring to it, of their own."""
    z = placement.hit.shape[3]
    on_neuron = np.matmul(placement.hit.astype(np.float32), own[:, None, :z, None])[..., 0]
    return own[:, :, None] + on_neuron


class _Sources(NamedTuple):
    """Which circuits of the layer before feed each one of this layer; K samples, N' circuits.

    Attributes:
        opening: int (K, N', f), by edges that open, -1 for none.
        own: int (K, N', f'), by edges with own weights from sources that are off, -1 for none.
        z: active circuits now.
    """

    opening: Any
    own: Any
    z: int

    @classmethod
    def draw(cls, passage: Passage, before: int, population: Population, rng) -> "_Sources":
        """Draw them among the representatives; those of circuits that are on are given."""
        (K, N), z, P = population.circuits, population.z, population.kept
        same = passage.own is passage.openers
        any_of = lambda number: before + rng.integers(0, P, (K, N, max(number, 1)))
        opening = any_of(max(passage.openers.into, 1 + passage.off_openers))
        opening[:, :z, 0] = np.asarray(passage.opening).argmax(axis=1)
        opening[:, :z, 1 + passage.off_openers :] = -1
        opening[:, z:, passage.openers.into :] = -1
        if same:
            own = opening.copy()
            own[:, :z] = np.concatenate([own[:, :z, 1:], np.full((K, z, 1), -1)], axis=2)
        else:
            own = any_of(max(passage.own.into, passage.off_own))
            own[:, :z, passage.off_own :] = -1
        unfed = rng.random((K, P)) >= passage.lasting
        opening[:, z:][unfed] = own[:, z:][unfed] = -1
        return cls(opening, own, z)

    def vectors(self, estimate, passage: Passage):
        """Return what own weights make of the sources' vectors, before the rotation: (K, N')."""
        rows = np.arange(len(estimate))[:, None, None]
        padded = np.concatenate([estimate, np.zeros((len(estimate), 1), estimate.dtype)], axis=1)
        found = passage.own.share * padded[rows, self.own].sum(axis=2)
        shares = np.asarray(passage.shares, np.complex64)
        found[:, : self.z] += estimate[:, : shares.shape[1]] @ shares.T
        return found

    def sums(self, values):
        """Return sums of (K, N, ...) over the sources that open: (K, N', ...)."""
        rows = np.arange(len(values))[:, None, None]
        padded = np.concatenate([values, np.zeros_like(values[:, :1])], axis=1)
        return padded[rows, self.opening].sum(axis=2)


def _field(
    population: Population,
    placement: Placement,
    sent: Sent,
    sources: _Sources,
    passage: Passage,
    mean_rotation,
    rng,
):
    """Return h (K, N', S) and what others' vectors bring, as `later_field`."""
    before, S = sent.leads.shape[1], population.S
    loads = population.loads[placement.kind]
    here = np.maximum(loads - 1 - placement.hit.sum(-1), 0)

    def meet(ends: Ends, total: int):
        others = rng.binomial(here, ends.fed) * ends.into
        leads = rng.binomial(sent.leads, ends.feeding) * ends.out_of
        # No more than there are: edges of few circuits are drawn among few.
        most = max(total - 1 - before, 1)
        leads = np.minimum(leads, most // (S * before) + 1)
        vectors = ends.share * sent.vector
        return others, draw_meetings(rng, others, leads, vectors, total, mean_rotation)

    others, met = meet(passage.openers, passage.n_edges)
    label = sources.sums(sent.placement.label.astype(np.int8))
    counted = _counted(met.covered, label > 0, placement, sent.placement, passage)
    K, N, R = others.shape
    active = sent.alpha[:, :before].reshape(K, before * S, 1)
    inputs = S * sources.sums(mean_of(sent.alpha))
    # Neurons that several of the sources share count once.
    own = np.asarray(passage.opening, np.int8)
    label[:, : len(own)] += own[None, :, :, None]
    twice = np.maximum(label - 1, 0).reshape(K, N, -1).astype(np.float32)
    inputs = (inputs - (twice @ active)[..., 0])[:, :, None]
    flat = counted.reshape(K, N * R, before * S).astype(np.float32)
    inputs = inputs + (flat @ active).reshape(K, N, R)
    in_edges = replace(population, T=passage.n_edges)
    noise, vector = erroneous(in_edges, placement, sent.noise, others, met, mean_rotation, rng)
    if passage.own is not passage.openers:
        ends = passage.own
        total = round(population.T * ends.fed * ends.into)
        others, met = meet(ends, total)
        scaled = sent.noise._replace(vector=ends.share * sent.noise.vector)
        in_own = replace(population, T=total)
        _, vector = erroneous(in_own, placement, scaled, others, met, mean_rotation, rng)
    chi = np.float32(passage.chi)
    total = sent.total.astype(np.float32)[:, None, None]
    return ((1 + chi) * (inputs + noise) - chi * total) / np.float32(S), vector


def _counted(covered, label, here: Placement, before: Placement, passage: Passage):
    """Count each active neuron of the layer before once, as `counted_once`."""
    covered &= ~before.duplicate[:, None, None]
    # Neurons that another circuit shares which is on: all of its source.
    opened = here.hit.astype(np.float32) @ np.asarray(passage.opening, np.float32)
    covered |= (opened > 0)[..., None]
    for k, u, i, v, j in before.coincident:
        for part in (covered.transpose(0, 3, 4, 1, 2), label.transpose(0, 2, 3, 1)):
            part[k, u, i] |= part[k, v, j]
            part[k, v, j] = False
    covered &= ~label[:, :, None]
    for target, source in enumerate(np.asarray(passage.opening).argmax(axis=1).tolist()):
        covered[:, target, :, source] = False
    return covered
