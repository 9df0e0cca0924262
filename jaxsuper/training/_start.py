"""Where training starts: from the construction, or from random matrices of its shapes."""

from collections.abc import Sequence

import jax

from .._errors import lookup
from .._types import KeyScalar
from ._network import PARTS, random_like, TrainableNetwork


# Name of a start -> scale of its random matrices, None for the construction itself.
STARTS = {"built": None, "random": "matched", "he": "he"}
# Folded into the key of the samples for the draw of the matrices.
_START = 10


def start_from(
    built: TrainableNetwork, start: str, *, key: KeyScalar, parts: Sequence[str] = PARTS[:3]
) -> TrainableNetwork:
    """Return the network that training starts from.

    Args:
        built: the construction.
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
