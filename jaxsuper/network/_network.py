"""The contract of a construction: first layer, stacked layers, readout, traits, dense twin.

    A^1 = act(first(inputs)),    A^l = act(layer^l(A^{l-1})),    estimates^l = read(A^l)

Shapes: activations are (d, n, B), one row of n neurons per block and the batch last. Channels are
the k combinations of the d blocks that circuits read (see `circuits.Layout`). Layers are counted
l = 1..L in reports; array entry l - 1 belongs to layer l. Classes are abstract or final: what
siblings share are functions (`_shared.py`), never a method that one of them overrides.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from .._errors import bad, check
from .._types import Activations, ActiveIds, Channels, CircuitValues, KeyScalar
from ..allocation import allocate, Allocation, capacity
from ..circuits import AbstractCircuits, checked_call, Layout
from ..programs import Edges
from ._placement import Placement
from ._wiring import Wiring


@dataclass(frozen=True)
class Needs:
    """Which circuits a construction can be made of.

    Attributes:
        kind: the name of a kind of circuit that fits.
        rule: the rule in words.
        fits: whether circuits of this layout fit.
    """

    kind: str
    rule: str
    fits: Callable[[Layout], bool]


def _is_rotation(layout: Layout, width: int) -> bool:
    named = [name for name, _ in layout.readouts] == ["on", "x"]
    return named and layout.width == width and layout.mean_channels == (0,)


def _has_one_on_neuron(layout: Layout) -> bool:
    single = (1, *[0] * (layout.width - 1))
    return layout.channels[0] == single and layout.mean_channels == (0,)


ANY_CIRCUITS = Needs("rotation", "may be any", lambda layout: True)
ROTATION = Needs(
    "rotation",
    "must be rotations with 2 neurons for the on-indicator",
    lambda layout: _is_rotation(layout, 4),
)
ROTATION3 = Needs(
    "rotation3",
    "must be rotations with 1 neurons for the on-indicator",
    lambda layout: _is_rotation(layout, 3),
)
ONE_ON_NEURON = Needs(
    "rotation3", "must have one on-neuron that alone the mean weights read", _has_one_on_neuron
)


def _allocate(
    block_width: int, redundancy: int, n_circuits: int, family: str, key: KeyScalar | None
) -> Allocation:
    return allocate(block_width, redundancy, n_circuits, family, key=key)


def _any_allocation(allocation: Allocation) -> None:
    del allocation


# Where circuits can feed each other in any way.
_COMPUTED = "use clipped or separate, which compute anew in every layer which circuits are on"


def _any_edges(edges: Edges) -> str:
    del edges
    return ""


@dataclass(frozen=True)
class Traits:
    """What the rest of the library asks about a construction, so that none asks which one it is.

    Attributes:
        name: of the construction.
        needs: the circuits it can be made of.
        options: what `build` takes besides circuits, allocation and layers.
        paddable: whether experiments and sweeps pad networks of different sizes to a common shape;
            searches pad them all (see `simulation.Frame`).
        trainable: whether it is ReLU layers and nothing else, embedding and readout linear.
        tunable: the continuous parameters that its error depends on.
        assumes: what must hold for it to work, besides the numbers.
        fixed: why circuits cannot feed each other in it, unless `edges` is among its options.
        cannot: why it cannot have some edges, where it can have others; empty if it can.
        layers_per_step: layers of the large network for each of the L that are placed and reported.
        allocate: (n, S, T, family, key) -> the allocation of the payload.
        capacity: (n, S, family) -> how many circuits that holds, None for no limit.
        check_allocation: raises a `ValueError` for an allocation it cannot be made of.
    """

    name: str
    needs: Needs = ANY_CIRCUITS
    options: tuple[str, ...] = ()
    paddable: bool = False
    trainable: bool = False
    tunable: tuple[str, ...] = ()
    assumes: str = "nothing"
    fixed: str = "does not know edges yet"
    cannot: Callable[[Edges], str] = _any_edges
    layers_per_step: int = 1
    allocate: Callable[[int, int, int, str, KeyScalar | None], Allocation] = _allocate
    capacity: Callable[[int, int, str], int | None] = capacity
    check_allocation: Callable[[Allocation], None] = _any_allocation

    @property
    def no_edges(self) -> str:
        """Why circuits cannot feed each other in it; empty if they can."""
        return "" if "edges" in self.options else self.fixed

    def check_edges(self, edges: Edges | None = None, given: str = "edges") -> None:
        """Raise a `ValueError` unless circuits can feed each other in it, by these edges.

        Args:
            edges: those wanted, if they have been compiled.
            given: what they are called in the error.
        """
        why = self.no_edges or ("" if edges is None else self.cannot(edges))
        rule = f"must be left out for the construction {self.name!r}, which {why}"
        check(not why, "edges", rule, given, _COMPUTED)

    @property
    def inhibited(self) -> bool:
        """Whether there is inhibition between unconnected neurons."""
        return "inhibition" in self.options

    @property
    def own_indicators(self) -> bool:
        """Whether the on-indicators have neurons and sets of their own."""
        return "indicators" in self.options


class AbstractLayer(eqx.Module):
    """W^l and B^l of a construction.

    `AbstractNetwork.layers` gives layers 2..L as one, all arrays stacked on a leading axis L-1; an
    entry of that is a layer that can be called.
    """

    @abstractmethod
    def __call__(self, channels: Channels, means: CircuitValues) -> Activations:
        """Return W^l A^{l-1} + B^l.

        Args:
            channels: (k, n, B), the channels of A^{l-1}.
            means: (k, T, B), their means over M_t^{l-1}.

        Returns:
            (d, n, B).
        """


class AbstractNetwork(eqx.Module):
    """T circuits in one network of width D = d·n and L layers, as a pure pytree.

    Attributes:
        circuits: the small circuits.
        placement: which neurons carry which circuit.
        precision: of matrix products ("highest" is full float32 on every device).
        traits: of the construction.
    """

    circuits: eqx.AbstractVar[AbstractCircuits]
    placement: eqx.AbstractVar[Placement]
    precision: eqx.AbstractVar[str]
    traits: ClassVar[Traits]

    @property
    def edges(self) -> Edges | None:
        """Which circuit feeds which; None if each is its own successor."""
        return None

    @abstractmethod
    def first_layer(self, active: ActiveIds, inputs: Float[Array, "d z B"]) -> Activations:
        """Return A^1 for the inputs of the active circuits.

        Args:
            active: (z, B), distinct within a sample; slots that hold T or more embed nothing.
            inputs: (d, z, B), input activations of the active circuits.

        Returns:
            (d, n, B).
        """

    @abstractmethod
    def layers(self) -> AbstractLayer:
        """Return layers 2..L, stacked on a leading axis L-1."""

    @abstractmethod
    def activate(
        self, before: Activations, sets: Int[Array, "T S"], active: ActiveIds
    ) -> Activations:
        """Apply the nonlinearity of a layer with these sets and active circuits."""

    @abstractmethod
    def channels(self, activations: Activations) -> Channels:
        """Return the k channels of every neuron."""

    @abstractmethod
    def means(self, channels: Channels, sets: Int[Array, "T S"]) -> CircuitValues:
        """Return the mean of each channel over the neurons of each circuit."""

    @abstractmethod
    def readout(self, channels: Channels, means: CircuitValues) -> CircuitValues:
        """Turn the means over M_t into the construction's estimates of the channels."""

    @abstractmethod
    def exists(self) -> Bool[np.ndarray, "d n"]:
        """Return where a block has a neuron."""

    @abstractmethod
    def dense_first(self) -> tuple[Float[Array, "T D d"], Float[Array, " D"]]:
        """Return embedding and bias of layer 1, over all d·n entries.

        Raises:
            ValueError: if the first layer is no linear embedding and ReLU.
        """

    @abstractmethod
    def dense_layer(self, layer: int) -> list[tuple[Float[Array, "D D"], Float[Array, " D"]]]:
        """Write W and B into array layer `layer` out, from the definition of the construction.

        Nothing here is shared with `layers`: matrices are sums over circuits of outer products of
        indicator vectors, small weights are full d x d matrices.

        Args:
            layer: 1..L-1.

        Returns:
            A pair for each layer of the step, [to, from]; entry i·n + m is neuron m of block i.
        """

    def embedded(
        self, active: ActiveIds, inputs: Float[Array, "d z B"]
    ) -> tuple[Int[Array, "m B"], Float[Array, "d m B"]]:
        """Return what the first layer embeds, linearly, by `Wiring.embedding`.

        Args:
            active: (z, B), as of `first_layer`.
            inputs: (d, z, B), the circuits' own inputs.

        Returns:
            Circuits and what each is given; here, the same.
        """
        return active, inputs

    def wiring(self) -> Wiring:
        """Return which neuron, and which part of every weight, belongs to whom.

        Raises:
            ValueError: for a construction that does not say.
        """
        raise bad("construction", "must say which weights are whose", self.traits.name)

    def __call__(self, active: Any, inputs: Any) -> Float[Array, "*batch L z k"]:
        """Run one's own inputs through the network.

        Args:
            active: (z,) or (B, z), ids of the circuits that are on, distinct within a sample.
            inputs: (z, i) or (B, z, i), what each of them is given: its own input, as of
                `circuits.from_inputs`.

        Returns:
            (L, z, k) or (B, L, z, k), estimates of the channels of these circuits after layers 1..L;
            `circuits(active, inputs, L)` gives the true ones, `circuits.outputs` what they compute.

        Raises:
            ValueError: for shapes that do not fit each other, ids that are no circuits, or if
                circuits feed others than themselves.
        """
        from ._pass import call_network

        check(self.edges is None, "network", "must have no edges to be called", "edges", "simulate")
        ids, given = checked_call(self.circuits, active, inputs)
        found = call_network(self, jnp.atleast_2d(ids), given.reshape(-1, *given.shape[-2:]))
        return found[0] if ids.ndim == 1 else found

    @property
    def n_layers(self) -> int:
        """L."""
        return self.placement.n_layers

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.placement.n_circuits

    @property
    def block_width(self) -> int:
        """Neurons of a block, n."""
        return self.placement.block_width

    @property
    def redundancy(self) -> int:
        """S."""
        return self.placement.redundancy

    @property
    def network_width(self) -> int:
        """D, the neurons that exist."""
        return int(self.exists().sum())

    @property
    def depth(self) -> int:
        """Layers of the large network, those that are not reported included."""
        return self.n_layers * self.traits.layers_per_step

    def after(self, before: Activations, sets: Int[Array, "T S"], active: ActiveIds) -> Activations:
        """Return A^l from W^l A^{l-1} + B^l; neurons that are padding stay 0."""
        return self.placement.where_counted(self.activate(before, sets, active))
