"""A pool of circuits that networks draw theirs from: what a kind is for circuits that were not drawn."""

import hashlib
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._errors import check, check_kind
from .._limits import check_index
from .._types import KeyScalar
from ._base import AbstractCircuits, Layout
from ._gated import Gated
from ._guarded import Guarded
from ._mlp import MLP


class Pool:
    """P circuits of one's own, of which each network gets a random T; a kind by `register`.

    As many as the pool has are all different; of more, each is used as often as any other or once
    more. The means of the weights stay those of the pool, whatever T is.

    Attributes:
        circuits: the P circuits.
        layout, parameters: as of a class of circuits.
        identity: 16 hexadecimal digits that follow from the circuits alone.
    """

    def __init__(self, circuits: Gated | Guarded | MLP):
        """Make a pool.

        Args:
            circuits: the P circuits.
        """
        check_kind("circuits", circuits, Gated, Guarded, MLP)
        self.circuits = circuits
        self.layout: Layout = circuits.layout
        self.parameters: tuple[str, ...] = circuits.parameters
        arrays, rest = eqx.partition(circuits, eqx.is_array)
        digest = hashlib.sha256(repr((type(circuits).__name__, jax.tree.structure(rest))).encode())
        for leaf in jax.tree.leaves(arrays):
            digest.update(repr(leaf.shape).encode() + np.asarray(leaf).tobytes())
        self.identity = digest.hexdigest()[:16]

    def __repr__(self) -> str:
        """Return the sizes."""
        kind, layers = type(self.circuits).__name__, self.circuits.depth
        return (
            f"Pool({self.circuits.n_circuits} {kind}, d = {self.layout.width}, layers = {layers})"
        )

    def check_parameters(self, **parameters: Any) -> None:
        """Raise a `ValueError` for parameters that are out of range."""
        self.circuits.check_parameters(**parameters)

    def random(self, n_circuits: int, *, key: KeyScalar, **parameters: Any) -> Any:
        """Draw T circuits.

        Args:
            n_circuits: T.
            key: for the order.
            **parameters: of the circuits, in place of the pool's.

        Returns:
            The circuits.
        """
        check_index("n_circuits", n_circuits)
        self.check_parameters(
            **{name: getattr(self.circuits, name) for name in self.parameters} | parameters
        )
        order = jax.random.permutation(key, self.circuits.n_circuits)
        chosen = self.circuits.take(order[jnp.arange(n_circuits) % self.circuits.n_circuits])
        for name, value in parameters.items():
            check(name in self.parameters, name, "must be a parameter of the circuits", value)
        names = tuple(parameters)
        values = [jnp.asarray(parameters[name], jnp.float32) for name in names]
        return with_numbers(chosen, names, values)


def with_numbers(circuits: AbstractCircuits, names: Sequence[str], values: Any) -> Any:
    """Return the circuits with other numbers, whatever they were made with."""
    if not names:
        return circuits
    get = lambda each: [getattr(each, name) for name in names]
    return eqx.tree_at(get, circuits, list(values))
