"""What an experiment takes in memory and time, by arithmetic on its shapes alone."""

from collections.abc import Sequence

import jax

from .._limits import Cost
from .._settings import Configuration, IDENTITY
from ..circuits import layout_of, width_of
from ..network import columns_per_row, network_bytes, Traits
from ._programs import fan_of


# Floats per channel of a chunk: on a CPU a channel of all circuits should stay in the cache, on an
# accelerator the chunk should fill the device but not its memory.
_CPU_FLOATS, _ACCELERATOR_FLOATS = 2**18, 2**26
_SMALLEST, _LARGEST = 32, 8192
# An accelerator is taken to be this many CPU cores. Used for estimates alone.
ACCELERATOR_CORES = 100
# Nanoseconds on one CPU core, fitted to runs from D = 400 to 3200: products with the n x n matrix
# per element and sample, row gathers per element and sample, and the rest of a configuration.
_PRODUCT, _GATHER, _REST = 0.045, 0.22, 3e6
# Bytes per sample: for each circuit and for each active circuit and layer, fitted to the same runs
# with a margin of a third; for each neuron of a block, which XLA's memory analysis puts at 110 to
# 140 for one network (constructions at n = 100 to 1000). On an accelerator by what is compiled for
# one that is absent (benchmarks/results/compiled-absent.md): 1.1 to 1.8 times that, and more where
# all fits into a TPU's own 128 MiB.
TRUTH_BYTES = 160
_CIRCUIT_BYTES, _NEURON_BYTES = (
    {"cpu": 35, "gpu": 26, "tpu": 70},
    {"cpu": 140, "gpu": 60, "tpu": 120},
)
# Of a program: what it says of a circuit, and each edge in the arrays of a layer.
_STATEMENT_BYTES, _EDGE_BYTES = 2000, 100
# Of one layer and z as rows of a result: about 17 metrics, as dictionaries and as text.
_ROWS_BYTES = 17 * 1000


def run_seconds(
    n_circuits: int,
    block_width: int,
    redundancy: int,
    load: float | int,
    n_layers: int,
    batch_size: int,
) -> float:
    """Estimate the seconds that one CPU core takes for a batch of one network."""
    gaps = n_layers - 1
    reads = 3 * n_layers * n_circuits * redundancy + 2 * gaps * block_width * load
    # Through the matrix, or through lists of connected neurons where these are a lot quicker.
    lists = 2 * columns_per_row() * load * redundancy <= block_width
    row = load * redundancy * _GATHER if lists else block_width * _PRODUCT
    products = block_width * row
    return 1e-9 * (batch_size * (gaps * products + reads * _GATHER) + _REST)


def largest_chunk(n_circuits: int, network_width: int) -> int:
    """Return the most samples, a power of two, that it makes sense to run at once on the device."""
    floats = _CPU_FLOATS if jax.default_backend() == "cpu" else _ACCELERATOR_FLOATS
    chunk, rows = _SMALLEST, max(n_circuits, network_width)
    while chunk < _LARGEST and chunk * rows <= floats:
        chunk *= 2
    return chunk


def samples_at_once(n_circuits: int, network_width: int, batch_size: int) -> int:
    """Return how many samples to run at once on the default device, as few of them padding as can be.

    Args:
        n_circuits: T.
        network_width: D.
        batch_size: samples asked for.

    Returns:
        The batch size, or that of equal chunks that suit the device: no sample is padding but in
        the last chunk.
    """
    return -(-batch_size // -(-batch_size // largest_chunk(n_circuits, network_width)))


def circuit_bytes() -> int:
    """Return the bytes that a circuit takes in each sample, on the default device."""
    return _CIRCUIT_BYTES.get(jax.default_backend(), _CIRCUIT_BYTES["gpu"])


def memories(n_devices: int) -> int:
    """Return how many memories devices have: those of a CPU are the same one by several names."""
    return 1 if jax.default_backend() == "cpu" else n_devices


def network_cost(configuration: Configuration, traits: Traits, *, running: bool = False) -> Cost:
    """Estimate what one network takes while it is built.

    Args:
        configuration: the settings.
        traits: of its construction.
        running: while it runs, instead.

    Returns:
        Bytes of its arrays and of the largest that are made on the way.
    """
    n = configuration.network_width // width_of(configuration.circuit)
    sets = configuration.redundancy
    if traits.own_indicators:
        n = _equal_width(configuration)
        each = configuration.indicator_redundancy or configuration.redundancy
        sets += each * configuration.indicator_copies
    sizes = (configuration.n_circuits, n, sets, configuration.n_layers)
    fan = fan_of(configuration)
    needed = network_bytes(*sizes, traits, fan=fan, running=running)
    if configuration.edges != IDENTITY:
        gaps = configuration.n_layers - 1
        needed += configuration.n_circuits * (_STATEMENT_BYTES + gaps * _EDGE_BYTES)
    return Cost(needed)


def _equal_width(configuration: Configuration) -> int:
    """Return n of blocks as large as those of indicators and payload together: as many pairs of neurons."""
    layout = layout_of(configuration.circuit)
    m = len(layout.difference_outputs)
    rows = max(layout.width - m, 1)
    share = configuration.indicator_share or rows / layout.width
    own = share * configuration.network_width / rows
    payload = (1 - share) * configuration.network_width / max(m, 1)
    # From indicators to both; from payloads to payloads where mean weights read them.
    pairs = own * (own + payload) + payload**2 * (len(layout.mean_channels) > 1)
    return int((pairs / 2) ** 0.5) if pairs > 0 else 0


def experiment_cost(
    configuration: Configuration,
    traits: Traits,
    n_active: Sequence[int],
    n_networks: int,
    chunk: int | None,
    mistaken: bool = False,
) -> Cost:
    """Estimate what an experiment takes.

    Args:
        configuration: the settings.
        traits: of the construction.
        n_active: all z.
        n_networks: how many networks.
        chunk: samples run at once; what suits the device if left out.
        mistaken: whether there are circuits that are on by mistake.

    Returns:
        Bytes and seconds.
    """
    one = configuration
    n = one.network_width // width_of(one.circuit)
    size = min(
        chunk or samples_at_once(one.n_circuits, one.network_width, one.batch_size), one.batch_size
    )
    per_sample = sample_bytes(one.n_circuits, n, max(n_active), one.n_layers)
    if mistaken:
        per_sample += erroneous_bytes(one.n_circuits, one.redundancy, width_of(one.circuit))
    results = len(n_active) * one.n_layers * (_ROWS_BYTES + 400 * n_networks)
    load = one.n_circuits * one.redundancy / max(n, 1)
    each = run_seconds(one.n_circuits, n, one.redundancy, load, one.n_layers, one.batch_size)
    cores = 1 if jax.default_backend() == "cpu" else ACCELERATOR_CORES
    return Cost(
        network_cost(one, traits, running=True).bytes + size * per_sample + results,
        each * n_networks * len(n_active) / cores,
    )


def sample_bytes(n_circuits: int, block_width: int, n_active: int, n_layers: int) -> int:
    """Estimate the bytes of one sample of a chunk in flight, in a single simulation."""
    neuron = _NEURON_BYTES.get(jax.default_backend(), _NEURON_BYTES["gpu"])
    truth = TRUTH_BYTES * n_active * n_layers
    return circuit_bytes() * n_circuits + neuron * block_width + truth


def erroneous_bytes(n_circuits: int, redundancy: int, circuit_width: int) -> int:
    """Estimate the bytes of one sample that circuits on by mistake need: inputs and their embedding."""
    return n_circuits * circuit_width * (16 + 8 * redundancy)
