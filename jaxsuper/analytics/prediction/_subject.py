"""What a prediction is made from: sizes, loads and parameters, of settings or of a built network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float, Int

from ... import theory
from ..._settings import Configuration
from ...allocation import Allocation
from ...circuits import (
    AbstractCircuits,
    CenteredRotation,
    kind_of,
    Layout,
    layout_of,
    Rotation,
)
from ...network import AbstractNetwork
from ...programs import Edges
from ...simulation import PARAMETERS, parameters_of, parts_of, Recipe


@dataclass(frozen=True)
class Subject:
    """A network as the theories see it; shuffles play no part.

    Attributes:
        construction: as `network.build` knows it.
        kind: of the circuits, by name; empty for circuits without one.
        layout: of the circuits.
        circuits: the circuits themselves, where the network was given; None for settings.
        parameters: of the circuits and the network, by name, in single precision as simulated.
        allocation: of the payload, or of all.
        indicators: of indicators with neurons of their own, or None.
        n_layers: L.
        inhibition: the rule for chi.
        n_active: z.
        mean_rotation: of the network's angles, for all layers or for each; None for the average
            over networks.
        edges: which circuit feeds which; None if each feeds itself.
    """

    construction: str
    kind: str
    layout: Layout
    circuits: AbstractCircuits | None
    parameters: Mapping[str, float]
    allocation: Allocation
    indicators: Allocation | None
    n_layers: int
    inhibition: str
    n_active: int
    mean_rotation: Complex[np.ndarray, " layers"] | None = None
    edges: Edges | None = None

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.allocation.n_circuits

    @property
    def overlap_rate(self) -> float:
        """Overlap rate e of the payload's sets."""
        return self.allocation.overlap_rate

    def constant(self, value: float) -> Float[np.ndarray, " L"]:
        """Return the same value for all layers."""
        return np.full(self.n_layers, value, np.float64)


def set_loads(allocation: Allocation) -> Int[np.ndarray, "T S"]:
    """Return the loads of the neurons of every set, in an order that shuffles do not change."""
    table = allocation.loads[allocation.sets]
    return table[np.lexsort(table.T[::-1])]


def loads_rate(allocation: Allocation) -> float:
    """Return e of sets that share at most one neuron, 0 for a single one."""
    if allocation.n_circuits < 2:
        return 0.0
    loads = allocation.loads.astype(np.float64)
    return theory.overlap_rate_from_loads(loads, allocation.redundancy, allocation.n_circuits)


def _single(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(np.float32(value)) for name, value in values.items()}


def of_configuration(configuration: Configuration) -> Subject:
    """Return the subject of a configuration, without building its network.

    Raises:
        ValueError: for settings that do not fit together.
    """
    recipe, parts = Recipe.of(configuration), parts_of(configuration)
    return Subject(
        recipe.construction,
        recipe.circuit,
        layout_of(recipe.circuit),
        None,
        _single(parameters_of(configuration)),
        parts.allocation,
        parts.indicators,
        configuration.n_layers,
        recipe.inhibition,
        configuration.n_active,
        edges=parts.edges,
    )


def left_rotation(circuits: AbstractCircuits, given: bool) -> Complex[np.ndarray, " layers"] | None:
    """Return the mean rotation that is left in the difference weights, where it is known.

    Args:
        circuits: of a network.
        given: whether it is about these circuits, and not the average over others like them.
    """
    if isinstance(circuits, CenteredRotation):
        return np.zeros(1, np.complex128)
    return circuits.mean_rotation() if given and isinstance(circuits, Rotation) else None


def of_network(network: AbstractNetwork, n_active: int, given: bool = False) -> Subject:
    """Return the subject of a built network.

    Args:
        network: the network.
        n_active: z.
        given: whether it is about this very network, with its angles.
    """
    circuits = network.circuits
    parameters = {
        name: getattr(owner, name)
        for name in PARAMETERS
        for owner in (network, circuits)
        if hasattr(owner, name)
    }
    sets, own, width = np.asarray(network.placement.sets[0]), None, network.block_width
    if network.traits.own_indicators:
        split, first = network.indicator_redundancy, network.indicator_width  # type: ignore[attr-defined]
        own = Allocation(sets[:, :split], first)
        sets, width = sets[:, split:] - first, width - first
    return Subject(
        network.traits.name,
        kind_of(circuits),
        circuits.layout,
        circuits,
        _single(parameters),
        Allocation(sets, width),
        own,
        network.n_layers,
        getattr(network, "inhibition_rule", "scalar"),
        n_active,
        left_rotation(circuits, given),
        edges=network.edges,
    )
