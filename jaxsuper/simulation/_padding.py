"""Room to spare: sizes are rounded up so that loops over z, T and batches share compiled programs.

Where that is cheaper than compiling. On two CPU cores at the headline size (D = 1000, T = 557, S = 6,
L = 5, 500 samples: 15 ms of one core, and 3 s to compile it) four slots for one active circuit cost
2 %, eight 15 %; 512 samples instead of 500 2 %; arrays for 557 circuits instead of 200 36 %. What is
drawn does not change, and metrics change by rounding.
"""

from dataclasses import dataclass, replace

import jax

from .._limits import Cost, fits
from .._settings import Configuration, Experiment, IDENTITY
from ..allocation import Padded
from ..circuits import width_of
from ._build import capacity_of, depends_on_seed, Fitted, Parts, parts_of, Recipe
from ._cost import (
    ACCELERATOR_CORES,
    largest_chunk,
    network_cost,
    run_seconds,
    sample_bytes,
    samples_at_once,
)


# Seconds of one core that padding may cost: a sixth of what compiling again does.
MOST_SECONDS = 0.5
# Slots for active circuits; more than the last of these are not padded.
_SLOTS = (4, 8)
# Fewer samples than this are padded to it, more to a power of two.
_SAMPLES = 512


def slots_for(n_active: int, n_circuits: int) -> int:
    """Return for how many active circuits there should be room.

    Args:
        n_active: z.
        n_circuits: T, the most there can be.
    """
    enough = (slots for slots in _SLOTS if slots >= n_active)
    return min(next(enough, n_active), n_circuits)


def chunk_for(
    n_circuits: int,
    network_width: int,
    batch_size: int,
    sample_seconds: float,
    bytes_each: int,
    runs: int = 1,
) -> int:
    """Return how many samples to run at once on the default device.

    Args:
        n_circuits: T.
        network_width: D.
        batch_size: samples asked for.
        sample_seconds: of one core for one of them.
        bytes_each: of memory for one of them.
        runs: how often such a batch is run.

    Returns:
        What suits the device, rounded up, so that other batches run in the same chunks; where the
        padding would cost more than it may, equal chunks with next to none.
    """
    power = 1 << (batch_size - 1).bit_length()
    padded = min(largest_chunk(n_circuits, network_width), max(power, _SAMPLES))
    extra = -(-batch_size // padded) * padded - batch_size
    cheap = runs * extra * sample_seconds <= MOST_SECONDS * n_cores()
    if cheap and fits(Cost(padded * bytes_each)):
        return padded
    return samples_at_once(n_circuits, network_width, batch_size)


def n_cores() -> int:
    """Return in how many CPU cores of work a device is."""
    return 1 if jax.default_backend() == "cpu" else ACCELERATOR_CORES


@dataclass(frozen=True)
class Room:
    """What the programs of an experiment have room for.

    Attributes:
        slots: active circuits.
        chunk: samples run at once.
        shape: (T, n, S, R) of padded arrays, or None for those that are not padded.
    """

    slots: int
    chunk: int
    shape: tuple[int, int, int, int] | None = None

    def fit(self, parts: Parts) -> Fitted:
        """Return what a network is built of, with this room."""
        return parts if self.shape is None else (Padded(parts.allocation, self.shape), None, None)


def room_for(experiment: Experiment, parts: Parts) -> Room:
    """Return what the programs of an experiment should have room for.

    Networks that can be padded have room for as many circuits as their family has sets.

    Args:
        experiment: the settings.
        parts: of its first network.

    Returns:
        The room, which depends on the experiment alone and not on what was run before.
    """
    configuration = experiment.configuration
    size, runs = configuration.batch_size, experiment.n_networks * len(experiment.n_active)
    fuller = _with_all_sets(configuration)
    if fuller is not None:
        extra = size * (_sample_seconds(fuller) - _sample_seconds(configuration))
        cheap = runs * extra <= MOST_SECONDS * n_cores()
        if not (cheap and fits(network_cost(fuller, Recipe.of(fuller).traits))):
            fuller = None
    shape, held = None, configuration
    if fuller is not None:
        everything = parts_of(fuller).allocation if fuller != configuration else parts.allocation
        longest = max(everything.members.shape[1], parts.allocation.members.shape[1])
        n, held = everything.block_width, fuller
        shape = (fuller.n_circuits + 1, n + 1, fuller.redundancy, longest)
    slots = max(experiment.n_active)
    if parts.edges is None:
        slots = slots_for(slots, configuration.n_circuits)
    n = configuration.network_width // width_of(configuration.circuit)
    each = sample_bytes(held.n_circuits, n, slots, held.n_layers)
    seconds = _sample_seconds(held)
    if experiment.chunk is not None:
        chunk = min(experiment.chunk, size)
    else:
        chunk = chunk_for(held.n_circuits, held.network_width, size, seconds, each, runs)
    return Room(slots, chunk, shape)


def _with_all_sets(configuration: Configuration) -> Configuration | None:
    """Return the configuration with as many circuits as there are sets; None if it is not padded."""
    paddable = Recipe.of(configuration).traits.paddable and configuration.edges == IDENTITY
    if not paddable or depends_on_seed(configuration):
        return None
    most = capacity_of(configuration)
    return None if most is None else replace(configuration, n_circuits=most)


def _sample_seconds(configuration: Configuration) -> float:
    """Estimate the seconds of one core for a sample."""
    n = configuration.network_width // width_of(configuration.circuit)
    count, redundancy = configuration.n_circuits, configuration.redundancy
    sizes = (count, n, redundancy, count * redundancy / max(n, 1), configuration.n_layers)
    return run_seconds(*sizes, 1) - run_seconds(*sizes, 0)
