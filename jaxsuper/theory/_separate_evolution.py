"""State evolution of indicators with neurons of their own: two populations, one driving the other.

The indicators of `network.Separate` do not depend on the payload: they are the clipped step network
on n_a neurons with S_a of them per circuit, a `Population` of its own. A payload neuron m meets them
through the circuits on it, by the loads of both designs:

    h_m = ( (1+chi') sum_{i in N(m)} alpha_i - chi' A ) / S_a,    g_m = sum_{t on m} R_t x_t
    y' = ReLU( (1+b) h_m - b + g_m ),    x_t = mean over payload neurons of y' - mean of alpha (1, 1)

An inactive circuit on m therefore brings y'/S_x of the active payload neurons that it shares, and
-alpha/S_a of the indicator neurons; the two designs are shuffled independently, so that these are
independent draws. Nothing is fitted; the assumptions are those of `state_evolution`.
"""

from typing import Any

import numpy as np

from .._errors import check
from ._occupancy import draw_meetings, expected_inhibition, occupancy
from ._state_evolution import Emitted, METRICS, Population, rectified


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
) -> dict[str, Any]:
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

    Returns:
        metric -> (L,), as `state_evolution`.

    Raises:
        ValueError: for z outside 1..T-1, L < 1, designs of different T or an unknown inhibition.
    """
    own, table = (np.asarray(loads, dtype=np.int64) for loads in (indicator_loads, payload_loads))
    T = len(own)
    check(len(table) == T, "payload_loads", f"must have {T} rows as the indicators", len(table))
    check(1 <= z < T, "z", f"must lie in 1..{T - 1}", z)
    check(L >= 1, "L", "must be at least 1", L)
    known = inhibition in ("scalar", "receiver")
    check(known, "inhibition", "must be scalar or receiver", inhibition)
    rng = np.random.default_rng(seed)
    indicators = Population(own, n_a, z, chi_factor, inhibition, rng)
    payload = _Payload(table, indicators, own, chi_factor, inhibition, rng)
    layers = []
    for layer in range(L):
        if layer == 0:
            fields, (h, g) = indicators.first_fields(), payload.first_fields()
        else:
            source = indicators.emitted()
            fields = indicators.later_fields()
            h, g = payload.fields_from(source)
        on = indicators.respond(*fields, lo, hi, b)[:2]
        layers.append((*on, *payload.follow(h, g, b, indicators.alpha.mean(2))))
    return dict(zip(METRICS, np.array(layers).T, strict=True))


class _Payload(Population):
    """The payload neurons of the samples and circuits of a population of indicators."""

    def __init__(self, table, indicators, own_table, chi_factor, inhibition, rng):
        super().__init__(table, 1, indicators.z, chi_factor, inhibition, rng)
        self.K, self.P, self.rows = indicators.K, indicators.P, indicators.rows
        T, S = table.shape
        largest = int(max(table.max(), own_table.max()))
        values, slots = np.unique(table, return_counts=True)
        sources, source_slots = np.unique(own_table, return_counts=True)
        scalar, each = expected_inhibition(
            values, slots / values, T, S, (sources, source_slots / sources, own_table.shape[1])
        )
        self.chi = np.full(largest + 1, scalar)
        if inhibition == "receiver":
            self.chi[values] = each
        self.chi *= chi_factor
        self.slope, self.offset, self.rest, self.own_offset = occupancy(T, largest)
        self.truth = np.exp(2j * np.pi * rng.random((self.K, self.z)))
        silent = np.zeros((self.K, self.P))
        self.estimate = np.concatenate([self.truth, silent], 1)

    def fields_from(self, source: Emitted):
        """Return the fields of a layer l > 1, from the indicators and the payload before it."""
        z, before, free = self.z, self.loads, ~self.shared[:, self.z :]
        leak = -(source.alpha * (1 + 1j))
        silent = (leak[:, z:] * ~source.shared[:, z:]).sum(-1) / source.alpha.shape[2]
        noise = (self.output[:, z:] * free).sum(-1) / self.S + silent
        g = self._new_layer()
        seen = source._replace(vector=leak[:, :z], noise=noise)
        h, met, others = self.meet(seen)
        brought = draw_meetings(
            self.rng, others, before[:, :z], self.output[:, :z], self.T, self.S
        )[2]
        return self._same_on_shared(h, g + met + brought)

    def follow(self, h, g, b, on):
        """Apply the ReLU, read out with the indicators, and return both errors of the vector."""
        self.output = rectified(h, g, b)
        self.estimate = self.output.mean(2) - on * (1 + 1j)
        self.note_sharing()
        return self.vector_errors()
