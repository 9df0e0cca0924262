"""The discrete choices: for every kind of design the settings of its structures, with a start."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp

from .._arrays import root_key
from ..circuits import exact_trajectory, identity_of, layer_of, layout_of, pool_of, width_of
from ..simulation import capacity_of, Configuration
from ._problem import held_as, of_problem, Problem


# (lo, hi): the published pair, and pairs that leave room for a larger error of inactive indicators.
THRESHOLDS = ((0.25, 0.75), (0.4, 0.8), (0.5, 0.9), (0.6, 0.9))
# (S of indicators, S of payload, (p, q)), few, since each takes seconds to predict: indicators on p/q
# times as many neurons as they have where all blocks are equal.
_SEPARATE = ((3, 3, (1, 1)), (6, 3, (3, 2)), (4, 2, (3, 2)), (3, 6, (2, 3)))
# The larger the circuits, the less do more indicators take from the rest.
_SEPARATE_OWN = ((6, 3, (3, 2)), (8, 4, (2, 1)), (8, 3, (3, 1)))
# Of circuits of one's own, that frees mean weights of most of their noise (notes#any-circuits).
_OWN_GATE = 0.5
# Of which the largest drive is taken.
_N_DRAWS = 4096
# A published choice that does not hold T has the largest S below that does.
PUBLISHED_REDUNDANCY = 6


def holds(configuration: Configuration) -> bool:
    """Return whether the sets of a configuration hold its circuits."""
    capacity = capacity_of(configuration)
    return capacity is None or capacity >= configuration.n_circuits


def _whole_blocks(problem: Problem, circuit: str = "") -> int:
    """Return the largest multiple of d that is not above D."""
    d = width_of(circuit or problem.circuit)
    return problem.network_width // d * d


def published(problem: Problem) -> list[Configuration]:
    """Return prime steps, .25/.75, b = 1, S = 6 or the largest S below that holds T."""
    width = _whole_blocks(problem)
    structures = [
        of_problem(problem, network_width=width, allocation="prime-steps", redundancy=s)
        for s in range(PUBLISHED_REDUNDANCY, 1, -1)
    ]
    return [configuration for configuration in structures if holds(configuration)][:1]


def clipped(problem: Problem) -> list[Configuration]:
    """Return clipped weights by S, with low and with high thresholds."""
    width, gate = _whole_blocks(problem), _gate(problem)
    return [
        of_problem(
            problem,
            network_width=width,
            redundancy=s,
            lower_threshold=low,
            upper_threshold=high,
            **gate,
        )
        for s, (low, high) in product((2, 3, 4, 6, 8), (THRESHOLDS[0], THRESHOLDS[-1]))
    ]


def _gate(problem: Problem) -> dict[str, float]:
    return {"gate_bias": _OWN_GATE} if problem.own else {}


def cleaned(problem: Problem) -> list[Configuration]:
    """Return clipped weights with clean-up layers."""
    width = _whole_blocks(problem)
    shared = {"construction": "cleaned", "lower_threshold": 0.4, "upper_threshold": 0.7}
    return [of_problem(problem, network_width=width, redundancy=s, **shared) for s in (3, 4)]


def separate(problem: Problem) -> list[Configuration]:
    """Return recomputed indicators on neurons of their own."""
    shared = {"lower_threshold": 0.6, "upper_threshold": 0.9, **_gate(problem)}
    d, m = width_of(problem.circuit), len(layout_of(problem.circuit).difference_outputs)
    choices = [
        (own, payload, p * (d - m) / (p * (d - m) + q * m))
        for own, payload, (p, q) in (_SEPARATE_OWN if problem.own else _SEPARATE)
    ]
    return _own_indicators(problem, choices, **shared)


def carried(problem: Problem, indicator: str = "carried") -> list[Configuration]:
    """Return indicators that are carried, or guessed early, on neurons of their own."""
    choices = product((4, 6, 8, 10, 12), (1, 2, 3, 4, 6), (0.2, 0.3, 0.4, 0.5))
    shared = {"indicator": indicator, "circuit": "rotation3", "gate_bias": 0.5}
    return _own_indicators(problem, choices, **shared)


def guessed(problem: Problem) -> list[Configuration]:
    """Return the structures of carried indicators, with a guess in place of the truth."""
    return carried(problem, "early-guess")


def _own_indicators(
    problem: Problem, choices: Iterable[tuple[int, int, float]], **shared: Any
) -> list[Configuration]:
    """Return a structure for each (S of indicators, S of payload, share of D)."""
    return [
        of_problem(
            problem,
            indicator_redundancy=own,
            redundancy=payload,
            indicator_share=share,
            **shared,
        )
        for own, payload, share in choices
    ]


def private(problem: Problem) -> list[Configuration]:
    """Return private links by S, with gates that hold."""
    circuit = (held_as(problem.circuit, "private") if problem.own else None) or "rotation3"
    width = _whole_blocks(problem, circuit)
    drive = 1.0
    if problem.own:
        drive = _largest_drive(circuit, identity_of(circuit), problem.n_layers)
    return [
        of_problem(
            problem,
            network_width=width,
            redundancy=s,
            gate_bias=closing_bias(s, problem.n_active, drive),
            construction="private",
            circuit=circuit,
        )
        for s in range(2, 17)
    ]


@lru_cache(maxsize=8)
def _largest_drive(circuit: str, identity: str, n_layers: int) -> float:
    """Return the largest |W_t y + b_t| of a pool's circuits that was found among random inputs."""
    del identity  # A file's circuits may change; a search asks for every T.
    pool = pool_of(circuit)
    if pool is None:
        return 1.0
    chosen = jnp.arange(_N_DRAWS) % pool.n_circuits
    draw = lambda key: pool.sample_input(key=key)
    inputs = jax.vmap(draw)(jax.random.split(root_key(0), _N_DRAWS))
    states = exact_trajectory(pool, chosen, inputs, n_layers)
    reads = pool.layout.matrix[list(pool.layout.difference_channels)]
    drives = [
        jnp.abs(
            jnp.einsum(
                "noi,ni->no", layer_of(pool.difference_weights(), layer)[chosen], state @ reads.T
            )
        )
        for layer, state in enumerate(states[:-1])
    ]
    return float(jnp.stack([drive.max() for drive in drives]).max())


def block(problem: Problem) -> list[Configuration]:
    """Return the block construction, for one active circuit: of several each gets all vectors."""
    if problem.n_active > 1:
        return []
    width = _whole_blocks(problem)
    return [of_problem(problem, network_width=width, construction="block", redundancy=1)]


def closing_bias(redundancy: int, n_active: int, drive: float = 1.0) -> float:
    """Return a gate bias that keeps closed neurons with private links inactive.

    They receive at most z S/(S-1) times what an active circuit's own weights make, of rotations vectors
    of length 1, and noise; open ones do not feel b at all, so there is nothing to lose by twice that.

    Args:
        redundancy: S, at least 2.
        n_active: z.
        drive: the most that own weights make of an active circuit.

    Returns:
        b = 2 drive (z S/(S-1) + 1).
    """
    return 2.0 * drive * (n_active * redundancy / (redundancy - 1) + 1)
