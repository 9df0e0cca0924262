"""From settings to a network, in two steps: allocations on the host, the network traceable.

Everything random is derived here, from the seed and the number of the network alone, so that a
single simulation and any sweep, on any device, draw the same numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Key

from .._arrays import root_key
from .._errors import check
from .._settings import Configuration, IDENTITY, PARAMETERS
from .._types import KeyScalar
from ..allocation import AbstractAllocation, allocate, Allocation, capacity, Padded, redundant
from ..circuits import layout_of, make, resolved, width_of
from ..network import (
    AbstractNetwork,
    check_parts,
    CIRCUITS,
    construction_for,
    lists_by_share,
    make_network,
    MeshProgram,
    over,
    shares,
    spread_out,
    Traits,
    traits_of,
)
from ..programs import Edges
from ._checks import check_network_fits, check_settings, own_indicators_of
from ._parameters import parameters_of
from ._programs import edges_of


# Families of which every seed gives another draw.
_SEEDED = ("random", "auto")
# Purposes of the keys folded from the network's key, in the order of `network_keys`.
_N_PURPOSES = 4


class Parts(NamedTuple):
    """What a network is built of, made on the host.

    Attributes:
        allocation: the sets of the circuits, those of the payload if indicators have their own.
        indicators: the sets of indicators with neurons of their own, or None.
        edges: which circuit feeds which, None if each is its own successor.
    """

    allocation: Allocation
    indicators: Allocation | None
    edges: Edges | None = None


# The same, or padded to the shapes of a program.
Fitted: TypeAlias = tuple[AbstractAllocation, AbstractAllocation | None, Edges | None]


@dataclass(frozen=True)
class Recipe:
    """The named choices of a network: everything that is no size and no number.

    Attributes:
        circuit: the kind of circuit, for a file with a hash of what it holds.
        construction: as `network.build` knows it.
        inhibition: the rule for chi.
        precision: of matrix products.
    """

    circuit: str
    construction: str
    inhibition: str
    precision: str

    @classmethod
    def of(cls, configuration: Configuration) -> "Recipe":
        """Return the recipe of a configuration.

        Raises:
            ValueError: for settings that contradict each other.
        """
        own = own_indicators_of(configuration)
        built = construction_for(configuration.construction, configuration.indicator, own)
        circuit = resolved(configuration.circuit)
        return cls(circuit, built, configuration.inhibition, configuration.precision)

    @property
    def traits(self) -> Traits:
        """Traits of the construction."""
        return traits_of(self.construction)


def network_keys(seed: Any, network: Any) -> Key[Array, "4"]:
    """Return the keys of a network: for its circuits, shuffles, samples and random sets.

    Args:
        seed: 0..2^32-1, concrete or traced.
        network: which of the independent networks of this seed.

    Returns:
        Four typed keys.
    """
    root = jax.random.fold_in(root_key(jnp.asarray(seed, jnp.uint32)), network)
    return jax.vmap(lambda purpose: jax.random.fold_in(root, purpose))(jnp.arange(_N_PURPOSES))


@jax.jit
def _keys(seed, network):
    # Taken apart here: every small program that a command loads takes a hundredth of a second.
    return tuple(network_keys(seed, network))


def _numbers(configuration: Configuration) -> tuple[np.uint32, np.uint32]:
    return np.uint32(configuration.seed), np.uint32(configuration.network)


def samples_key(configuration: Configuration) -> KeyScalar:
    """Return the root key of the samples that a configuration's network is measured on."""
    return _keys(*_numbers(configuration))[2]


def depends_on_seed(configuration: Configuration) -> bool:
    """Return whether the sets differ from seed to seed, not just their shuffles."""
    return configuration.allocation in _SEEDED or configuration.indicator_copies > 1


def _widths(configuration: Configuration, traits: Traits) -> tuple[int, int]:
    """Return the neurons of a block of the payload, and of indicators with neurons of their own."""
    d = width_of(configuration.circuit)
    if not traits.own_indicators:
        return configuration.network_width // d, 0
    n_payload = len(layout_of(configuration.circuit).difference_outputs)
    own, payload = shares(configuration.network_width, d, n_payload, configuration.indicator_share)
    return payload, own // configuration.indicator_copies


def parts_of(configuration: Configuration) -> Parts:
    """Return what a configuration's network is built of: the host's part.

    Those of recent structures are kept, and not to be written to: a search asks for each several
    times in a row, for its predictions and for its network.

    Args:
        configuration: the settings; only random sets depend on its seed and network.

    Returns:
        The allocations, and the edges.

    Raises:
        ValueError: for settings that do not fit together, or circuits that the sets do not hold.
    """
    plain, unneeded = Configuration(), [*PARAMETERS, "n_active", "n_layers", "batch_size"]
    if not depends_on_seed(configuration):
        unneeded += ["seed", "network"]
    unneeded.append("edges")
    made = _parts_of(replace(configuration, **{name: getattr(plain, name) for name in unneeded}))
    edges = edges_of(configuration)
    if edges is None:
        return made
    Recipe.of(configuration).traits.check_edges(edges, configuration.edges)
    return made._replace(edges=edges)


