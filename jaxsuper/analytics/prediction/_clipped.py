"""The clipped construction and its oracle: closed forms, and state evolution of the clipped one."""

import numpy as np
from jaxtyping import Float

from ... import theory
from ._own import own_evolution, own_form
from ._prediction import CLOSED_FORM, Form, PUBLISHED, STATE_EVOLUTION
from ._subject import set_loads, Subject


_ASSUMES = "no inactive circuit switches on; active circuits do not amplify errors"
_ENDS = "where inactive indicators cross the lower threshold: see state evolution"
_ROTATION_ASSUMES = "idle neurons fire because of active ones alone; active indicators stay 1"
_ROTATION_ENDS = "where idle neurons make others fire: see `theory.in_working_regime`"
_LEVELS = {"levels2": 2, "levels4": 4, "levels8": 8}


def clipped(subject: Subject) -> Form | None:
    """Return the closed forms of the clipped weights, for any circuits."""
    if not subject.kind:
        return own_form(subject)
    if subject.kind == "rotation":
        return Form(CLOSED_FORM, _rotations(subject), _ROTATION_ASSUMES, _ROTATION_ENDS)
    return Form(CLOSED_FORM, _named_circuits(subject), _ASSUMES, _ENDS)


def _rotations(subject: Subject) -> dict[str, Float[np.ndarray, " L"]]:
    errors = theory.rotation_errors(
        set_loads(subject.allocation),
        subject.n_active,
        subject.n_layers,
        subject.parameters["lower_threshold"],
        subject.parameters["upper_threshold"],
        subject.parameters["gate_bias"],
        rectified=subject.construction != "oracle",
        overlap_rate=subject.overlap_rate,
    )
    return _named_circuits(subject) | {name: np.array(v) for name, v in errors.items()}


def _named_circuits(subject: Subject) -> dict[str, Float[np.ndarray, " L"]]:
    z, e, constant = subject.n_active, subject.overlap_rate, subject.constant
    allocation = subject.allocation
    share = theory.correct_active_fraction(z, allocation.redundancy, allocation.block_width)
    # Which stairs are on depends on the level; the indicator's blocks do not.
    blocks = 2 if subject.kind in _LEVELS else subject.layout.width
    values = {f"frac_active_neurons_block{block}": constant(share) for block in range(blocks)}
    values["mse_on_inactive"] = constant(theory.inactive_mse(z, e))
    if subject.kind in _LEVELS and z == 1 and subject.construction != "oracle":
        sizes = allocation.redundancy, allocation.n_circuits, allocation.block_width
        values["mse_x_active"] = theory.level_errors(
            _LEVELS[subject.kind], *sizes, subject.n_layers, e
        )
    if subject.kind in ("rotation", "step", *_LEVELS):
        values["mse_on_active"] = constant(0.0)
    if subject.kind == "rotation3":
        values["mse_x_inactive"] = constant(theory.inactive_mse(z, e))
    if subject.kind == "step":
        # An active step holds 1 / (hi - lo) times what its input exceeds a threshold by.
        low, high = (subject.parameters[f"{end}_threshold"] for end in ("lower", "upper"))
        for index, held in enumerate(((1 - low) / (high - low), (1 - high) / (high - low))):
            power = theory.inactive_mse(z, e, held**2)
            values[f"mse_a{index}_inactive"] = constant(power)
    return values


def as_published(subject: Subject) -> Form | None:
    """Return the published closed forms, where they were stated: rotations (d = 4) with b = 1."""
    if subject.kind != "rotation" or subject.parameters["gate_bias"] != 1:
        return None
    sets = subject.allocation
    width = subject.layout.width * sets.block_width
    errors = theory.rotation_errors_published(
        width, sets.n_circuits, sets.redundancy, subject.n_active, subject.n_layers
    )
    share = theory.correct_active_fraction(subject.n_active, sets.redundancy, sets.block_width)
    values = {name: np.array(each) for name, each in errors.items()} | {
        f"frac_active_neurons_block{block}": subject.constant(share)
        for block in range(subject.layout.width)
    }
    assumes = "rho for the overlap rate, T rho^2 for what mean weights do; nothing fires by mistake"
    return Form(
        PUBLISHED, values, assumes, "where the closed form, which corrects it, says something else"
    )


def clipped_evolution(subject: Subject) -> Form | None:
    """Return the state evolution of clipped weights, collapse included: of rotations (d = 4) and own."""
    if not subject.kind:
        return own_evolution(subject)
    if subject.kind != "rotation":
        return None
    values = theory.state_evolution(
        set_loads(subject.allocation),
        subject.allocation.block_width,
        subject.n_active,
        subject.n_layers,
        lo=subject.parameters["lower_threshold"],
        hi=subject.parameters["upper_threshold"],
        b=subject.parameters["gate_bias"],
        chi_factor=subject.parameters["inhibition_factor"],
        inhibition=subject.inhibition,
        mean_rotation=subject.mean_rotation,
    )
    assumes = "sets that share at most one neuron, independent shuffles, T large against the loads"
    ends = "where single networks differ: by a third in layer 6 at the published size"
    return Form(STATE_EVOLUTION, dict(values), assumes, ends, values.stderr, values.network_sd)
