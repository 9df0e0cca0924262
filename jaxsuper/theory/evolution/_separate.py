"""State evolution of indicators with neurons of their own: two populations, one driving the other.

The indicators of `network.Separate` do not depend on the payload: they are the clipped step network
on n_a neurons with S_a of them per circuit, a `Population` of its own. A payload neuron m meets them
through the circuits on it, by the loads of both allocations:

    h_m = ( (1+chi') sum_{i in N(m)} alpha_i - chi' A ) / S_a,    g_m = sum_{t on m} R_t x_t
    y' = ReLU( (1+b) h_m - b + g_m ),    x_t = mean over payload neurons of y' - mean of alpha (1, 1)

An inactive circuit on m therefore brings y'/S_x of the active payload neurons that it shares, and
-alpha/S_a of the indicator neurons; the two allocations are shuffled independently, so that these are
independent draws. Nothing is fitted; the assumptions are those of `state_evolution`.
"""

from typing import Any

import numpy as np

from ..._errors import check
from ._fields import first_field, later_field, Sent, sent_by
from ._meetings import draw_meetings, leads_of
from ._placement import place, Placement, same_on_shared
from ._population import populate, Population
from ._rotations import draw_rotations
from ._state import errors, Fields, mean_of, rectified, respond, start, State, turned
from ._summary import Evolution, summarised


def separate_evolution(
    indicator_loads: Any,
    n_a: int,
    payload_loads: Any,
    n_x: int,
    z: int,
    L: int,
    lo: float = 0.25,
    hi: float = 0.75,
    b: float = 1.0,
    chi_factor: float = 1.0,
    inhibition: str = "scalar",
    seed: int = 0,
    mean_rotation: Any = None,
) -> Evolution:
    """Predict the errors of rotations (d = 4) whose indicators have neurons of their own.

    Args:
        indicator_loads: (T, S_a), the loads of the indicator neurons of every set.
        n_a: indicator neurons of a block.
        payload_loads: (T, S_x), those of the payload.
        n_x: payload neurons of a block.
        z: active circuits.
        L: layers.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        chi_factor: factor on all chi'.
        inhibition: "scalar" or "receiver".
        seed: of the populations.
        mean_rotation: as in `state_evolution`.

    Returns:
        metric -> (L,), as `state_evolution`.

    Raises:
        ValueError: for z outside 1..T-1, L < 1, allocations of different T, an unknown inhibition or an
            impossible mean rotation.
    """
    check(L >= 1, "L", "must be at least 1", L)
    T = len(indicator_loads)
    rows = len(payload_loads)
    check(rows == T, "payload_loads", f"must have {T} rows as the indicators", rows)
    indicators = populate(indicator_loads, n_a, z, chi_factor, inhibition)
    payload = populate(payload_loads, n_x, z, chi_factor, inhibition, source=indicators)
    rng = np.random.default_rng(seed)
    truth, estimate = start(payload, rng)
    on = state = None
    layers = []
    all_rotations = draw_rotations(mean_rotation, payload.circuits, T, L, rng)
    for rotations in all_rotations:
        own, placement = place(indicators, rng), place(payload, rng)
        truth, g = turned(placement, rotations, truth, estimate)
        if on is None or state is None:
            h_on, h = first_field(own), first_field(placement)
        else:
            sent = _sent_by(indicators, on, payload, state)
            h_on = later_field(indicators, own, sent, rotations.mean, rng)[0]
            h, met, others = later_field(payload, placement, sent, rotations.mean, rng)
            leads = leads_of(payload, state.placement)
            vectors = state.vector[:, :z]
            brought = draw_meetings(rng, others, leads, vectors, T, rotations.mean)
            g = g + met + brought.turned(brought.brought)
        on = respond(own, Fields(truth, h_on, np.zeros(h_on.shape, np.complex64)), lo, hi, b)
        state = _gated(placement, Fields(truth, h, g), on.alpha, b)
        estimate = state.estimate
        layers.append(errors(state))
    return summarised(layers, all_rotations[0].mean)


def _sent_by(indicators: Population, on: State, payload: Population, state: State) -> Sent:
    """Return what both send: an inactive circuit brings y'/S_x and -alpha/S_a of its neurons."""
    z = indicators.z
    leak = -on.alpha * np.complex64(1 + 1j)
    sent = sent_by(indicators, on._replace(vector=leak))
    free = ~state.placement.shared[:, z:]
    vector = sent.noise.vector + (state.vector[:, z:] * free).sum(-1) / payload.S
    return sent._replace(noise=sent.noise._replace(vector=vector))


def _gated(placement: Placement, fields: Fields, alpha, b: float) -> State:
    """Apply the ReLU of the payload, and read it out with the indicators."""
    h, g = (same_on_shared(placement, field) for field in (fields.h, fields.g))
    output = rectified(h, g, b)
    estimate = mean_of(output) - mean_of(alpha) * np.complex64(1 + 1j)
    return State(fields.truth, estimate, placement, alpha, output)
