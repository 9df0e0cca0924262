"""Error-correcting layers: a clean-up layer before every computing layer of the clipped network."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._arrays import as_float, take_rows
from .._settings import PARAMETERS
from .._types import Activations, ActiveIds, Channels, CircuitValues
from ..circuits import layer_of
from ..programs import Edges
from . import _shared as shared
from ._clipped import AbstractClipped, AbstractClippedLayer, clipped_fields
from ._edges import decided_alone
from ._network import ROTATION, Traits
from ._placement import indicator_vectors
from ._sums import gather_sum
from ._wiring import (
    blockwise,
    clipped_rests,
    counted,
    ends_of,
    Gap,
    identical,
    repeated,
    Rest,
    Wiring,
)


def _cannot(edges: Edges) -> str:
    given = edges.weights is not None
    return (
        "has no layer that a weight could be given for: every one is split in two" if given else ""
    )


class CleanedLayer(AbstractClippedLayer):
    """A clean-up layer and the computing layer after it up to its ReLU.

    Attributes:
        closing: (L-1, T), 1/S for a circuit whose gate is to stay shut though it is on, else 0; None
            if there are no branches.
        counted: (L-1, n), which neurons are no padding; None without branches.
    """

    closing: Float[Array, "gaps T"] | None = None
    counted: Bool[Array, "gaps n"] | None = None

    def __call__(self, channels: Channels, means: CircuitValues) -> Activations:
        """Return the computing layer before its ReLU.

        The waiting payload is read as `means`: its ReLU never cuts.
        """
        layout, change = self.layout, self.brought(means)
        # Edges that switch write on-neurons too, which the clean-up layer has.
        switched = change[: layout.width - 2] if len(change) == layout.width else None
        alpha = _step(self.mean, self.bias, self.seen(channels[0]), switched)
        moved = change[-2:]
        if self.closing is not None and self.counted is not None:
            own = gather_sum(jnp.where(self.counted[:, None], alpha, 0.0)[None], self.sets)
            shut = shared.spread(self.closing[None, :, None] * own, self.members, self.sets)
            moved = moved - self.mean[2, 0] * shut
        return _gated(self.mean, self.bias, alpha, moved)


class Cleaned(AbstractClipped):
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

    With edges the clean-up layer takes what they switch on and off, or decide, and the gate follows
    it. But a circuit that a branch has decided has no vector yet, y = ReLU(-b) = 0: links of its
    neurons to each other, -(1+b) alpha_t, keep its gate shut for that layer. Weights that are given
    for a layer are not for this construction, which splits every layer in two.

    L counts computing layers: only they are placed, read out and reported. A comparison at equal
    depth is with a `Clipped` of 2L layers. Closed form: `theory.cleaned_active_mse`. Suggested in
    the outlook of Linsefors and Bushnaq, "Rotations in Superposition" (2025), and by Hänni et al.
    (2024); this form of it is not in the sources.
    """

    traits: ClassVar[Traits] = Traits(
        "cleaned",
        needs=ROTATION,
        options=("inhibition", "inhibition_factor", "edges"),
        tunable=PARAMETERS,
        assumes="2L layers",
        layers_per_step=2,
        cannot=_cannot,
    )
    activate = shared.rectified
    channels = shared.circuit_channels
    means = shared.means_over_sets
    readout = shared.means_as_they_are
    exists = shared.all_exist
    dense_first = shared.no_dense_first

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom."""
        return _cleaned_wiring(self)

    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Embed the active circuits exactly into the first clean-up layer, and compute."""
        circuits, layout = self.circuits, self.circuits.layout
        seen = jnp.einsum("kd,dzb->kzb", layout.matrix, inputs, precision=self.precision)
        rotated = jnp.einsum(
            "zboi,izb->ozb",
            circuits.difference_weights()[0][active],
            take_rows(seen, layout.difference_channels),
            precision=self.precision,
        )
        held = shared.embed(self.placement, jnp.concatenate([seen[:1], rotated]), active)
        mean, bias = circuits.mean_weights()[0], circuits.biases()[0]
        brought = jax.nn.relu(held[1:] + 1) - 1
        before = _gated(mean, bias, _step(mean, bias, held[0]), brought)
        return self.after(before, self.placement.sets[0], active)

    def layers(self) -> CleanedLayer:
        """Return computing layers 2..L with the clean-up layers before them."""
        fields = clipped_fields(self)
        if fields["arrivals"] is not None and len(fields["layout"].difference_outputs) > 2:
            # Gates follow the clean indicators, whatever edges add to indicators.
            fields["difference"] = fields["difference"].at[:, :, -2:, 0].set(0.0)
        if self.edges is not None and self.edges.deciding:
            placement = self.placement
            shape = self.n_layers - 1, self.block_width
            counted = True if placement.counted is None else placement.counted
            fields["counted"] = jnp.broadcast_to(counted, shape)
            each = as_float(placement.extent.redundancy)
            fields["closing"] = decided_alone(self.edges).astype(jnp.float32) / each
        return CleanedLayer(**fields)

    def dense_layer(self, layer: int) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
        """Write the clean-up layer before array layer `layer`, and that layer, out."""
        circuits, n = self.circuits, self.block_width
        sets = [indicator_vectors(self.placement, layer - 1 + i) for i in range(2)]
        before, after = shared.edge_vectors(self.edges, layer, *sets)
        mean = circuits.mean_weights()
        mean, own = mean[layer if mean.shape[0] > 1 else 0], shared.dense_own(self, layer)[0]
        bias = shared.bias_of(circuits, layer)
        eye, alpha = jnp.eye(n), jnp.array([1.0, -1.0])
        # Rows on0, on1, h0, h1, from g, 0, y0, y1.
        clean = jnp.zeros((4, n, 4, n))
        clean = clean.at[:2, :, 0].set(mean[:2, :, None] * self.dense_tilde(layer)[None])
        switched = shared.outer(own[:, :2], after, before) / self.redundancy
        # Of on1 there is none: its row is that of 0.
        clean = clean.at[:2].add(switched.at[:, :, 1].set(0.0))
        for row in (2, 3):
            clean = clean.at[row, :, row].set(eye).at[row, :, 0].set(-eye)
        waiting = jnp.concatenate([jnp.repeat(bias[:2], n), jnp.ones(2 * n)])
        # Rows g, 0, y0, y1, from on0, on1, h0, h1.
        links = shared.outer(own[:, 2:, 2:], after, before) / self.redundancy
        compute = jnp.zeros((4, n, 4, n)).at[2:, :, 2:].set(links)
        waiting_alone = self._dense_waiting(layer, sets[1])
        for row, gate in zip((0, 2, 3), (2, 2, 3), strict=True):
            opener = mean[gate, 0] * alpha[None, :, None] * eye[:, None, :]
            if row > 0:
                opener = opener - mean[row, 0] * alpha[None, :, None] * waiting_alone[:, None]
            compute = compute.at[row, :, :2].set(opener)
        opened = jnp.repeat(bias[2:], n) - links.sum(axis=(2, 3)).reshape(-1)
        shut = jnp.concatenate([jnp.full(n, bias[2]), jnp.zeros(n), opened])
        size = 4 * n
        return [(clean.reshape(size, size), waiting), (compute.reshape(size, size), shut)]

    def _dense_waiting(self, layer: int, sets: Float[Array, "T n"]) -> Float[Array, "n n"]:
        """Return sum e_t ⊗ e_t / S over those that a branch, and nothing else, has switched on."""
        if self.edges is None:
            return jnp.zeros((self.block_width, self.block_width))
        targets, nothing = self.edges.targets[layer - 1], jnp.zeros(self.n_circuits)
        decides, opens = (
            nothing.at[targets].add(jnp.asarray(which[layer - 1], jnp.float32), mode="drop")
            for which in (self.edges.decides, self.edges.opens)
        )
        alone = ((decides > 0) & (opens == 0)).astype(jnp.float32)
        return jnp.matmul((sets * alone[:, None]).T, sets, precision="highest") / self.redundancy


