"""The clipped construction with clean-up layers: closed forms."""

import numpy as np

from ... import theory
from ._prediction import CLOSED_FORM, Form
from ._subject import loads_rate, Subject


def cleaned(subject: Subject) -> Form:
    """Return the closed forms of rotations behind clean indicators."""
    z, size, e, constant = (
        subject.n_active,
        subject.allocation.redundancy,
        loads_rate(subject.allocation),
        subject.constant,
    )
    errors = theory.cleaned_active_mse(subject.n_layers, subject.n_circuits, e, z)
    values = {
        "mse_on_active": constant(0.0),
        "mse_on_inactive": constant(theory.inactive_first_layer_mse(z, size, e * size**2)),
        "mse_x_inactive": constant(z * e),
        "mse_x_active": np.array(errors),
    }
    assumes = "active indicators stay 1 and no inactive circuit opens a gate"
    ends = "where inactive indicators cross the lower threshold; no theory says where that is"
    return Form(CLOSED_FORM, values, assumes, ends)
