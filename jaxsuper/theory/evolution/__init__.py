"""State evolution: a distribution over inputs, circuits and neurons, carried from layer to layer.

A frozen `State` is what a layer sends on; a step draws a fresh layer of neurons, adds up the fields
that reach them, and lets them respond:

    placement = place(population, rng)                  who uses the neurons (`_placement`)
    rotations = draw_rotations(mean_rotation, ...)      how circuits turn their vectors (`_rotations`)
    fields    = later_field(population, placement, ...) what reaches them (`_meetings`, `_erroneous`)
    state     = respond(placement, fields, ...)         what they send on (`_state`)
    evolution = summarised(errors of all layers, ...)   means, with errors and spread (`_summary`)

Each mechanism is what one function returns, so that it can be scaled or left out from outside, by a
test that replaces the function:

    feedback of indicators      `_fields.mean_of`
    shared neurons              `_placement.draw_sharing`
    met neurons                 `_fields.counted_once`, and `_meetings.leads_of` for vectors
    erroneous neurons           `_fields.erroneous`, indicators first; `_erroneous._drawn` for vectors
    counted once                `_population.occupancy`: slope, offset, variance
    mean rotation               `_rotations.mean_rotations`
"""

from ._clipped import state_evolution
from ._programs import Ends, Passage, program_evolution
from ._separate import separate_evolution


__all__ = ["Ends", "Passage", "program_evolution", "separate_evolution", "state_evolution"]
