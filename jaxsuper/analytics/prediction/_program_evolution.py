"""State evolution of programs: what their edges are to a population of circuits."""

import numpy as np

from ...theory.evolution import Ends, Passage, program_evolution as evolved
from ._prediction import Form, STATE_EVOLUTION
from ._programs import EdgeEnds, ends_of, Flow, flow_of
from ._subject import set_loads, Subject


_ASSUMES = (
    "sets that share at most one neuron, independent shuffles; edges chosen without regard to sets"
)
_ENDS = "where single networks differ; inactive circuits only where all circuits have edges"


def program_evolution(subject: Subject) -> Form | None:
    """Return the state evolution of programs: relays, chains, merges, copies, fan-in and fan-out.

    None for programs that closed forms do not cover, and for those that decide, or hand vectors to
    circuits that stay off, or in which several circuits that are on open one.
    """
    edges = subject.edges
    assert edges is not None
    if edges.deciding or subject.inhibition != "scalar" or subject.n_circuits < 3:
        return None
    flow = flow_of(subject)
    passages = None if flow is None else _passages(subject, flow)
    if flow is None or passages is None:
        return None
    if max(stage.on for stage in flow.stages) >= subject.n_circuits:
        return None
    values = evolved(
        set_loads(subject.allocation),
        subject.allocation.block_width,
        flow.stages[0].opened,
        passages,
        subject.parameters["lower_threshold"],
        subject.parameters["upper_threshold"],
        subject.parameters["gate_bias"],
    )
    parts = [dict(values), values.stderr, values.network_sd]
    if any(one.openers.feeding < 1 for one in passages):
        # Circuits that feed none are inactive too, and may be disturbed less.
        parts = [{name: v for name, v in part.items() if "inactive" not in name} for part in parts]
    return Form(STATE_EVOLUTION, parts[0], _ASSUMES, _ENDS, parts[1], parts[2])


def _passages(subject: Subject, flow: Flow) -> list[Passage] | None:
    """Return the gaps as state evolution has them; None if some is not of the kind that it knows."""
    edges, found = subject.edges, []
    assert edges is not None
    factor = subject.parameters["inhibition_factor"]
    # Slots of circuits that are on, as they are in one sample.
    on = [np.flatnonzero(layer[:, 0]) for layer in flow.run.on]
    for number, gap in enumerate(flow.gaps):
        ends, after = ends_of(edges, number), flow.stages[number + 1]
        opening, shares = _among(ends, on[number], on[number + 1])
        if after.waiting or after.beside or not (opening.sum(axis=1) == 1).all():
            return None
        openers = _laid(ends, ends.opens, edges.n_circuits)
        squares = ends.squares
        own, share = openers, 1.0
        if not np.array_equal(squares > 0, ends.opens) or not np.allclose(squares[squares > 0], 1):
            share = float(np.sqrt(squares[squares > 0].mean())) if (squares > 0).any() else 0.0
            own = _laid(ends, squares > 0, edges.n_circuits)._replace(share=share)
        found.append(
            Passage(
                opening,
                shares,
                round(gap.openers),
                round(gap.fan_in / share**2) if share else 0,
                openers,
                own,
                int(ends.opens.sum()),
                factor * gap.links.chi,
                _lasting(subject, number),
            )
        )
    return found


def _lasting(subject: Subject, number: int) -> float:
    """Return which share of the circuits that feed the layer after was fed; of all, in the last one."""
    edges = subject.edges
    assert edges is not None
    ends = ends_of(edges, number)
    fed = np.bincount(ends.targets[ends.opens], minlength=edges.n_circuits) > 0
    if number == edges.n_layers - 2:
        return float(fed.mean()) if ends.opens.any() else 0.0
    return float(fed[np.unique(ends_of(edges, number + 1).sources)].mean())


def _among(ends: EdgeEnds, before, after):
    """Return which of the circuits that are on open which, and with which shares."""
    opening, shares = np.zeros((2, len(after), len(before)))
    place = {int(circuit): slot for slot, circuit in enumerate(before)}
    to = {int(circuit): slot for slot, circuit in enumerate(after)}
    for source, target, opens, square in zip(*map(np.ndarray.tolist, ends), strict=True):
        if source in place and target in to:
            opening[to[target], place[source]] = opens
            shares[to[target], place[source]] = square**0.5
    return opening.astype(bool), shares


def _laid(ends: EdgeEnds, chosen, n_circuits: int) -> Ends:
    """Return how edges of a kind lie over the circuits."""
    into, out_of = (np.bincount(ids[chosen], minlength=n_circuits) for ids in ends[:2][::-1])
    each = lambda counts: round(float(counts[counts > 0].mean())) if counts.any() else 1
    return Ends(float((into > 0).mean()), each(into), float((out_of > 0).mean()), each(out_of))
