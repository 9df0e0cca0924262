"""A superposed network as plain matrices, all of them free to be trained.

    A^1 = ReLU( sum_{t active} E_t a_t^0 + B^1 ),   A^l = ReLU( W^l A^{l-1} + B^l ),
    estimate of circuit t at layer l = O_t^l A^l

E, W, B and O of a construction are written out from its definition; which neurons carry which
circuit is no longer known to the network. Entries of a construction that are no neurons (see
`network.TwoPart`) are left out, so that every weight is one the network could use.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._errors import check, lookup, one_of
from .._types import ActiveIds, KeyScalar
from ..circuits import small_weights
from ..network import (
    AbstractNetwork,
    Carried,
    Clipped,
    dense_parameters,
    EarlyGuess,
    indicators,
    Plain,
    Separate,
    Split,
    TwoPart,
)


# Constructions that are ReLU layers and nothing else, the embedding of the input included.
_TRAINABLE = (Clipped, Plain, Split, Separate, Carried)
# The arrays of a network, in order.
PARTS = ("embedding", "weights", "biases", "readout")
_READ = {"last": slice(-1, None), "all": slice(None)}


class TrainableNetwork(eqx.Module):
    """Matrices of a network of D neurons in each of L layers; R of the layers are read out.

    Attributes:
        embedding: (T, D, d), E_t from the d inputs of each circuit.
        weights: (L-1, D, D), W^2..W^L, [to, from].
        biases: (L, D), B^1..B^L.
        readout: (R, k, T, D), O^l for the last R layers.
        precision: of matrix products.
    """

    embedding: Float[Array, "T D d"]
    weights: Float[Array, "gaps D D"]
    biases: Float[Array, "L D"]
    readout: Float[Array, "R k T D"]
    precision: str = eqx.field(static=True)

    @property
    def n_layers(self) -> int:
        """L."""
        return self.biases.shape[0]

    def activations(
        self, active: ActiveIds, inputs: Float[Array, "d z B"]
    ) -> Float[Array, "R D B"]:
        """Return A^l of the layers that are read out.

        Args:
            active: (z, B), ids of the active circuits.
            inputs: (d, z, B), their inputs.

        Returns:
            (R, D, B).
        """
        embedded = jnp.einsum(
            "zbnd,dzb->nb", self.embedding[active], inputs, precision=self.precision
        )
        layers = [jax.nn.relu(embedded + self.biases[0][:, None])]
        for weights, bias in zip(self.weights, self.biases[1:], strict=True):
            before = jnp.matmul(weights, layers[-1], precision=self.precision)
            layers.append(jax.nn.relu(before + bias[:, None]))
        return jnp.stack(layers[-self.readout.shape[0] :])

    def estimates(self, activations: Float[Array, "R D B"]) -> Float[Array, "R k T B"]:
        """Return the estimated channels of all circuits."""
        return jnp.einsum("rktn,rnb->rktb", self.readout, activations, precision=self.precision)

    def estimates_of(
        self, activations: Float[Array, "R D B"], active: ActiveIds
    ) -> Float[Array, "R k z B"]:
        """Return the estimated channels of z circuits per sample alone."""
        chosen = self.readout[:, :, active]
        return jnp.einsum("rkzbn,rnb->rkzb", chosen, activations, precision=self.precision)


def neurons_of(network: AbstractNetwork) -> Int[np.ndarray, " D"]:
    """Return which of the d·n entries of a layer, block after block, are neurons."""
    total = network.circuits.width * network.block_width
    if isinstance(network, TwoPart):
        with jax.ensure_compile_time_eval():
            return np.flatnonzero(np.asarray(network.exists()).reshape(-1) > 0)
    return np.arange(total)


def check_trainable(network: AbstractNetwork) -> None:
    """Raise a `ValueError` unless the construction is made of ReLU layers alone."""
    fits = isinstance(network, _TRAINABLE) and not isinstance(network, EarlyGuess)
    kind = type(network)
    # The oracle may be written as a kind of clipped network, but is told what is active.
    fits = fits and kind in _TRAINABLE
    names = ", ".join(one.__name__.lower() for one in _TRAINABLE)
    check(fits, "construction", f"must be one of {names}", kind.__name__.lower())


def _input_embedding(
    network: AbstractNetwork, keep: Int[np.ndarray, " D"]
) -> tuple[Float[Array, "T D d"], Float[Array, " D"]]:
    """Return E and B^1 of a construction."""
    circuits = network.circuits
    weights, bias = small_weights(circuits, 0), circuits.biases()[0]
    if isinstance(network, Carried):
        # It embeds what the small circuits hold after their own bias and ReLU, which does nothing
        # to active ones: their alpha is 1 at the input, so that the bias can be read from it.
        alpha = jnp.asarray(circuits.layout.matrix[0])
        weights = weights + (bias[:, None] * alpha[None, :])[None]
        bias = jnp.zeros_like(bias)
    sets = indicators(network, 0)
    full = sets[:, None, :, None] * weights[:, :, None, :]
    flat = full.reshape(network.n_circuits, -1, circuits.width)
    return flat[:, keep], jnp.repeat(bias, network.block_width)[keep]


def _readouts(network: AbstractNetwork, keep: Int[np.ndarray, " D"]) -> Float[Array, "L k T D"]:
    """Return the linear readout of every layer, by reading out one neuron after the other."""
    width = network.circuits.width
    size = width * network.block_width
    single = jnp.eye(size).reshape(width, network.block_width, size)
    channels = network.channels(single)

    def layer(sets):
        return network.readout(channels, network.means(channels, sets))[..., keep]

    return jax.lax.map(layer, network.placement.sets)


@eqx.filter_jit
def _written_out(network: AbstractNetwork) -> TrainableNetwork:
    keep = neurons_of(network)
    dense = dense_parameters(network)
    embedding, first = _input_embedding(network, keep)
    return TrainableNetwork(
        embedding,
        dense.weights[:, keep[:, None], keep[None, :]],
        dense.biases[:, keep].at[0].set(first),
        _readouts(network, keep),
        network.precision,
    )


def from_construction(network: AbstractNetwork, read: str = "last") -> TrainableNetwork:
    """Write a construction out as matrices: 4·(L-1)·D^2 + 4·(d + R k) T D bytes.

    Args:
        network: clipped, plain, split, separate or carried.
        read: "last" to read out the last layer, "all" for all layers.

    Returns:
        A network that computes the same.

    Raises:
        ValueError: for another construction, whose layers are not all ReLU layers, or no such
            choice of layers.
    """
    check_trainable(network)
    layers = lookup(_READ, read, "read")
    whole = _written_out(network)
    return eqx.tree_at(lambda made: made.readout, whole, whole.readout[layers])


def random_like(
    network: TrainableNetwork,
    *,
    key: KeyScalar,
    scale: str = "matched",
    parts: Sequence[str] = PARTS[:3],
) -> TrainableNetwork:
    """Return a random network of the same shapes.

    Every matrix is Gaussian with mean 0, biases are 0.

    Args:
        network: the network to take after.
        key: for the draw.
        scale: "matched" for the root mean square of each matrix that is replaced, layer by layer;
            "he" for (2/D)^(1/2) between layers, which keeps the size of activations (He et al.
            2015), the rest matched.
        parts: what is drawn, of `PARTS`; the rest is kept.

    Returns:
        The random network.

    Raises:
        ValueError: for an unknown scale or part.
    """
    lookup({"matched": None, "he": None}, scale, "scale")
    keys = jax.random.split(key, 3)

    def matched(values, one_key, axes):
        size = jnp.sqrt(jnp.mean(values**2, axis=axes, keepdims=True))
        return jax.random.normal(one_key, values.shape) * size

    between = jnp.full_like(network.weights, (2 / network.biases.shape[1]) ** 0.5)
    drawn = TrainableNetwork(
        matched(network.embedding, keys[0], (0, 1, 2)),
        matched(between if scale == "he" else network.weights, keys[1], (1, 2)),
        jnp.zeros_like(network.biases),
        matched(network.readout, keys[2], (1, 2, 3)),
        network.precision,
    )
    return eqx.combine(split(drawn, parts)[0], split(network, parts)[1])


def perturbed(network: TrainableNetwork, amount: float, *, key: KeyScalar) -> TrainableNetwork:
    """Return the network with Gaussian noise on embedding, weights and biases.

    Args:
        network: the network.
        amount: the noise, relative to the root mean square of each array.
        key: for the noise.

    Returns:
        The disturbed network.

    Raises:
        ValueError: if the amount is negative.
    """
    check(amount >= 0, "amount", "must be at least 0", amount)
    keys = jax.random.split(key, 3)

    def noisy(values, one_key):
        scale = amount * jnp.sqrt(jnp.mean(values**2))
        return values + scale * jax.random.normal(one_key, values.shape)

    return TrainableNetwork(
        noisy(network.embedding, keys[0]),
        noisy(network.weights, keys[1]),
        noisy(network.biases, keys[2]),
        network.readout,
        network.precision,
    )


def split(
    network: TrainableNetwork, names: Sequence[str]
) -> tuple[TrainableNetwork, TrainableNetwork]:
    """Split a network into the arrays that are trained and the others.

    Args:
        network: the network.
        names: of `PARTS`.

    Returns:
        (trained, fixed), None in the places of the other's arrays; `equinox.combine` joins them.

    Raises:
        ValueError: for an unknown name, or none at all.
    """
    check(len(names) > 0, "trained", f"must name at least one of {', '.join(PARTS)}", "none")
    for name in names:
        one_of(PARTS, name, "trained")
    chosen = [name in names for name in PARTS]
    return eqx.partition(network, jax.tree.unflatten(jax.tree.structure(network), chosen))


def supports(network: AbstractNetwork) -> Bool[Array, "gaps D D"]:
    """Return the pairs of neurons, of all blocks, that some circuit uses both of.

    Args:
        network: the construction.

    Returns:
        (L-1, D, D), [to, from], over the neurons of `from_construction`.
    """
    keep = neurons_of(network)
    width = network.circuits.width

    def one(layer):
        before, after = indicators(network, layer - 1), indicators(network, layer)
        shared = jnp.matmul(after.T, before, precision="highest") > 0
        return jnp.tile(shared, (width, width))[keep[:, None], keep[None, :]]

    return jax.lax.map(one, jnp.arange(1, network.n_layers))