@lru_cache(maxsize=8)
def _parts_of(configuration: Configuration) -> Parts:
    recipe = Recipe.of(configuration)
    traits, count = recipe.traits, configuration.n_circuits
    key = None
    if depends_on_seed(configuration):
        key = _keys(*_numbers(configuration))[3]
    n, own = _widths(configuration, traits)
    family, redundancy = configuration.allocation, configuration.redundancy
    allocation = traits.allocate(n, redundancy, count, family, key)
    indicators = None
    if traits.own_indicators:
        each, copies = (
            configuration.indicator_redundancy or redundancy,
            range(configuration.indicator_copies),
        )
        keys = [None if key is None else jax.random.fold_in(key, copy) for copy in copies]
        parts = [allocate(own, each, count, family, key=part) for part in keys]
        indicators = parts[0] if key is None or len(parts) == 1 else redundant(parts, key=key)
    layout = layout_of(recipe.circuit)
    construction, precision = recipe.construction, recipe.precision
    check_parts(layout, recipe.circuit, allocation, construction, precision, indicators)
    for made in (allocation, indicators):
        for array in () if made is None else (made.sets, made.members, made.loads):
            array.setflags(write=False)
    return Parts(allocation, indicators)


def capacity_of(configuration: Configuration) -> int | None:
    """Return how many circuits the sets of a configuration can hold, or None for no limit.

    Args:
        configuration: with any number of circuits.

    Returns:
        The smaller capacity of payload and indicators, 0 if the sets do not fit at all.

    Raises:
        ValueError: for settings that contradict each other.
    """
    traits, family = Recipe.of(configuration).traits, configuration.allocation
    n, own = _widths(configuration, traits)
    sizes = [(n, configuration.redundancy, traits.capacity)]
    if traits.own_indicators:
        each = configuration.indicator_redundancy or configuration.redundancy
        sizes.append((own, each, capacity))
    limits = []
    for width, redundancy, holds in sizes:
        if not 1 <= redundancy <= width:
            return 0
        limits.append(holds(width, redundancy, family))
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def network_from(
    recipe: Recipe,
    n_layers: int,
    parts: Fitted,
    parameters: Mapping[str, Any],
    seed: Any,
    network: Any,
) -> AbstractNetwork:
    """Build a network of its parts: the traceable part.

    Args:
        recipe: the named choices.
        n_layers: L.
        parts: as of `parts_of`, or the same padded.
        parameters: values by name, of `PARAMETERS`.
        seed: of the network.
        network: which of the independent networks of this seed.

    Returns:
        The network.
    """
    keys = network_keys(seed, network)
    allocation, indicators, edges = parts
    circuits = make(recipe.circuit, allocation.n_circuits, key=keys[0], **parameters)
    options: dict[str, Any] = {}
    if recipe.traits.inhibited:
        options["inhibition"] = recipe.inhibition
        options["inhibition_factor"] = parameters["inhibition_factor"]
    if indicators is not None:
        options["indicators"] = indicators
    if edges is not None:
        options["edges"] = edges
    return make_network(
        circuits,
        allocation,
        n_layers,
        recipe.construction,
        key=keys[1],
        precision=recipe.precision,
        **options,
    )


@MeshProgram
def _network_from(mesh, *given):
    with over(mesh):
        network = network_from(*given)
        return spread_out(network, network)


def prepare(
    configuration: Configuration,
    parts: Fitted | None = None,
    mesh: Mesh | None = None,
) -> AbstractNetwork:
    """Build a network from its settings.

    Args:
        configuration: the settings.
        parts: of this configuration, if they have been made already, or the same padded.
        mesh: devices that hold it together, from `network.circuit_mesh`, instead of one; `simulate`
            then uses them. It is the same network, and metrics change by rounding.

    Returns:
        The network.

    Raises:
        ValueError: for settings that do not fit together, or need more memory than there is, or for
            a construction that cannot be held by several devices.
    """
    check_settings(configuration)
    recipe = Recipe.of(configuration)
    check_network_fits(configuration, shares=1 if mesh is None else mesh.shape[CIRCUITS])
    if mesh is not None:
        able = recipe.traits.paddable and configuration.edges == IDENTITY
        rule = "must be one whose arrays can have room to spare, without edges, for several devices"
        check(able, "construction", rule, recipe.construction, "use clipped")
    parts = parts or parts_of(configuration)
    if mesh is not None:
        parts = _evened(parts, mesh.shape[CIRCUITS])
    parameters = {name: np.float32(v) for name, v in parameters_of(configuration).items()}
    given = (recipe, configuration.n_layers, parts, parameters, *_numbers(configuration))
    network = _network_from(mesh, *given)
    if mesh is not None:
        network = lists_by_share(network, mesh)
    return jax.block_until_ready(network)


def _evened(parts: Any, n_shares: int) -> Fitted:
    """Return what a network is built of, with circuits and neurons that can be dealt out evenly."""
    allocation = parts[0]
    sizes = (allocation.n_circuits, allocation.block_width)
    if not any(size % n_shares for size in sizes):
        return parts
    check(allocation.family != "padded", "parts", "must not be padded already", "padded ones")
    count, n = (size + n_shares - size % n_shares for size in sizes)
    shape = (count, n, allocation.redundancy, allocation.members.shape[1])
    return Padded(allocation, shape), None, None
