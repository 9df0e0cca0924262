"""Private links: closed forms."""

import numpy as np

from ... import theory
from ._prediction import CLOSED_FORM, Form
from ._subject import loads_rate, Subject


def private(subject: Subject) -> Form:
    """Return the closed forms of rotations with private links."""
    z, count, sets = subject.n_active, subject.n_circuits, subject.allocation
    n, size, e, constant = sets.block_width, sets.redundancy, loads_rate(sets), subject.constant
    # An indicator counts open neurons, once each, like that of the published first layer.
    on = theory.inactive_first_layer_mse(z, size, e * size**2)
    values = {
        "mse_on_active": constant(0.0),
        "mse_on_inactive": constant(on),
        "mse_x_inactive": constant(z * e),
        "mse_x_active": np.array(theory.private_active_mse(subject.n_layers, count, n, size, z, e)),
    }
    assumes = "a known active set, closed gates stay closed, open neurons do not clip noise"
    ends = "where the noise on a closed neuron exceeds the gate bias b"
    return Form(CLOSED_FORM, values, assumes, ends)
