"""Error-correcting layers: a clean-up layer before every computing layer of the clipped network."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._arrays import take_rows
from .._errors import check
from .._types import Activations, ActiveIds, Channels, CircuitValues
from ..allocation import Allocation
from ..circuits import AbstractCircuits
from ._base import stacked
from ._clipped import Clipped


class Cleaned(Clipped):
    """Each of the L computing layers comes after a clean-up layer, 2L layers in all.

    The published layer gates its payload with the raw sum Ctilde alpha, before the step has cut
    it: on a neuron that two active circuits share the gate opens twice, and all noise of the sum
    enters the payload. Here the indicators go one layer ahead. The clean-up layer l moves them to
    the sets M^l and cuts them there, while the payload waits on its neurons, x_m in 0..n-1,

        alpha_m = step( (Ctilde alpha^{l-1} / S)_m ),      h_m = ReLU( x_m^{l-1} + 1 )

    and the computing layer l opens each neuron with its own, clean indicator:

        g_m = ReLU( (1+b) alpha_m - b ),     y_m = ReLU( (1+b) alpha_m - b + sum_{t on m} R_t x_t ),
        x_t = mean of h - 1 over M_t^{l-1},  x_m = y_m - g_m

    Rows of a clean-up layer are on0, on1, h0, h1, those of a computing layer g, 0, y0, y1. The
    gate is its own offset, so that no error of the indicator enters x on an open neuron; waiting
    loses nothing, because y >= 0 and g <= 1. The first clean-up layer is the exact embedding, of
    payloads that have been rotated already: h = 1 + sum_{t active} e_t^1 R_t x_t. The sets, the
    weights Ctilde and the step are those of `Clipped`; since g follows alpha above b/(1+b) only,
    indicators see the step with lower threshold lo + (hi - lo) b/(1+b).

    L counts computing layers: only they are wired, read out and reported. A comparison at equal
    depth is with a `Clipped` of 2L layers. Closed form: `theory.cleaned_active_mse`. Suggested in
    the outlook of Linsefors and Bushnaq, "Rotations in Superposition" (2025), and by Hänni et al.
    (2024); this form of it is not in the sources.

    Attributes:
        circuits, placement, connected, inhibition, inhibition_factor, precision: see `Clipped`.
    """

    layers_per_step: ClassVar[int] = 2

    @classmethod
    def check_parts(cls, circuits: AbstractCircuits, allocation: Allocation) -> None:
        """Raise a `ValueError` unless the circuits are rotations with a step of two neurons."""
        del allocation
        names = [name for name, _ in circuits.layout.readouts]
        fits = names == ["on", "x"] and circuits.width == 4
        rule = "must be rotations with 2 neurons for the on-indicator"
        check(fits, "circuits", rule, type(circuits).__name__, "use rotation")

    def layer_parameters(self) -> tuple[Array, ...]:
        """Return what `Clipped` does, and biases."""
        return *super().layer_parameters(), stacked(self.circuits.biases(), self.n_layers)

    def step(
        self, mean: Float[Array, "d r"], bias: Float[Array, " d"], seen: Float[Array, "n B"]
    ) -> Float[Array, "n B"]:
        """Return on0 - on1 of a clean-up layer that sees these sums."""
        return jax.nn.relu(mean[0, 0] * seen + bias[0]) - jax.nn.relu(mean[1, 0] * seen + bias[1])

    def gated(
        self,
        mean: Float[Array, "d r"],
        bias: Float[Array, " d"],
        alpha: Float[Array, "n B"],
        brought: Float[Array, "out n B"],
    ) -> Activations:
        """Return a computing layer before its ReLU, from clean indicators and moved payloads."""
        rows = self.circuits.layout.difference_outputs
        gates = [mean[row, 0] * alpha + bias[row] for row in rows]
        closed = jnp.full_like(alpha, 0.0)
        return jnp.stack([gates[0], closed, *(g + x for g, x in zip(gates, brought, strict=True))])

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the active circuits exactly into the first clean-up layer, and compute."""
        layout = self.circuits.layout
        seen = jnp.einsum("kd,dzb->kzb", layout.matrix, inputs, precision=self.precision)
        rotated = jnp.einsum(
            "zboi,izb->ozb",
            self.circuits.difference_weights()[0][active],
            take_rows(seen, layout.difference_channels),
            precision=self.precision,
        )
        held = self.embed(jnp.concatenate([seen[:1], rotated]), active)
        mean, bias = self.circuits.mean_weights()[0], self.circuits.biases()[0]
        alpha = self.step(mean, bias, held[0])
        brought = jax.nn.relu(held[1:] + 1) - 1
        before = self.gated(mean, bias, alpha, brought)
        return self.activate(before, self.placement.sets[0], active)

    def preactivation(
        self, parameters: tuple[Array, ...], channels: Channels, means: CircuitValues
    ) -> Activations:
        """A clean-up layer and the computing layer after it up to its ReLU, biases included.

        The waiting payload is read as `means`: its ReLU never cuts.
        """
        mean, difference, clipped, members, bias = parameters
        seen = jnp.matmul(clipped, channels[0], precision=self.precision)
        brought = self.spread(self.difference(difference, means), members)
        return self.gated(mean, bias, self.step(mean, bias, seen), brought)

    def next_layer(
        self,
        parameters: tuple[Array, ...],
        bias: Float[Array, " d"],
        sets: Int[Array, "T S"],
        active: ActiveIds,
        channels: Channels,
        means: CircuitValues,
    ) -> Activations:
        """Return the next computing layer; biases are among the parameters."""
        del bias
        return self.activate(self.preactivation(parameters, channels, means), sets, active)