def _cleaned_wiring(self: Cleaned) -> Wiring:
    """Return the wiring: an embedding into the first clean-up layer, then layer after layer."""
    circuits, n, each = self.circuits, self.block_width, self.redundancy
    sets = identical(self.placement, 4)
    eye, alpha = np.eye(n, dtype=np.float32), np.array([1.0, -1.0], np.float32)
    waits = np.zeros((4, 4), np.float32)
    waits[[2, 3], [2, 3]], waits[2:, 0] = 1.0, -1.0
    every = np.arange(self.n_circuits, dtype=np.int32)

    def gates(layer: int) -> np.ndarray:
        mean = np.asarray(layer_of(circuits.mean_weights(), layer))
        own = np.zeros((4, 4), np.float32)
        own[[0, 2, 3], :2] = mean[[2, 2, 3]] * alpha
        return own

    def first() -> Gap:
        own = gates(0)
        own[[2, 3], [2, 3]] = 1.0
        bias = np.asarray(shared.bias_of(circuits, 0))
        shut = repeated([bias[2], 0.0, bias[2] - 1, bias[3] - 1], n)
        nobody, nothing = np.zeros(0, np.int32), np.zeros((0, 4, 4), np.float32)
        return Gap(
            nobody, nobody, nothing, (Rest("gates", True, lambda: blockwise(own, eye)),), shut
        )

    def pair(layer: int) -> tuple[Gap, Gap]:
        sources, targets, there = ends_of(self, layer)
        own, opens = (np.asarray(part)[there] for part in shared.dense_own(self, layer))
        mean = np.asarray(layer_of(circuits.mean_weights(), layer))
        bias, opening = np.asarray(shared.bias_of(circuits, layer)), opens > 0
        # Of g, which is alpha after a gate, indicators are made; on1 there is none.
        steps = np.zeros((4, 4), np.float32)
        steps[:2, 0] = mean[:2, 0]
        clean = opens[:, None, None] * steps[None]
        clean[:, :2] += np.where(np.arange(4) == 1, 0.0, own[:, :2])
        before, after = sets[layer - 1][:, 0], sets[layer][:, 0]
        count = counted(after[targets[opening]], before[sources[opening]], n)
        chi = np.asarray(self.inhibition[layer - 1] * self.inhibition_factor)
        rests = (
            *clipped_rests(steps, count, chi, each),
            Rest("waiting", True, lambda: blockwise(waits, eye)),
        )
        waiting = repeated([bias[0], bias[1], 1.0, 1.0], n)
        cleaning = Gap(sources, targets, (clean / each).astype(np.float32), rests, waiting)
        moved = np.zeros_like(own)
        moved[:, 2:, 2:] = own[:, 2:, 2:] / each
        opened = repeated([bias[2], 0.0, bias[2], bias[3]], n)
        arrived = np.zeros((n, 4), np.float32)
        np.add.at(arrived, after[targets], moved.sum(axis=2)[:, None])
        opened = opened - arrived.T * each
        # What a branch has decided is a circuit's own, from itself to itself.
        shut = every[:0]
        if self.edges is not None and self.edges.deciding:
            shut = every[np.asarray(decided_alone(self.edges)[layer - 1])]
        closing = np.zeros((len(shut), 4, 4), np.float32)
        closing[:, 2:, :2] = -mean[2:] * alpha / each
        from_, to = (np.concatenate([ids, shut]) for ids in (sources, targets))
        own_gates = gates(layer)
        gate = Rest("gates", True, lambda: blockwise(own_gates, eye))
        links = np.concatenate([moved, closing]).astype(np.float32)
        return cleaning, Gap(from_, to, links, (gate,), opened.astype(np.float32))

    gaps = [first()]
    # The payload waits on the neurons of the layer before while the indicators go ahead.
    neurons = [sets[0], sets[0]]
    for layer in range(1, self.n_layers):
        gaps += pair(layer)
        ahead = np.concatenate([sets[layer][:, :2], sets[layer - 1][:, 2:]], axis=1)
        neurons += [ahead, sets[layer]]
    layout, steps = circuits.layout, np.asarray(circuits.mean_weights()[0])
    bias = np.asarray(shared.bias_of(circuits, 0))
    embedding = np.zeros((self.n_circuits, 4, 4), np.float32)
    embedding[:, :2] = steps[:2] * layout.matrix[0]
    reads = layout.matrix[list(layout.difference_channels)]
    embedding[:, 2:] = np.asarray(circuits.difference_weights()[0]) @ reads
    return Wiring(
        neurons=tuple(neurons),
        embedding=embedding,
        first_bias=repeated([bias[0], bias[1], 1.0, 1.0], n),
        gaps=tuple(gaps),
        reported=tuple(range(1, 2 * self.n_layers, 2)),
        reading=layout.matrix / np.float32(each),
        reading_all=np.zeros_like(layout.matrix),
        reading_constant=np.zeros(len(layout.matrix), np.float32),
    )


def _step(
    mean: Float[Array, "d r"],
    bias: Float[Array, " d"],
    seen: Float[Array, "n B"],
    switched: Float[Array, "2 n B"] | None = None,
) -> Float[Array, "n B"]:
    """Return on0 - on1 of a clean-up layer that sees these sums, and what edges add."""
    rows = [mean[row, 0] * seen + bias[row] for row in range(2)]
    if switched is not None:
        rows = [row + added for row, added in zip(rows, switched, strict=True)]
    return jax.nn.relu(rows[0]) - jax.nn.relu(rows[1])


def _gated(
    mean: Float[Array, "d r"],
    bias: Float[Array, " d"],
    alpha: Float[Array, "n B"],
    brought: Float[Array, "out n B"],
) -> Activations:
    """Return a computing layer before its ReLU, from clean indicators and moved payloads."""
    gates = [mean[row, 0] * alpha + bias[row] for row in (2, 3)]
    closed = jnp.full_like(alpha, 0.0)
    return jnp.stack([gates[0], closed, *(g + x for g, x in zip(gates, brought, strict=True))])
