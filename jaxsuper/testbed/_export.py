"""`export`: a network, its truth and samples as a folder that needs no jaxsuper to be read."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from .._arrays import root_key
from .._errors import check, check_kind
from .._files import make_writable_folder, remove_abandoned, write_json, written_whole
from .._limits import amount, check_cost, check_index, check_seed, Cost
from .._settings import Configuration
from ..circuits import Layout, small_weights
from ..network import AbstractNetwork
from ..simulation import check_groups
from ._card import card_of
from ._components import Components, components, counts_of, graph_of, hops_of
from ._format import CARD, CONFIG, Config, FORMAT, HOOKED, MODEL, PICTURE, SAMPLES, TRUTH, VERSION
from ._measured import baseline_rows, measured_rows, position_of
from ._samples import sample_shapes, stream
from ._tensors import sha256_of, Shapes, size_of, written


_HOOKED = "hooked.txt"
_PACKAGES = ("jaxsuper", "jax", "numpy", "equinox")
# Called with (pieces done, pieces in all, what they are).
Report = Callable[[int, int, str], None]
# Of the matrices at once: W, a rest, labels and counts of one layer.
_MATRICES = 24


def _model(network: AbstractNetwork, parts: Components) -> dict[str, np.ndarray]:
    """Return what is small of `model.safetensors`: all but the matrices."""
    wiring, rows = parts.wiring, parts.rows
    found = {f"layers.{k}.bias": bias for k, bias in enumerate(parts.biases)}
    found["embedding.neurons"] = parts.neurons[0]
    found["embedding.weight"] = np.asarray(wiring.embedding, np.float32)[:, rows]
    found |= {f"readout.{k}.neurons": parts.neurons[k] for k in wiring.reported}
    found["readout.weight"] = np.asarray(wiring.reading, np.float32)[:, rows]
    width, n = wiring.first_bias.shape
    row_of = np.repeat(np.arange(width), n)[parts.keep]
    found["readout.shared"] = np.asarray(wiring.reading_all, np.float32)[:, row_of]
    found["readout.constant"] = np.asarray(wiring.reading_constant, np.float32)
    return found


def _truth(network: AbstractNetwork, parts: Components) -> dict[str, np.ndarray]:
    """Return what is small of `truth.safetensors`: all but the labels."""
    circuits, found = network.circuits, {"rows": parts.rows}
    found |= {f"neurons.{k}": neurons for k, neurons in enumerate(parts.neurons)}
    layers = range(circuits.depth or 1)
    found["circuits.weights"] = np.stack([np.asarray(small_weights(circuits, l)) for l in layers])
    found["circuits.biases"] = np.asarray(circuits.biases())
    for k, one in enumerate(parts.parts, 1):
        found |= {f"parts.{k}.sources": one.sources, f"parts.{k}.targets": one.targets}
        found[f"parts.{k}.weights"] = one.weights
        edge, u, v = one.small_pairs()
        found |= {f"pairs.{k}.part": edge, f"pairs.{k}.u": u, f"pairs.{k}.v": v}
    graph = graph_of(network)
    for gap, ends in enumerate(graph):
        for name, values in zip(("sources", "targets", "opens"), ends, strict=True):
            found[f"edges.{gap}.{name}"] = values
    for hops, ends in hops_of(graph, network.n_circuits).items():
        for name, values in zip(("layers", "sources", "targets"), ends, strict=True):
            found[f"hops.{hops}.{name}"] = values
    return found


def _shapes(arrays: Mapping[str, np.ndarray]) -> Shapes:
    return {name: (array.shape, array.dtype.type) for name, array in arrays.items()}


def _check_fits(folder: Path, network: AbstractNetwork, needed: int, n_samples: int) -> None:
    """Raise a `ValueError` unless there is memory for a matrix, and room on the disk for all."""
    blocks = network.circuits.width * network.block_width
    check_cost(lambda network_width: Cost(_MATRICES * network_width**2), {"network_width": blocks})
    free = shutil.disk_usage(folder).free
    rule = f"must leave room on the disk, where {amount(free)} are free"
    check(needed <= free, "n_samples", rule, f"{n_samples}, for {amount(needed)}")


def export(
    network: AbstractNetwork,
    directory: Path | str,
    *,
    n_active: int = 1,
    n_samples: int = 1000,
    seed: int = 0,
    settings: Configuration | None = None,
    loads: Sequence[int] = (1, 2, 3, 4),
    measured: int = 500,
    draw: Callable[[Config, Path], None] | None = None,
    progress: Report | None = None,
) -> Config:
    """Write a network, its truth and samples to a folder; `_format` describes it.

    Files are written whole or not at all, the config last: a folder without one is not finished.

    Args:
        network: of one of the constructions.
        directory: made if it is not there; files of an earlier export are written over.
        n_active: z, circuits active in a sample; groups of circuits, of a program.
        n_samples: N.
        seed: of the samples.
        settings: that the network was prepared from, to be kept, and for where theory says it stands.
        loads: z for which the card compares the network with the naive baseline.
        measured: samples of the card's errors.
        draw: draws the card's picture into a file, e.g. with `plotting.export_figure`; none if left out.
        progress: called with pieces done, pieces in all and what they are.

    Returns:
        The config.

    Raises:
        ValueError: for arguments that do not fit, a network of which it is not known which weights are
            whose, or if there is no room.
    """
    check_kind("network", network, AbstractNetwork)
    check_index("n_active", n_active)
    check_index("n_samples", n_samples)
    check_index("measured", measured, 2)
    check_seed("seed", seed)
    for load in loads:
        check_index("loads", load)
    limit = network.n_circuits
    check(n_active <= limit, "n_active", f"must be at most the {limit} circuits", n_active)
    check_groups(network.edges, n_active)
    folder = Path(directory)
    report = progress or (lambda done, total, what: None)
    parts = components(network)
    reported = list(parts.wiring.reported)
    model, truth = _model(network, parts), _truth(network, parts)
    D = len(parts.keep)
    square = {k: (D, D) for k in range(1, len(parts) + 1)}
    shapes = {
        MODEL: {
            **{f"layers.{k}.weight": (s, np.float32) for k, s in square.items()},
            **_shapes(model),
        },
        TRUTH: {**_shapes(truth), **{f"labels.{k}": (s, np.uint8) for k, s in square.items()}},
        SAMPLES: sample_shapes(network, n_active, n_samples, reported),
    }
    make_writable_folder(folder, "directory")
    remove_abandoned(folder)
    _check_fits(folder, network, sum(size_of(each) for each in shapes.values()), n_samples)
    # What was there is no longer whole.
    (folder / CONFIG).unlink(missing_ok=True)
    counts = _matrices(folder, parts, model, truth, shapes, report)
    with written(folder / SAMPLES, shapes[SAMPLES]) as writer:
        told = lambda done, total: report(done, total, "samples")
        stream(network, n_active, n_samples, reported, writer, key=root_key(seed), progress=told)
    report(0, 1, "errors")
    layout = network.circuits.layout
    config = Config(
        format=FORMAT,
        version=VERSION,
        construction=network.traits.name,
        activation="masked" if parts.wiring.masked else "relu",
        inputs=parts.wiring.inputs,
        n_neurons=D,
        n_circuits=limit,
        circuit_width=layout.width,
        redundancy=len(parts.rows),
        n_layers=network.n_layers,
        n_relu=len(parts.neurons),
        reported=reported,
        channels=_names(layout),
        channel_matrix=[list(row) for row in layout.channels],
        readouts={name: list(channels) for name, channels in layout.readouts},
        n_active=n_active,
        n_samples=n_samples,
        settings={} if settings is None else asdict(settings),
        labels=counts,
        program=network.edges is not None,
        seed=seed,
        measured=measured_rows(network, n_active, measured, seed),
        position={} if settings is None else position_of(settings, n_active),
        baseline=baseline_rows(network, loads, measured, seed),
        sha256={name: sha256_of(folder / name) for name in (MODEL, TRUTH, SAMPLES)},
        made_with={name: version(name) for name in _PACKAGES},
    )
    own = resources.files(__name__.rpartition(".")[0])
    hooked = (own / _HOOKED).read_text(encoding="utf-8")
    if draw is not None:
        draw(config, folder / PICTURE)
    for name, text in ((CARD, card_of(config, draw is not None)), (HOOKED, hooked)):
        with written_whole(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    write_json(folder / CONFIG, msgspec.to_builtins(config))
    return config


def _names(layout: Layout) -> list[str]:
    """Return a name for each channel: those of what it is a part of, or its number."""
    names = [f"channel{c}" for c in range(len(layout.channels))]
    for name, channels in layout.readouts:
        for part, channel in enumerate(channels):
            names[channel] = name if len(channels) == 1 else f"{name}{part}"
    return names


def _matrices(folder, parts, model, truth, shapes, report) -> list[dict[str, int]]:
    """Write matrices and labels layer by layer, and what is small beside them; return the counts."""
    counts = []
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(written(folder / name, shapes[name]))
            for name in (MODEL, TRUTH)
        }
        for name, arrays in ((MODEL, model), (TRUTH, truth)):
            for each, values in arrays.items():
                files[name].put(each, values)
        for k in range(1, len(parts) + 1):
            report(k - 1, len(parts), "layers")
            weights = parts.weights(k)
            files[MODEL].put(f"layers.{k}.weight", weights)
            labels = parts.labels(k, weights)
            files[TRUTH].put(f"labels.{k}", labels)
            counts.append(counts_of(labels))
    return counts
