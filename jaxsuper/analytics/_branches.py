"""Branches measured: in how many samples the circuit that is meant to be on is not, by margin."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

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
from ..theory import still_right, wrong_decisions
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


def tree_program(circuits: Rotation, depth: int, margin: float | int) -> Program:
    """Return trees of circuits: each decides which of its two children goes on, which decides again.

    Args:
        circuits: at least as many as a tree has.
        depth: decisions one after the other, in layers 1, 3, 5, ...
        margin: m of all of them.
    """
    program, size = Program(circuits, own_successors=False), 2 ** (depth + 1) - 1
    fits = circuits.n_circuits >= size
    check(fits, "circuits", f"must be at least {size} for a tree", circuits.n_circuits)
    for tree in range(circuits.n_circuits // size):
        program.start(tree * size)
        for node in range(2**depth - 1):
            # Children of node i are 2i + 1 and 2i + 2; its level is how often it can be halved.
            layer = 2 * (node + 1).bit_length() - 1
            ways = {"then": tree * size + 2 * node + 1, "otherwise": tree * size + 2 * node + 2}
            program.branch(
                tree * size + node,
                on=Condition((1.0, 0.0), 0.0),
                layer=layer,
                margin=margin,
                **ways,
            )
    return program


@dataclass(frozen=True)
class DepthPoint:
    """Trees of decisions after some of them.

    Attributes:
        decisions: how many.
        right: (networks,), the share of trees whose circuit that is meant to be on has an indicator
            above 1/2.
        theory: the chance that all of them were right, of `theory.still_right`.
        last: the chance that the last one is.
    """

    decisions: int
    right: Float[np.ndarray, " networks"]
    theory: float
    last: float


@eqx.filter_jit
def _indicators(network: AbstractNetwork, n_active: int, ids, key):
    """Return alpha of the circuits that are meant to be on, and which they are, (L, slots, B)."""
    inputs = sample_inputs(
        network.circuits, n_active, network.n_layers, ids, key=key, edges=network.edges
    )

    def observe(view: LayerView):
        samples = jnp.arange(view.active.shape[1])[None]
        return view.estimates[0].at[view.active, samples].get(mode="fill", fill_value=jnp.nan)

    return forward(network, inputs, observe), inputs.active


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
            program_of = partial(branch_program, layer=layer, margin=margin)
            network, alpha, active = _run(
                program_of, layer + 2, sets, n_active, samples, root, number
            )
            # The first circuits are on as well; what was decided are those that are new.
            before, now = active[layer - 1], active[layer]
            new = (now < n_circuits) & ~(now[:, None] == before[None]).any(axis=1)
            decided = alpha[layer][new]
            wrong.append(float((decided <= _ON).mean()))
            square.append(float(((decided - 1) ** 2).mean()))
            said = program_layers(network, n_active) if said is None else said
        assert said is not None
        waiting, error = said[layer].waiting, said[layer - 1].opened
        blind = wrong_decisions(float(margin), error, redundancy, values=0.0).wrong
        found = np.array(wrong), np.array(square)
        points.append(BranchPoint(float(margin), *found, waiting.wrong, waiting.square, blind))
    return points


def _run(program_of, n_layers: int, sets, n_active: int, samples: int, root, number: int):
    """Return one network of a program, alpha of circuits meant to be on, and which they are."""
    keys = jax.random.split(jax.random.fold_in(root, number), 3)
    circuits = Rotation.random(sets.n_circuits, key=keys[0])
    edges = program_of(circuits).compile(n_layers)
    network = build(circuits, sets, n_layers, key=keys[1], edges=edges)
    ids = jnp.arange(samples, dtype=jnp.int32)
    return network, *map(np.asarray, _indicators(network, n_active, ids, keys[2]))


def depth_law(
    depth: int = 3,
    *,
    margin: float | int = 0.35,
    network_width: int = 1200,
    n_circuits: int = 300,
    redundancy: int = 5,
    allocation: str = "prime-steps",
    n_active: int = 2,
    networks: int = 8,
    samples: int = 256,
    seed: int = 0,
) -> list[DepthPoint]:
    """Measure how often programs are still right after decisions one after the other.

    Args:
        depth: decisions.
        margin: m of each.
        network_width: D.
        n_circuits: T, in trees.
        redundancy: S.
        allocation: the family of the sets.
        n_active: z, trees that start.
        networks: independent ones.
        samples: of each.
        seed: of everything random.

    Raises:
        ValueError: for bad sizes.
    """
    check_index("depth", depth)
    check_index("networks", networks, least=2)
    check_index("samples", samples)
    check_seed("seed", seed)
    sets, root = allocate(network_width // 4, redundancy, n_circuits, allocation), root_key(seed)
    program_of = partial(tree_program, depth=depth, margin=margin)
    right, said = [], None
    for number in range(networks):
        network, alpha, active = _run(
            program_of, 2 * depth + 1, sets, n_active, samples, root, number
        )
        ends = range(2, 2 * depth + 1, 2)
        right.append([float((alpha[k][active[k] < n_circuits] > _ON).mean()) for k in ends])
        said = program_layers(network, n_active) if said is None else said
    assert said is not None
    decisions = [said[2 * place + 1].waiting for place in range(depth)]
    chances, found = still_right(decisions), np.array(right)
    return [
        DepthPoint(place + 1, found[:, place], chances[place], 1 - one.wrong)
        for place, one in enumerate(decisions)
    ]
