"""Recomputed indicators with neurons of their own: state evolution."""

from ... import theory
from ._own import own_evolution, own_form
from ._prediction import Form, STATE_EVOLUTION
from ._subject import set_loads, Subject


def separate_form(subject: Subject) -> Form | None:
    """Return the closed form of circuits of one's own; None for others, which state evolution covers."""
    return None if subject.kind else own_form(subject)


def separate_evolution(subject: Subject) -> Form | None:
    """Return the state evolution of two populations, one driving the other, collapse included.

    Of rotations (d = 4); of circuits of one's own that of their indicators; None for others.
    """
    if not subject.kind:
        return own_evolution(subject)
    if subject.kind != "rotation":
        return None
    own, payload = subject.indicators, subject.allocation
    assert own is not None
    values = theory.separate_evolution(
        set_loads(own),
        own.block_width,
        set_loads(payload),
        payload.block_width,
        subject.n_active,
        subject.n_layers,
        subject.parameters["lower_threshold"],
        subject.parameters["upper_threshold"],
        subject.parameters["gate_bias"],
        subject.parameters["inhibition_factor"],
        subject.inhibition,
        mean_rotation=subject.mean_rotation,
    )
    assumes = "sets that share at most one neuron, independent shuffles, T large against the loads"
    ends = "deep in the seizure"
    return Form(STATE_EVOLUTION, dict(values), assumes, ends, values.stderr, values.network_sd)
