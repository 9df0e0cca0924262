"""What a network does when weights that belong to no active circuit are taken out of it.

The source's prediction: with the true decomposition at hand, removing what is left over should improve
performance. W = sum_t P_t + rest, P_t the part of circuit t (`_components`); A is the set of circuits that
are active in a sample. What is kept:

    full          W, the network as it is
    parts         sum_t P_t: without clipping, inhibition and correction, all circuits' links as they are
    shared-links  W, but on links that several circuits use the parts of the active ones alone
    active        sum_{t in A} P_t: nothing of the circuits that are off, and no rest
    oracle        W between neurons of active circuits, without ReLU: the construction of that name

Biases stay, so does the first layer, which is exact. Only what one active circuit does to another is
left in `active`. Source of the question: [S]; measured: notes#parts-of-the-weights.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._errors import check, one_of
from .._limits import check_index
from .._settings import Configuration, IDENTITY
from ..network import AbstractNetwork
from ..simulation import forward, LayerView, prepare, sample_inputs, samples_key
from ._components import Components, components


KEPT = ("full", "parts", "shared-links", "active", "oracle")
_ORACLE = "oracle"


class Removed(eqx.Module):
    """The matrices of a network, and what each circuit has of them.

    Attributes:
        whole: (K-1, D, D), what is kept for all samples alike.
        to: (K-1, T + 1, R), neurons that each circuit writes, D for none.
        from_: (K-1, T + 1, R), those it reads.
        own: (K-1, T + 1, R, R), what is kept of each active circuit's part.
        biases: (K-1, D).
    """

    whole: Float[Array, "gaps D D"]
    to: Int[Array, "gaps T1 R"]
    from_: Int[Array, "gaps T1 R"]
    own: Float[Array, "gaps T1 R R"]
    biases: Float[Array, "gaps D"]

    def before(self, gap: int, A: Float[Array, "D B"], active: Int[Array, "z B"]) -> Array:
        """Return what reaches the neurons of the next layer."""
        ids = jnp.minimum(active, self.own.shape[1] - 1)
        columns = jnp.arange(A.shape[1])[None, :, None]
        read = A.at[self.from_[gap][ids], columns].get(mode="fill", fill_value=0.0)
        sent = jnp.einsum("zbij,zbj->zbi", self.own[gap][ids], read, precision="highest")
        total = jnp.matmul(self.whole[gap], A, precision="highest") + self.biases[gap][:, None]
        return total.at[self.to[gap][ids], columns].add(sent, mode="drop")


def removed(parts: Components, kept: str) -> Removed:
    """Return a network without some of its weights.

    Args:
        parts: of the network.
        kept: of `KEPT`, but the oracle.
    """
    one_of(KEPT[:-1], kept, "kept")
    whole, own, ends = [], [], ([], [])
    for layer, one in enumerate(parts.parts, 1):
        D = one.n_neurons
        values = one.weights[:, one.rows[:, None], one.rows[None, :]]
        if kept == "full":
            whole.append(parts.weights(layer))
        elif kept == "parts":
            whole.append(one.total())
        elif kept == "active":
            whole.append(np.zeros((D, D), np.float32))
        else:
            shared: Bool[np.ndarray, "D D"] = one.users() > 1
            whole.append(np.where(shared, np.float32(0), parts.weights(layer)))
            values = values * shared[one.to[:, :, None], one.from_[:, None, :]]
        if kept in ("full", "parts"):
            values = np.zeros_like(values)
        # One circuit more, for slots that hold none.
        own.append(np.concatenate([values, np.zeros_like(values[:1])]))
        for lists, neurons in zip(ends, (one.to, one.from_), strict=True):
            lists.append(np.concatenate([neurons, np.full_like(neurons[:1], D)]))
    stacked = (jnp.asarray(np.stack(each)) for each in (whole, *ends, own, parts.biases[1:]))
    return Removed(*stacked)


def _errors(network: AbstractNetwork, view: LayerView) -> Float[Array, "readouts B"]:
    """Return the squared error per active circuit, by readout and sample."""
    columns = jnp.arange(view.active.shape[1])[None]
    rows = []
    for _, channels in network.circuits.layout.readouts:
        picked = jnp.array(channels)
        off = view.estimates[picked][:, view.active, columns] - view.truth[picked]
        rows.append((off**2).sum(axis=0).mean(axis=0))
    return jnp.stack(rows)


@eqx.filter_jit
def _run(network, without, n_active, ids, key):
    inputs = sample_inputs(network.circuits, n_active, network.n_layers, ids, key=key)
    if without is None:
        return forward(network, inputs, lambda view: _errors(network, view))
    activations = network.first_layer(*inputs.embedded())
    found = []
    for layer, sets in enumerate(network.placement.sets):
        channels = network.channels(activations)
        estimates = network.readout(channels, network.means(channels, sets))
        active = inputs.active_at(layer)
        found.append(
            _errors(network, LayerView(activations, estimates, active, inputs.truth[layer]))
        )
        if layer + 1 < network.n_layers:
            flat = activations.reshape(-1, len(ids))
            before = without.before(layer, flat, active).reshape(activations.shape)
            activations = jax.nn.relu(before)
    return jnp.stack(found)


def removal_rows(
    settings: Configuration,
    n_active: int,
    n_samples: int = 128,
    networks: int = 3,
    kept: Sequence[str] = KEPT,
) -> list[dict[str, Any]]:
    """Measure networks without some of their weights.

    Args:
        settings: of a construction of ReLU layers whose neurons all exist (clipped, plain, split), without
            a program; its `network` is the first.
        n_active: z.
        n_samples: of each network, the same whatever is kept.
        networks: independent ones, at least 2.
        kept: of `KEPT`.

    Returns:
        Rows {kept, readout, layer, value, stderr, by_network}: squared errors per active circuit, means
        over networks with their standard errors, and those of each network.

    Raises:
        ValueError: for another construction, or names that there are not.
    """
    check_index("n_active", n_active)
    check_index("n_samples", n_samples)
    check_index("networks", networks, 2)
    for name in kept:
        one_of(KEPT, name, "kept")
    check(settings.edges == IDENTITY, "settings", "must have no edges", settings.edges)
    found: dict[str, list[np.ndarray]] = {name: [] for name in kept}
    readouts: list[str] = []
    for number in range(networks):
        one = replace(settings, network=settings.network + number)
        made, key, ids = prepare(one), samples_key(one), jnp.arange(n_samples, dtype=jnp.int32)
        plain = made.traits.trainable and bool(made.exists().all())
        rule = "must be of ReLU layers whose neurons all exist: clipped, plain or split"
        check(plain, "settings", rule, settings.construction)
        parts = components(made)
        readouts = [name for name, _ in made.circuits.layout.readouts]
        for name in kept:
            if name == _ORACLE:
                network, without = prepare(replace(one, construction=_ORACLE)), None
            else:
                network, without = made, removed(parts, name)
            values = _run(network, without, n_active, ids, key)
            found[name].append(np.asarray(values, np.float64).mean(axis=-1))
    rows = []
    for name, each in found.items():
        mean, draws = np.mean(each, axis=0), np.stack(each)
        error = np.std(each, axis=0, ddof=1) / networks**0.5
        for layer, readout in np.ndindex(mean.shape):
            rows.append(
                {
                    "kept": name,
                    "readout": readouts[readout],
                    "layer": layer + 1,
                    "value": float(mean[layer, readout]),
                    "stderr": float(error[layer, readout]),
                    "by_network": draws[:, layer, readout].tolist(),
                }
            )
    return rows
