"""The distinct allocations of a bucket: each travels to the devices once and is indexed there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax.sharding import Mesh

from ..simulation import Configuration
from ._allocations import Allocations
from ._devices import place
from ._kernel import Program, table_of


class Designs:
    """Tables of allocations for the calls of one bucket.

    If all that the bucket needs fit into one table, every call has that table, which is placed once.
    Otherwise, as when every seed draws sets of its own, each device has those of its share of a call.
    """

    def __init__(
        self,
        allocations: Allocations,
        program: Program,
        mesh: Mesh,
        configurations: Sequence[Configuration],
    ) -> None:
        """Look at what will be run.

        Args:
            allocations: makes them.
            program: of the bucket.
            mesh: the devices.
            configurations: all that are to be run of the bucket.
        """
        self._allocations, self._program, self._mesh = allocations, program, mesh
        self._of_key = {allocations.key_of(one): one for one in configurations}
        few = len(self._of_key) <= program.designs
        self._shared = tuple(self._of_key) if few else None
        self._placed_keys: list[tuple] = []
        self._placed: Any = None

    def of(self, shares: Sequence[Sequence[Configuration]]) -> tuple[Any, list[np.ndarray]]:
        """Return the table for a call, on the devices, and where in it each configuration's is.

        Args:
            shares: the configurations of each device, of the first at least one.
        """
        tables, places = [], []
        for share in shares:
            keys = [self._allocations.key_of(one) for one in share]
            # A device without work has a table too.
            order = self._shared or tuple(dict.fromkeys(keys)) or tables[0][:1]
            index = {key: number for number, key in enumerate(order)}
            tables.append(order)
            places.append(np.array([index[key] for key in keys], np.int32))
        if tables != self._placed_keys:
            parts = [[self._allocations.of(self._of_key[key]) for key in keys] for keys in tables]
            self._placed = place(table_of(parts, self._program), self._mesh)
            self._placed_keys = tables
        return self._placed, places
