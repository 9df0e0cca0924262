"""Carried and guessed indicators: closed forms, as far as closed gates do not leak."""

import numpy as np

from ... import theory
from ._prediction import CLOSED_FORM, Form
from ._subject import loads_rate, Subject


def carried(subject: Subject) -> Form | None:
    """Return the closed forms of rotations behind carried indicators.

    Where closed gates leak (`theory.carried_leak`) those of the payload are left out.
    """
    own, payload, z = subject.indicators, subject.allocation, subject.n_active
    assert own is not None
    e_a, e_x, constant = loads_rate(own), loads_rate(payload), subject.constant
    b = subject.parameters["gate_bias"]
    sizes = (own.block_width, own.redundancy, payload.block_width, payload.redundancy, z, b)

    def counted(others: int) -> float:
        """E(k/S)^2 for k indicator neurons shared with several circuits, counted each time."""
        return others * e_a + others * (others - 1) * (e_a * own.redundancy) ** 2

    values = {
        "mse_on_active": constant(counted(z - 1)),
        "mse_on_inactive": constant(counted(z)),
    }
    count, rates = subject.n_circuits, {"e_a": e_a, "e_x": e_x}
    if theory.carried_leak(count, *sizes, **rates) <= theory.CARRIED_LEAK_LIMIT:
        errors = theory.carried_errors(subject.n_layers, count, *sizes, **rates)
        values |= {name: np.array(each) for name, each in errors.items()}
    assumes = "a known (or rightly guessed) active set, even loads"
    return Form(CLOSED_FORM, values, assumes, "where what leaks through closed gates leaks again")
