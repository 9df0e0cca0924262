"""Programs by name, that fill any number of circuits, and random ones."""

from collections.abc import Callable

import numpy as np

from .._errors import check, lookup
from .._limits import check_index, check_seed
from ..circuits import AbstractCircuits
from ._condition import Condition
from ._program import Program


# Of the branches: how far x[0] is from 0.
MARGIN = 0.2
_FIRST = Condition((1.0, 0.0), 0.0)
_Circuits = AbstractCircuits | int


def _enough(program: Program, needed: int, name: str) -> int:
    """Return how many groups of circuits there are; raise a `ValueError` if there is none."""
    rule = f"must be at least {needed} for the edges {name!r}"
    check(program.n_circuits >= needed, "n_circuits", rule, program.n_circuits)
    return program.n_circuits // needed


def _relay(circuits: _Circuits, n_layers: int) -> Program:
    """Every circuit hands its vector on to the next one, in every layer."""
    del n_layers
    program = Program(circuits, own_successors=False)
    for circuit in range(program.n_circuits):
        program.relay(circuit, to=(circuit + 1) % program.n_circuits)
    return program


def _chain(circuits: _Circuits, n_layers: int) -> Program:
    """Chains of L different circuits, each of which works in one layer alone."""
    program = Program(circuits, own_successors=False)
    for chain in range(_enough(program, n_layers, "chain")):
        first = chain * n_layers
        program.start(first)
        for layer in range(1, n_layers):
            program.relay(first + layer - 1, to=first + layer, layer=layer)
    return program


def _merge(circuits: _Circuits, n_layers: int) -> Program:
    """Threes: two circuits that start together merge in the third, which hands on to both again."""
    program = Program(circuits, own_successors=False)
    for group in range(_enough(program, 3, "merge")):
        one, other, third = range(3 * group, 3 * group + 3)
        program.start(one, other)
        for layer in range(1, n_layers):
            if layer % 2:
                program.merge([one, other], to=third, layer=layer)
            else:
                program.fan_out(third, to=[one, other], layer=layer)
    return program


def _branch(circuits: _Circuits, n_layers: int) -> Program:
    """Threes: the first decides which of the others goes on, which hands on to the first again."""
    program = Program(circuits, own_successors=False)
    for group in range(_enough(program, 3, "branch")):
        first, then, otherwise = range(3 * group, 3 * group + 3)
        program.start(first)
        for layer in range(1, n_layers, 3):
            if layer + 1 >= n_layers:
                program.keep(first, layer=layer)
                continue
            ways = {"then": then, "otherwise": otherwise, "margin": MARGIN}
            program.branch(first, on=_FIRST, layer=layer, **ways)
            if layer + 2 < n_layers:
                program.relay(then, to=first, layer=layer + 2)
                program.relay(otherwise, to=first, layer=layer + 2)
    return program


_NAMED: dict[str, Callable[[_Circuits, int], Program]] = {
    "relay": _relay,
    "branch": _branch,
    "merge": _merge,
    "chain": _chain,
}


def program_names() -> tuple[str, ...]:
    """Return the names that `named_program` takes."""
    return tuple(_NAMED)


def named_program(name: str, circuits: _Circuits, n_layers: int) -> Program:
    """Return a program that fills any number of circuits and layers.

    Args:
        name: "relay" (every circuit hands on to the next), "branch" (threes, the first decides),
            "merge" (threes, two add up in the third) or "chain" (L different circuits).
        circuits: or how many there are.
        n_layers: L.

    Raises:
        ValueError: for an unknown name, or too few circuits.
    """
    check_index("n_layers", n_layers)
    return lookup(_NAMED, name, "edges")(circuits, n_layers)


def random_program(
    circuits: _Circuits, *, fan_in: int = 1, fan_out: int = 1, depth: int, seed: int = 0
) -> Program:
    """Draw a graph in which as many circuits as can be feed others, in layers 1..depth.

    Every source feeds `fan_out` different circuits of the next layer, and every target is fed by
    `fan_in`, any of which switches it on. All others hand nothing on.

    Args:
        circuits: or how many there are.
        fan_in: edges into a circuit that has any.
        fan_out: edges out of a circuit that has any.
        depth: layers with edges out of them, L - 1 or fewer.
        seed: of the graph.

    Raises:
        ValueError: for numbers below 1, or too few circuits for them.
    """
    for name, value in {"fan_in": fan_in, "fan_out": fan_out, "depth": depth}.items():
        check_index(name, value)
    check_seed("seed", seed)
    program = Program(circuits, own_successors=False)
    count = program.n_circuits
    # Sources times fan-out are targets times fan-in, in the smallest whole numbers of both.
    common = int(np.gcd(fan_in, fan_out))
    per_source, per_target = fan_in // common, fan_out // common
    blocks = count // max(per_source, per_target)
    n_sources, n_targets = blocks * per_source, blocks * per_target
    rule = f"must be at least {max(fan_in, fan_out)} for such a fan-in and fan-out"
    check(n_sources >= fan_in and n_targets >= fan_out, "n_circuits", rule, count)
    random = np.random.default_rng(seed)
    for layer in range(1, depth + 1):
        sources = random.permutation(count)[:n_sources]
        targets = random.permutation(count)[:n_targets]
        ends = _regular(n_sources, n_targets, fan_out, random)
        for source, target in ends.tolist():
            program.relay(int(sources[source]), to=int(targets[target]), layer=layer)
    return program


def _regular(n_sources: int, n_targets: int, fan_out: int, random: np.random.Generator):
    """Return pairs (source, target) of a random graph with equal fan-in, no pair twice.

    The k-th edges lead along a ring of the targets in random order: with n edges out of every source
    they are numbered through, and consecutive numbers are different targets.
    """
    sources = np.repeat(np.arange(n_sources), fan_out)
    targets = np.arange(len(sources)) % n_targets
    orders = random.permutation(n_sources), random.permutation(n_targets)
    return np.stack([orders[0][sources], orders[1][targets]], axis=1)
