"""The device's measured peak, and how far from it each kernel of the structured pass is.

The peak is what a copy and a large matrix product reach in the same turns. A kernel's least time is
that of its bytes at the fastest copy of any size or of its operations at the product's rate,
whichever is longer; `share` is the least time over the measured one. Bytes are what the kernel has
to touch, every gathered row counted, whether or not the cache holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
from jaxsuper.circuits import Layout
from jaxsuper.simulation import layer_metrics, LayerView

from benchmarks.cases import chunk_of, inputs_of, network_of, structured_pass
from benchmarks.records import Row, Setting
from benchmarks.timing import fastest, in_turns, rows_of, Turn


_FLOAT = 4
# Arrays copied, MiB: from what the cache holds to what it does not.
_COPIES, _PRODUCT = (4, 16, 64, 256), {"cpu": 2048}
_LARGE_PRODUCT = 8192
FORWARD = "forward, one chunk"


@dataclass(frozen=True)
class Work:
    """A function ready to be called, with what it has to move and to compute."""

    run: Callable[[], Any]
    bytes: float
    flops: float = 0.0


@dataclass(frozen=True)
class Peak:
    """What the device reaches: bytes and floating point operations per second."""

    bytes: float
    flops: float

    def share(self, work: "Work | Row", seconds: float) -> float:
        """Return the least time for the work over the seconds that it took."""
        least = max((work.bytes or 0) / self.bytes, (work.flops or 0) / self.flops)
        return least / seconds


def peak_work(quick: bool = False) -> dict[str, Work]:
    """Return copies and a matrix product."""
    copy = jax.jit(lambda values: values + 1.0)
    works = {}
    for size in _COPIES[: 2 if quick else None]:
        values = jnp.zeros(size * 2**18, jnp.float32)
        works[f"copy {size} MiB"] = Work(lambda values=values: copy(values), 2 * size * 2**20)
    side = _PRODUCT.get(jax.default_backend(), _LARGE_PRODUCT) // (2 if quick else 1)
    square = jnp.ones((side, side), jnp.float32)
    product = jax.jit(lambda a: jnp.matmul(a, a, precision="highest"))
    flops = 2.0 * side**3
    works[f"product {side}"] = Work(lambda: product(square), 3 * _FLOAT * side**2, flops)
    return works


def peak_of(works: dict[str, Work], turns: dict[str, list[Turn]]) -> Peak:
    """Return the peak from the turns of `peak_work`."""
    copies = [w.bytes / fastest(turns[n]) for n, w in works.items() if n.startswith("copy")]
    products = [w.flops / fastest(turns[n]) for n, w in works.items() if n.startswith("product")]
    return Peak(max(copies), max(products))


def counted(layout: Layout, setting: Setting, batch: int) -> dict[str, tuple[float, float]]:
    """Return bytes and operations of each kernel of a layer.

    Args:
        layout: of the circuits.
        setting: sizes of a clipped network.
        batch: samples.

    Returns:
        name -> (bytes, operations), in the order in which a layer runs them.
    """
    d, k = len(layout.channels[0]), len(layout.channels)
    seen, out = len(layout.mean_channels), len(layout.difference_outputs)
    n, T, S, row = setting.D // d, setting.T, setting.S, _FLOAT * batch
    return {
        "first layer": (row * (2 * d * n + d * setting.z * (1 + 2 * S)), 0.0),
        "channels": (row * n * (d + k), 0.0),
        "readout": (row * k * T * (S + 1), batch * k * T * S),
        "inhibition product": (seen * (_FLOAT * n * n + 2 * row * n), 2.0 * seen * n * n * batch),
        # Weights applied and written, then gathered S times and added up.
        "way back": (row * out * (3 * T + S * T + n), batch * out * T * (S + 3)),
        "metrics": (row * (k * T + d * n), 0.0),
    }


def counted_forward(layout: Layout, setting: Setting, batch: int) -> tuple[float, float]:
    """Return bytes and operations of a whole structured pass without metrics; as `counted`."""
    kernels = counted(layout, setting, batch)
    times = dict.fromkeys(("channels", "readout"), setting.L)
    times |= {"first layer": 1} | dict.fromkeys(("inhibition product", "way back"), setting.L - 1)
    moved, computed = (sum(c * kernels[name][i] for name, c in times.items()) for i in (0, 1))
    return moved, computed


def kernel_runs(network, inputs) -> dict[str, Callable[[], Any]]:
    """Return the kernels of one layer on one chunk, ready to be called; names as of `counted`."""
    jit = eqx.filter_jit
    first = jit(lambda net, i: net.first_layer(i.active_at(0), i.inputs))
    to_channels = jit(lambda net, a: net.channels(a))
    means_of = jit(lambda net, c: net.means(c, net.placement.sets[0]))
    layer_of = jit(lambda net: jax.tree.map(lambda leaf: leaf[0], net.layers()))
    product = jit(lambda one, channels: [one.seen(c) for c in channels])
    back = jit(lambda one, values: one.brought(values))
    metrics = jit(
        lambda net, c, a, m, i: layer_metrics(
            net.circuits.layout, LayerView(a, net.readout(c, m), i.active_at(0), i.truth[0])
        )
    )
    activations = first(network, inputs)
    channels = to_channels(network, activations)
    means, layer = means_of(network, channels), layer_of(network)
    seen = [channels[c] for c in network.circuits.layout.mean_channels]
    return {
        "first layer": lambda: first(network, inputs),
        "channels": lambda: to_channels(network, activations),
        "readout": lambda: means_of(network, channels),
        "inhibition product": lambda: product(layer, seen),
        "way back": lambda: back(layer, means),
        "metrics": lambda: metrics(network, channels, activations, means, inputs),
    }


def kernel_rows(setting: Setting, quick: bool = False, budget: float = 12.0) -> list[Row]:
    """Measure the peak and, in the same turns, every kernel and the whole pass.

    Args:
        setting: of the network; the chunk is the library's.
        quick: smaller arrays for the peak.
        budget: seconds.

    Returns:
        Rows of the sections "peak" and "kernels".
    """
    network = network_of(setting)
    chunk = chunk_of(network, setting)
    inputs = inputs_of(network, msgspec.structs.replace(setting, batch=chunk))[0]
    layout, forward = network.circuits.layout, eqx.filter_jit(structured_pass)
    counts = counted(layout, setting, chunk)
    runs = kernel_runs(network, inputs)
    works = {name: Work(run, *counts[name]) for name, run in runs.items()}
    works[FORWARD] = Work(
        lambda: forward(network, inputs), *counted_forward(layout, setting, chunk)
    )
    peaks = peak_work(quick)
    found = in_turns(
        {name: work.run for name, work in {**works, **peaks}.items()}, turns=30, budget=budget
    )
    peak = peak_of(peaks, found)
    rows = []
    for section, group, where in (("peak", peaks, None), ("kernels", works, setting)):
        for row in rows_of(section, where, {name: found[name] for name in group}):
            work = group[row.name]
            row.bytes, row.flops = work.bytes, work.flops
            moves = section == "kernels" or row.name.startswith("copy")
            row.rate = (work.bytes if moves else work.flops) / row.seconds
            row.unit = "bytes" if moves else "operations"
            if section == "kernels":
                row.share, row.figures = peak.share(work, row.seconds), {"chunk": chunk}
            rows.append(row)
    return rows
