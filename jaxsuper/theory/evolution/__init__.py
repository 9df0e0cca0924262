"""State evolution: a distribution over inputs, circuits and neurons, carried from layer to layer.

A frozen `State` is what a layer sends on; a step draws a fresh layer of neurons, adds up the fields
that reach them, and lets them respond:

    placement = place(population, rng)                      who uses the neurons (`_placement`)
    fields    = later_fields(population, placement, ...)    what reaches them (`_meetings`, `_erroneous`)
    state     = respond(population, placement, fields, ...) what they send on (`_state`)
"""

from ._clipped import state_evolution
from ._separate import separate_evolution


__all__ = ["separate_evolution", "state_evolution"]
