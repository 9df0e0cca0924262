"""Sizes of configurations and buckets, and what they cost in time and memory."""

import math
from dataclasses import dataclass, fields

from .._settings import IDENTITY
from ..circuits import width_of
from ..simulation import circuit_bytes, Configuration, Recipe, run_seconds, TRUTH_BYTES


_SIZES = ("network_width", "n_circuits", "redundancy", "n_active", "n_layers")
_SIZES += ("indicator", "indicator_redundancy", "indicator_share", "indicator_copies", "edges")


@dataclass(frozen=True)
class Kind:
    """What cannot be padded: configurations of different kinds are different programs.

    Attributes:
        recipe: the named choices.
        sizes: names and values of the settings that decide shapes, for networks that cannot be padded;
            empty for the others.
    """

    recipe: Recipe
    sizes: tuple[tuple[str, int | float | str], ...]

    @classmethod
    def of(cls, configuration: Configuration) -> "Kind":
        """Return the kind of a configuration."""
        recipe = Recipe.of(configuration)
        padded = recipe.traits.paddable and configuration.edges == IDENTITY
        exact = () if padded else _SIZES
        return cls(recipe, tuple((name, getattr(configuration, name)) for name in exact))


@dataclass(frozen=True)
class Shape:
    """Sizes that padding can raise.

    Attributes:
        n_circuits: T.
        block_width: n.
        redundancy: S.
        load: R, circuits on the most loaded neuron.
        n_active: z.
        n_layers: L.
        batch_size: samples.
    """

    n_circuits: int
    block_width: int
    redundancy: int
    load: int
    n_active: int
    n_layers: int
    batch_size: int

    @classmethod
    def of(cls, configuration: Configuration, load: int) -> "Shape":
        """Return the shape of a configuration whose allocation has the largest load `load`."""
        return cls(
            configuration.n_circuits,
            configuration.network_width // width_of(configuration.circuit),
            configuration.redundancy,
            load,
            configuration.n_active,
            configuration.n_layers,
            configuration.batch_size,
        )

    def join(self, other: "Shape") -> "Shape":
        """Return the smallest shape that holds both."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Shape(*(max(pair) for pair in pairs))


def seconds(shape: Shape) -> float:
    """Estimate the seconds that one CPU core takes for a configuration of this shape."""
    sizes = (shape.n_circuits, shape.block_width, shape.redundancy, shape.load)
    return run_seconds(*sizes, shape.n_layers, shape.batch_size)


# Seconds to trace and compile the program of a bucket, on one CPU core. Measured for 22 programs of
# nine constructions, T = 100 to 2000, S = 1 to 10, L = 2 to 8, z = 1 to 8, 64 to 8000 samples: 2.2
# to 6.0 s, median 3.8, on a core that was shared; no size made a difference beyond that scatter.
# GPU: compiled for an H200 without autotuning (benchmarks/results/compiled-absent.md).
_COMPILING = {"cpu": 4.0, "gpu": 5.0, "tpu": 20.0}


def seconds_compiling(platform: str) -> float:
    """Estimate the seconds that one core takes to compile a program that no disk holds.

    Args:
        platform: cpu, gpu or tpu; any other counts as a GPU.

    Returns:
        Seconds; on a CPU within a factor of about two.
    """
    return _COMPILING.get(platform, _COMPILING["gpu"])


# A configuration of its own starts 220 to 310 kernels on an H200 (benchmarks/results/
# compiled-absent.md), about 3 us each, and waits for 4 or 5 decisions: a millisecond, whatever its
# size and however many run side by side. Enough of them run together that this is a tenth.
_ENOUGH_SECONDS, _WIDEST = 1e-2, 256


def side_by_side(platform: str, each: float) -> int:
    """Return how many configurations a program should run side by side on a device.

    Args:
        platform: cpu, gpu or tpu; any other counts as a GPU.
        each: estimated seconds of the device for one.

    Returns:
        On a CPU one, whose arrays its cache holds. On a TPU, too: it starts a whole program at
        once, and the compiler takes ever longer over more (v5e, the
        published grid: 23 s over one, 40 over 2, 82 over 4, 202 over 112). On a GPU
        a power of two, so that grids that differ a little share programs.
    """
    if platform in ("cpu", "tpu"):
        return 1
    enough = math.ceil(_ENOUGH_SECONDS / each)
    return min(_WIDEST, 1 << (enough - 1).bit_length())


# Bytes that the compiled program of a bucket needs besides those per circuit and active circuit,
# fitted like them: per sample and neuron, and per pair of neurons.
_NEURON, _PAIR = 44, 8


def bytes_running(shape: Shape, chunk: int) -> int:
    """Estimate the bytes for one configuration in flight, `chunk` samples at a time."""
    samples = chunk * (circuit_bytes() * shape.n_circuits + _NEURON * shape.block_width)
    truth = chunk * TRUTH_BYTES * shape.n_active * shape.n_layers
    matrices = _PAIR * shape.n_layers * shape.block_width**2
    lists = 8 * shape.n_layers * (shape.n_circuits * shape.redundancy)
    return samples + truth + matrices + lists + 8 * shape.n_layers * shape.block_width * shape.load


def bytes_of_design(shape: Shape) -> int:
    """Estimate the bytes of an allocation: the neurons of each circuit, and the circuits on each."""
    return 4 * (shape.n_circuits * shape.redundancy + shape.block_width * (shape.load + 1))


def bytes_of_results(shape: Shape, n_chunks: int) -> int:
    """Estimate the bytes of the results of a configuration, in all copies that there are at once.

    There are three: one is written while one runs and one waits for it.
    """
    return 3 * 4 * 50 * shape.n_layers * n_chunks


def samples_at_once(shape: Shape, floats: int) -> int:
    """Return equal chunks of the batch with at most `floats` values per channel.

    Args:
        shape: of the bucket.
        floats: values of one channel, over circuits or neurons and samples.

    Returns:
        Samples of a chunk, at least 1.
    """
    rows = max(shape.n_circuits, 4 * shape.block_width)
    largest = max(floats // rows, 1)
    return -(-shape.batch_size // -(-shape.batch_size // min(largest, shape.batch_size)))
