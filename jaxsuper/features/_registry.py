"""The embeddings by name, each as a function of T, D and a key."""

from collections.abc import Callable

from .._errors import check, lookup
from .._types import KeyScalar
from ._embedding import check_sizes, Embedding
from ._exact import cross_polytope, equiangular, polygon, simplex
from ._frames import tight_frame
from ._harmonic import harmonic_frame
from ._neurons import one_per_neuron, shared_neurons
from ._random import random_unit


def _simplex(n_features: int, width: int, key: KeyScalar) -> Embedding:
    check(n_features == width + 1, "n_features", f"must be {width + 1} for a simplex", n_features)
    return simplex(width)


def _cross_polytope(n_features: int, width: int, key: KeyScalar) -> Embedding:
    rule = f"must be {2 * width} for a cross polytope"
    check(n_features == 2 * width, "n_features", rule, n_features)
    return cross_polytope(width)


def _polygon(n_features: int, width: int, key: KeyScalar) -> Embedding:
    check(width == 2, "width", "must be 2 for a polygon", width)
    return polygon(n_features)


_KINDS: dict[str, Callable[[int, int, KeyScalar], Embedding]] = {
    "random-unit": lambda t, d, key: random_unit(t, d, key=key),
    "one-per-neuron": lambda t, d, key: one_per_neuron(t, d),
    "shared-neurons": lambda t, d, key: shared_neurons(t, d, key=key),
    "tight-frame": lambda t, d, key: tight_frame(t, d, key=key),
    "harmonic": lambda t, d, key: harmonic_frame(t, d, key=key),
    "simplex": _simplex,
    "cross-polytope": _cross_polytope,
    "polygon": _polygon,
    "equiangular": lambda t, d, key: equiangular(t, d),
}


def kinds() -> tuple[str, ...]:
    """Return the names that `make` takes."""
    return tuple(_KINDS)


def make(kind: str, n_features: int, width: int, *, key: KeyScalar) -> Embedding:
    """Return an embedding of a named kind; `sparse_code` needs sets and is called directly.

    Args:
        kind: one of `kinds()`.
        n_features: T, the number of features.
        width: D, the number of neurons.
        key: for those that are drawn or shuffled.

    Returns:
        The embedding.

    Raises:
        ValueError: for an unknown kind, or sizes that the kind does not exist for.
    """
    build = lookup(_KINDS, kind, "kind")
    check_sizes(n_features, width)
    return build(n_features, width, key)
