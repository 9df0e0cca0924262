"""Networks with programs of one's own, measured for claims; those by name are settings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

from ...allocation import allocate
from ...circuits import Rotation
from ...network import AbstractNetwork, build
from ...programs import Edges, Program
from ...simulation import Measurement, merge_networks, simulate
from ..prediction import predict, Prediction
from ._registry import Run


@dataclass(frozen=True)
class Programmed:
    """Networks of one program.

    Attributes:
        measurement: averaged over networks.
        networks: each on its own.
        first: the first of them.
    """

    measurement: Measurement
    networks: list[Measurement]
    first: AbstractNetwork

    def predict(self, n_active: int) -> Prediction:
        """Return what closed forms say."""
        return predict(self.first, n_active, state_evolution=False)


def programmed(
    run: Run,
    name: str,
    program_of: Callable[[Rotation], Program],
    *,
    n_circuits: int,
    n_layers: int,
    n_networks: int,
    n_active: int = 2,
    block_width: int = 300,
    redundancy: int = 5,
    family: str = "prime-steps",
    batch_size: int = 256,
    **parameters: float,
) -> Programmed:
    """Simulate networks of a program, each once per ledger.

    Args:
        run: the ledger's.
        name: of the program and its sizes, for what is kept.
        program_of: from circuits to the program.
        n_circuits: T.
        n_layers: L.
        n_networks: independent ones.
        n_active: z, groups that start.
        block_width: n.
        redundancy: S.
        family: of the sets.
        batch_size: samples of each.
        **parameters: of the circuits.
    """
    sets = allocate(block_width, redundancy, n_circuits, family)
    root = run.key(f"program {name}")

    def one(number: int, edges: Edges | None) -> tuple[AbstractNetwork, Measurement]:
        keys = jax.random.split(jax.random.fold_in(root, number), 3)
        circuits: Any = Rotation.random(n_circuits, key=keys[0], **parameters)
        edges = program_of(circuits).compile(n_layers) if edges is None else edges
        network = build(circuits, sets, n_layers, key=keys[1], edges=edges)
        return network, simulate(network, n_active, batch_size, key=keys[2])

    def every() -> Programmed:
        first, measured = one(0, None)
        rest = [one(number, first.edges)[1] for number in range(1, n_networks)]
        return Programmed(merge_networks([measured, *rest]), [measured, *rest], first)

    return run.once(("program", name, n_networks), every)
