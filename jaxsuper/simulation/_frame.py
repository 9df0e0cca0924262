"""Frames: arrays with room for several networks, and the one program that measures any of them.

A search tries many sizes, of which each would be two programs of its own: one that builds, one that
runs. Compiling takes seconds, running most of them less. Here networks of one construction share
their programs, whatever their T, S, n and R, by arrays that are padded to what they share. What is
drawn does not change, and metrics change by rounding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._limits import Cost, fits
from .._settings import Configuration
from ..allocation import Allocation, Padded
from ..circuits import layout_of
from ..network import network_bytes
from ._build import Fitted, network_from, network_keys, Parts, parts_of, Recipe
from ._checks import check_network_fits, check_settings
from ._chunks import chunk_of
from ._cost import run_seconds
from ._metrics import metric_names
from ._padding import MOST_SECONDS, n_cores
from ._parameters import parameters_of
from ._program_inputs import check_groups
from ._statistics import finish, Measurement, Moments


# (T, n, S, R) of padded arrays, R the longest list of a neuron's circuits.
Shape: TypeAlias = tuple[int, int, int, int]
# A measurement has room for so many chunks of samples, or for the next power of two.
_CHUNKS = 16


@dataclass(frozen=True)
class Frame:
    """The arrays that networks of one recipe share, each with a circuit and neuron to spare.

    Attributes:
        payload: (T, n, S, R) of the sets of the payload, or of all.
        indicators: the same of indicators with neurons of their own, or None.
        edges: E, F, O and groups of edges, see `Edges.padded`; None without edges.
    """

    payload: Shape
    indicators: Shape | None = None
    edges: Shape | None = None

    @classmethod
    def of(cls, parts: Parts) -> "Frame":
        """Return the smallest frame that holds what a network is built of."""
        own = parts.indicators
        edges = None if parts.edges is None else parts.edges.room
        return cls(_shape(parts.allocation), None if own is None else _shape(own), edges)

    def join(self, other: "Frame") -> "Frame":
        """Return the smallest frame that holds both; of one recipe both."""
        payload = _largest(self.payload, other.payload)
        own, edges = (
            None if one is None or more is None else _largest(one, more)
            for one, more in ((self.indicators, other.indicators), (self.edges, other.edges))
        )
        if own is None:
            return Frame(payload, None, edges)
        # A circuit has its sets in both parts.
        count = max(payload[0], own[0])
        return Frame((count, *payload[1:]), (count, *own[1:]), edges)

    def grown(self, factor: float | int) -> "Frame":
        """Return about the frame for so many times as many circuits, without making their sets."""
        payload, *own = (
            (round(count * factor), n, redundancy, round(longest * factor))
            for count, n, redundancy, longest in self._shapes()
        )
        edges = self.edges
        if edges is not None:
            edges = (round(edges[0] * factor), *edges[1:3], round(edges[3] * factor))
        return Frame(payload, own[0] if own else None, edges)

    def holds(self, other: "Frame") -> bool:
        """Return whether whatever fits the other frame fits this one."""
        return self.join(other) == self

    def fit(self, parts: Parts) -> Fitted:
        """Return what a network is built of, padded to this frame.

        Raises:
            ValueError: if it does not hold the parts.
        """
        own = parts.indicators
        padded = None if own is None or self.indicators is None else Padded(own, self.indicators)
        edges = parts.edges
        if edges is not None and self.edges is not None:
            edges = edges.padded(self.payload[0], self.edges)
        return Padded(parts.allocation, self.payload), padded, edges

    def seconds(self, n_layers: int) -> float:
        """Estimate the seconds of one core for a sample."""
        return sum(
            run_seconds(count, n, size, load, n_layers, 1)
            - run_seconds(count, n, size, load, n_layers, 0)
            for count, n, size, load in self._shapes()
        )

    def bytes(self, recipe: Recipe, n_layers: int) -> float:
        """Estimate the bytes of a network while it runs."""
        shapes = self._shapes()
        n, redundancy = (sum(shape[axis] for shape in shapes) for axis in (1, 2))
        sizes = (self.payload[0], n, redundancy, n_layers)
        return network_bytes(*sizes, recipe.traits, running=True)

    def _shapes(self) -> list[Shape]:
        return [self.payload, *([self.indicators] if self.indicators else [])]


def _shape(allocation: Allocation) -> Shape:
    n_circuits, redundancy = allocation.sets.shape
    return n_circuits + 1, allocation.block_width + 1, redundancy, allocation.members.shape[1]


def _largest(first: Shape, second: Shape) -> Shape:
    pairs = zip(first, second, strict=True)
    count, n, redundancy, longest = (max(pair) for pair in pairs)
    return count, n, redundancy, longest


def frame_of(configuration: Configuration) -> Frame:
    """Return the smallest frame that holds the networks of a configuration, of any seed it has.

    Raises:
        ValueError: for settings that do not fit together, or circuits that the sets do not hold.
    """
    return Frame.of(parts_of(configuration))


def is_cheap(frame: Frame, members: Sequence[Frame], samples: int, first: Configuration) -> bool:
    """Return whether networks may run in a frame that is larger than they need.

    Args:
        frame: the frame.
        members: those that they need.
        samples: that are run of each, about.
        first: one of their configurations.

    Returns:
        Whether padding takes less than a sixth of the seconds that compiling would, and there is
        memory for it.
    """
    layers, recipe = first.n_layers, Recipe.of(first)
    spent = sum(frame.seconds(layers) - each.seconds(layers) for each in members)
    cheap = samples * spent <= MOST_SECONDS * n_cores()
    return cheap and fits(Cost(frame.bytes(recipe, layers)))


def shared_frames(
    configurations: Sequence[Configuration], samples: int
) -> dict[Configuration, Frame]:
    """Return the frames in which some networks are measured, as few as padding allows.

    Args:
        configurations: of the networks.
        samples: that are run of each, about.

    Returns:
        The frame of each; it depends on the arguments alone, not on what was run before.
    """
    groups: list[list[Configuration]] = []
    needed = {each: frame_of(each) for each in configurations}
    for configuration in needed:
        for group in groups:
            members = [needed[each] for each in (*group, configuration)]
            if _program(group[0]) == _program(configuration) and is_cheap(
                _joined(members), members, samples, configuration
            ):
                group.append(configuration)
                break
        else:
            groups.append([configuration])
    return {
        configuration: _joined([needed[each] for each in group])
        for group in groups
        for configuration in group
    }


def _program(configuration: Configuration) -> tuple[Recipe, int, int, str]:
    sizes = configuration.n_layers, configuration.n_active
    return Recipe.of(configuration), *sizes, configuration.edges


def _joined(frames: Sequence[Frame]) -> Frame:
    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.join(frame)
    return joined


@dataclass(frozen=True)
class Framed:
    """A network as arguments of a program: what is static, and what is not.

    Attributes:
        recipe: the named choices.
        n_layers: L.
        n_active: z.
        parts: padded.
        parameters: continuous ones by name.
        seed: of the network.
    """

    recipe: Recipe
    n_layers: int
    n_active: int
    parts: Fitted
    parameters: Mapping[str, np.float32]
    seed: np.uint32


def framed(configuration: Configuration, frame: Frame | None = None) -> Framed:
    """Return the arguments of a program that serves a frame.

    Args:
        configuration: the settings.
        frame: one that holds the network; by default the smallest.

    Returns:
        The arguments.

    Raises:
        ValueError: for settings that do not fit together or the frame, or that need more memory
            than there is.
    """
    check_settings(configuration)
    check_network_fits(configuration)
    parts = parts_of(configuration)
    check_groups(parts.edges, configuration.n_active)
    parameters = {name: np.float32(v) for name, v in parameters_of(configuration).items()}
    return Framed(
        Recipe.of(configuration),
        configuration.n_layers,
        configuration.n_active,
        (frame or Frame.of(parts)).fit(parts),
        parameters,
        np.uint32(configuration.seed),
    )


@eqx.filter_jit
def _measured(
    recipe, n_layers, n_active, chunk, most, parts, parameters, seed, network, batch_size
) -> Moments:
    """Build a network and measure it, chunk after chunk; those after the last are not run."""
    built = network_from(recipe, n_layers, parts, parameters, seed, network)
    key, layers = network_keys(seed, network)[2], built.layers()

    def step(index, kept):
        first = index * chunk
        valid = jnp.minimum(batch_size - first, chunk)
        found = chunk_of(built, n_active, chunk, 0, first, valid, key, None, None, layers)[0]
        return jax.tree.map(lambda table, new: table.at[index].set(new), kept, found)

    averaged, worst = (len(names) for names in metric_names(layout_of(recipe.circuit)))
    table = lambda columns: jnp.zeros((most, n_layers, columns), jnp.float32)
    counts = jnp.zeros(most, jnp.int32)
    empty = Moments(counts, table(averaged), table(averaged), table(worst))
    return jax.lax.fori_loop(0, (batch_size + chunk - 1) // chunk, step, empty)


def measure_framed(
    configuration: Configuration, samples: int, chunk: int, frame: Frame | None = None
) -> Measurement:
    """Build the network of a configuration and measure it, by one program for all of a frame.

    Args:
        configuration: the settings, of which seed and network say which network it is.
        samples: how many.
        chunk: samples run at once.
        frame: one that holds the network; by default the smallest.

    Returns:
        The measurement; that of `simulate` but for rounding.

    Raises:
        ValueError: for settings that do not fit together or the frame, or that need more memory
            than there is.
    """
    made = framed(configuration, frame)
    n_chunks = -(-samples // chunk)
    most = max(_CHUNKS, 1 << (n_chunks - 1).bit_length())
    found = _measured(
        made.recipe,
        made.n_layers,
        made.n_active,
        chunk,
        most,
        made.parts,
        made.parameters,
        made.seed,
        np.uint32(configuration.network),
        np.int32(samples),
    )
    host = jax.device_get(found)
    parts = [jax.tree.map(lambda table, i=i: table[i], host) for i in range(n_chunks)]
    return finish(parts, *metric_names(layout_of(made.recipe.circuit)))
