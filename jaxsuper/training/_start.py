"""Where training starts: from the construction, or from random matrices of its shapes."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp

from .._errors import lookup, one_of
from .._types import KeyScalar
from ..network import DenseNetwork
from ._parts import PARTS, split


# Name of a start -> scale of its random matrices, None for the construction itself.
STARTS = {"built": None, "random": "matched", "he": "he"}
_SCALES = ("matched", "he")
# Folded into the key of the samples for the draw of the matrices.
_START = 10


def random_like(
    network: DenseNetwork,
    *,
    key: KeyScalar,
    scale: str = "matched",
    parts: Sequence[str] = PARTS[:3],
) -> DenseNetwork:
    """Return a random network of the same shapes.

    Every matrix is Gaussian with mean 0, biases are 0.

    Args:
        network: the one whose shapes and scales are taken.
        key: for the draw.
        scale: "matched" for the root mean square of each matrix that is replaced, layer by layer;
            "he" for (2/D)^(1/2) between layers, which keeps the size of activations (He et al.
            2015), the rest matched.
        parts: what is drawn, of `PARTS`; the rest is kept.

    Returns:
        The random network.

    Raises:
        ValueError: for an unknown scale or part, or a network without embedding and readout.
    """
    one_of(_SCALES, scale, "scale")
    embedding, readout = network.ends()
    keys = jax.random.split(key, 3)

    def matched(values, of_part, axes):
        size = jnp.sqrt(jnp.mean(values**2, axis=axes, keepdims=True))
        return jax.random.normal(of_part, values.shape) * size

    between = jnp.full_like(network.weights, (2 / network.biases.shape[1]) ** 0.5)
    drawn = DenseNetwork(
        weights=matched(between if scale == "he" else network.weights, keys[1], (1, 2)),
        biases=jnp.zeros_like(network.biases),
        embedding=matched(embedding, keys[0], (0, 1, 2)),
        readout=matched(readout, keys[2], (1, 2, 3)),
        precision=network.precision,
    )
    return eqx.combine(split(drawn, parts)[0], split(network, parts)[1])


def start_from(
    built: DenseNetwork, start: str, *, key: KeyScalar, parts: Sequence[str] = PARTS[:3]
) -> DenseNetwork:
    """Return the network that training starts from.

    Args:
        built: the construction, written out.
        start: "built"; "random", Gaussian of the same scale; or "he", Gaussian of He's scale.
        key: root key of the samples.
        parts: what is trained and therefore drawn, of `PARTS`.

    Returns:
        The network.

    Raises:
        ValueError: for an unknown start or part.
    """
    scale = lookup(STARTS, start, "start")
    if scale is None:
        return built
    return random_like(built, key=jax.random.fold_in(key, _START), scale=scale, parts=parts)
