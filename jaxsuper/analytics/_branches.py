"""Branches measured: in how many samples the circuit that is meant to be on is not, by margin."""

from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._arrays import root_key
from .._errors import check
from .._limits import check_index, check_seed
from ..allocation import allocate
from ..circuits import Rotation
from ..network import AbstractNetwork, build
from ..programs import Condition, Program
from ..simulation import forward, LayerView, sample_inputs
from ..theory import wrong_decisions
from .prediction import program_layers


_ON = 0.5


@dataclass(frozen=True)
class BranchPoint:
    """Decisions with one margin.

    Attributes:
        margin: m.
        wrong: (networks,), the share of decisions whose circuit's indicator is not above 1/2.
        square: (networks,), E (alpha - 1)^2 of the same circuits.
        theory: the share by the closed form.
        theory_square: E (alpha - 1)^2 by it.
        blind: the share if values could lie anywhere, so that the margin had no part in it.
    """

    margin: float
    wrong: Float[np.ndarray, " networks"]
    square: Float[np.ndarray, " networks"]
    theory: float
    theory_square: float
    blind: float

    @property
    def stderr(self) -> float:
        """The standard error of the mean share over networks."""
        return float(self.wrong.std(ddof=1) / len(self.wrong) ** 0.5)


def branch_program(
    circuits: Rotation, layer: int, margin: float | int, direction: tuple[float, ...] = (1.0, 0.0)
) -> Program:
    """Return threes of circuits, of which the first decides in one layer which other goes on.

    Args:
        circuits: three or more.
        layer: of the decision; before it the first circuits go on by themselves.
        margin: m.
        direction: w; the threshold is 0.
    """
    program = Program(circuits, own_successors=False)
    for group in range(circuits.n_circuits // 3):
        first, then, otherwise = range(3 * group, 3 * group + 3)
        program.start(first)
        for number in range(1, layer):
            program.keep(first, layer=number)
        on = Condition(direction, 0.0)
        program.branch(first, on=on, then=then, otherwise=otherwise, layer=layer, margin=margin)
    return program


@eqx.filter_jit
def _indicators(network: AbstractNetwork, n_active: int, layer: int, ids, key):
    """Return alpha of the circuits that are meant to be on after a layer, and those on before and then."""
    inputs = sample_inputs(
        network.circuits, n_active, network.n_layers, ids, key=key, edges=network.edges
    )

    def observe(view: LayerView):
        samples = jnp.arange(view.active.shape[1])[None]
        return view.estimates[0].at[view.active, samples].get(mode="fill", fill_value=jnp.nan)

    return forward(network, inputs, observe)[layer], inputs.active[layer - 1], inputs.active[layer]


def branch_law(
    margins: Sequence[float | int],
    *,
    network_width: int = 1200,
    n_circuits: int = 300,
    redundancy: int = 5,
    allocation: str = "prime-steps",
    n_active: int = 2,
    layer: int = 3,
    networks: int = 8,
    samples: int = 256,
    seed: int = 0,
) -> list[BranchPoint]:
    """Measure how often branches go wrong, and say what theory has.

    Every network is the same for all margins, but for the branch, and inputs are such that no value
    lies within its margin.

    Args:
        margins: m of each point.
        network_width: D.
        n_circuits: T, in threes of which one decides.
        redundancy: S.
        allocation: the family of the sets.
        n_active: z, groups that start.
        layer: in which the branch looks at its vector.
        networks: independent ones.
        samples: of each.
        seed: of everything random.

    Raises:
        ValueError: for bad sizes, or margins that no value lies outside of.
    """
    check_index("networks", networks, least=2)
    check_index("samples", samples)
    check_index("layer", layer)
    check_seed("seed", seed)
    low = min(margins, default=0)
    check(len(margins) > 0 and low > 0, "margins", "must hold numbers above 0", low)
    sets, root = allocate(network_width // 4, redundancy, n_circuits, allocation), root_key(seed)
    points = []
    for margin in margins:
        wrong, square, said = [], [], None
        for number in range(networks):
            keys = jax.random.split(jax.random.fold_in(root, number), 3)
            circuits = Rotation.random(n_circuits, key=keys[0])
            edges = branch_program(circuits, layer, margin).compile(layer + 2)
            network = build(circuits, sets, layer + 2, key=keys[1], edges=edges)
            ids = jnp.arange(samples, dtype=jnp.int32)
            alpha, before, active = map(
                np.asarray, _indicators(network, n_active, layer, ids, keys[2])
            )
            # The first circuits are on as well; what was decided are those that are new.
            new = (active < n_circuits) & ~(active[:, None] == before[None]).any(axis=1)
            wrong.append(float((alpha[new] <= _ON).mean()))
            square.append(float(((alpha[new] - 1) ** 2).mean()))
            said = program_layers(network, n_active) if said is None else said
        assert said is not None
        waiting, error = said[layer].waiting, said[layer - 1].opened
        blind = wrong_decisions(float(margin), error, redundancy, values=0.0).wrong
        found = np.array(wrong), np.array(square)
        points.append(BranchPoint(float(margin), *found, waiting.wrong, waiting.square, blind))
    return points
