"""A network as plain matrices, written out from the definition of its construction.

    A^1 = ReLU( sum_{t active} E_t a_t^0 + B^1 ),   A^l = ReLU( W^l A^{l-1} + B^l ),
    estimate of circuit t at layer l = O_t^l A^l

For inspection, as a cross-check of the structured forward pass, and as what training starts from.
"""

from collections.abc import Callable
from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._errors import bad, lookup
from .._repr import html_fields
from .._types import ActiveIds
from ._network import AbstractNetwork
from ._registry import constructions, traits_of


# Makes something else of what reaches the neurons of a layer, (D, B), counted from 0.
Disturb: TypeAlias = Callable[[Array, int], Array]
_READ = {"last": slice(-1, None), "all": slice(None)}


class DenseNetwork(eqx.Module):
    """Matrices of a network of D neurons in each of L layers; R of the layers are read out.

    With a construction of k layers for each that is reported there are k (L-1) matrices, in the
    order of computation.

    Attributes:
        weights: (k (L-1), D, D), W^2..W^L, [to, from]; neuron i·n + m is neuron m of block i.
        biases: (1 + k (L-1), D), B^1..B^L.
        embedding: (T, D, d), E_t from the d inputs of each circuit; None if only W and B are
            written out.
        readout: (R, k, T, D), O^l of k channels for the last R layers, or None.
        precision: of matrix products.
    """

    weights: Float[Array, "gaps D D"]
    biases: Float[Array, "L D"]
    embedding: Float[Array, "T D d"] | None = None
    readout: Float[Array, "R k T D"] | None = None
    precision: str = eqx.field(static=True, default="highest")
    _repr_html_ = html_fields

    @property
    def n_layers(self) -> int:
        """L."""
        return self.biases.shape[0]

    def ends(self) -> tuple[Float[Array, "T D d"], Float[Array, "R k T D"]]:
        """Return E and O.

        Raises:
            ValueError: if W and B alone are written out.
        """
        if self.embedding is None or self.readout is None:
            rule = "must hold an embedding and a readout"
            raise bad("network", rule, "W and B alone", "write it out with `dense_network`")
        return self.embedding, self.readout

    def activations(
        self,
        active: ActiveIds,
        inputs: Float[Array, "d z B"],
        disturb: Disturb | None = None,
    ) -> Float[Array, "R D B"]:
        """Return A^l of the layers that are read out, with E and O written out.

        Args:
            active: (z, B), ids of the active circuits.
            inputs: (d, z, B), their inputs.
            disturb: changes what reaches the neurons of a layer, before the ReLU.

        Returns:
            (R, D, B).

        Raises:
            ValueError: if W and B alone are written out; so the methods below.
        """
        embedding, readout = self.ends()
        embedded = jnp.einsum("zbnd,dzb->nb", embedding[active], inputs, precision=self.precision)
        reaching = disturb or (lambda values, _: values)
        layers = [jax.nn.relu(reaching(embedded + self.biases[0][:, None], 0))]
        for weights, bias in zip(self.weights, self.biases[1:], strict=True):
            before = jnp.matmul(weights, layers[-1], precision=self.precision)
            layers.append(jax.nn.relu(reaching(before + bias[:, None], len(layers))))
        return jnp.stack(layers[-readout.shape[0] :])

    def estimates(self, activations: Float[Array, "R D B"]) -> Float[Array, "R k T B"]:
        """Return the estimated channels of all circuits."""
        readout = self.ends()[1]
        return jnp.einsum("rktn,rnb->rktb", readout, activations, precision=self.precision)

    def estimates_of(
        self, activations: Float[Array, "R D B"], active: Int[Array, "sets z B"]
    ) -> Float[Array, "R k z B"]:
        """Return the estimated channels of z circuits per sample alone.

        Args:
            activations: of the layers that are read out.
            active: (1 or R, z, B), which circuits; one entry if they are the same in every layer.

        Returns:
            (R, k, z, B).
        """
        readout = self.ends()[1]
        if active.shape[0] == 1:
            chosen = readout[:, :, active[0]]
        else:
            chosen = jax.vmap(lambda of_layer, ids: of_layer[:, ids])(readout, active)
        return jnp.einsum("rkzbn,rnb->rkzb", chosen, activations, precision=self.precision)


def neurons_that_exist(network: AbstractNetwork) -> Int[np.ndarray, " D"]:
    """Return which of the d·n entries of a layer, block after block, are neurons."""
    return np.flatnonzero(network.exists().reshape(-1))


def check_trainable(network: AbstractNetwork) -> None:
    """Raise a `ValueError` unless the construction is made of ReLU layers alone."""
    if network.traits.trainable:
        return
    names = ", ".join(name for name in constructions() if traits_of(name).trainable)
    raise bad("construction", f"must be one of {names}", network.traits.name)


def _readouts(network: AbstractNetwork, keep: Int[np.ndarray, " D"]) -> Float[Array, "L k T D"]:
    """Return the linear readout of every layer, by reading out one neuron after the other."""
    width = network.circuits.width
    size = width * network.block_width
    single = jnp.eye(size).reshape(width, network.block_width, size)
    channels = network.channels(single)

    def layer(sets):
        return network.readout(channels, network.means(channels, sets))[..., keep]

    return jax.lax.map(layer, network.placement.sets)


def dense_layers(network: AbstractNetwork) -> DenseNetwork:
    """Write out W and B of all layers, over all d·n entries: 4·k·(L-1)·D^2 bytes.

    Args:
        network: any of the constructions.

    Returns:
        W and B; the first layer is an embedding, of which only the circuits' bias is given.
    """
    size = network.circuits.width * network.block_width
    first = jnp.repeat(network.circuits.biases()[0], network.block_width)
    pairs = [pair for layer in range(1, network.n_layers) for pair in network.dense_layer(layer)]
    if not pairs:
        return DenseNetwork(jnp.zeros((0, size, size)), first[None], precision=network.precision)
    weights, biases = zip(*pairs, strict=True)
    return DenseNetwork(
        jnp.stack(weights), jnp.stack([first, *biases]), precision=network.precision
    )


@eqx.filter_jit
def _whole(network: AbstractNetwork) -> DenseNetwork:
    keep = neurons_that_exist(network)
    layers, (embedding, first) = dense_layers(network), network.dense_first()
    return DenseNetwork(
        layers.weights[:, keep[:, None], keep[None, :]],
        layers.biases[:, keep].at[0].set(first[keep]),
        embedding[:, keep],
        _readouts(network, keep),
        network.precision,
    )


def dense_network(network: AbstractNetwork, read: str = "last") -> DenseNetwork:
    """Write a construction out as matrices that run alone, over its D neurons.

    Takes 4·(L-1)·D^2 + 4·(d + R k) T D bytes.

    Args:
        network: of ReLU layers: clipped, plain, split, separate or carried.
        read: "last" to read out the last layer, "all" for all layers.

    Returns:
        A network that computes the same.

    Raises:
        ValueError: for another construction, whose layers are not all ReLU layers, or no such
            choice of layers.
    """
    check_trainable(network)
    layers = lookup(_READ, read, "read")
    whole = _whole(network)
    return eqx.tree_at(lambda dense: dense.readout, whole, whole.ends()[1][layers])
