"""`read_export`: the folder of `export`, checked; arrays are memory maps that nothing is read of yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float, Int, UInt8

from .._errors import bad, check
from .._limits import check_index
from .._reading import from_json
from ._components import Parts
from ._format import CONFIG, Config, FORMAT, MODEL, SAMPLES, TRUTH, VERSION
from ._tensors import mapped, sha256_of


class _Any(msgspec.Struct):
    """What the config of any version holds."""

    format: str = ""
    version: int = 0


@dataclass(frozen=True)
class Exported:
    """An exported network; layers are counted k = 0..K-1 as in `_format`.

    Attributes:
        directory: where it lies.
        config: what it says of itself.
        model, truth, samples: name -> array, read-only memory maps.
    """

    directory: Path
    config: Config
    model: Mapping[str, np.ndarray]
    truth: Mapping[str, np.ndarray]
    samples: Mapping[str, np.ndarray]

    def weight(self, layer: int) -> Float[np.ndarray, "D D"]:
        """Return W_k, [to, from], of layers 1..K-1."""
        return _named(self.model, f"layers.{layer}.weight", layer)

    def bias(self, layer: int) -> Float[np.ndarray, " D"]:
        """Return b_k of layers 0..K-1."""
        return _named(self.model, f"layers.{layer}.bias", layer)

    def activations(self, layer: int) -> Float[np.ndarray, "N D"]:
        """Return the network's activations after a reported layer."""
        return _named(self.samples, f"activations.{layer}", layer)

    def neurons(self, layer: int) -> Int[np.ndarray, "T R"]:
        """Return the neurons that carry each circuit in layers 0..K-1."""
        return _named(self.truth, f"neurons.{layer}", layer)

    def labels(self, layer: int) -> UInt8[np.ndarray, "D D"]:
        """Return the labels of the weights into layers 1..K-1."""
        return _named(self.truth, f"labels.{layer}", layer)

    @cached_property
    def channels(self) -> Float[np.ndarray, "c d"]:
        """The combinations of d neurons that circuits are read in."""
        # A circuit's own: readouts mix in scales and corrections.
        return np.asarray(self.config.channel_matrix, np.float32)

    def parts(self, layer: int) -> Parts:
        """Return the circuits' or edges' parts of W_k."""
        return Parts(
            _named(self.truth, f"parts.{layer}.sources", layer),
            _named(self.truth, f"parts.{layer}.targets", layer),
            self.truth[f"parts.{layer}.weights"],
            self.truth["rows"],
            self.neurons(layer),
            self.neurons(layer - 1),
            self.channels,
            self.config.n_neurons,
        )

    def rest(self, layer: int) -> Float[np.ndarray, "D D"]:
        """Return what of W_k belongs to no circuit."""
        return self.weight(layer) - self.parts(layer).total()

    def pairs(
        self, layer: int, which: Any = slice(None)
    ) -> tuple[Float[np.ndarray, "P D"], Float[np.ndarray, "P D"], Int[np.ndarray, " P"]]:
        """Return rank-one pairs written out: u, v and the edge of each; their sum is that of parts.

        Args:
            layer: 1..K-1.
            which: the numbers of the pairs wanted; 8 D bytes each.
        """
        parts = self.parts(layer)
        small = tuple(
            np.asarray(self.truth[f"pairs.{layer}.{name}"]) for name in ("part", "u", "v")
        )
        return parts.pairs(which, small)

    def directions(self, layer: int, row: int) -> Float[np.ndarray, "T D"]:
        """Return the unit vector of the neurons that stand for small neuron `row` of each circuit.

        Args:
            layer: 0..K-1.
            row: 0..d-1.
        """
        rows = np.asarray(self.truth["rows"])
        check_index("row", row, 0)
        check(
            row < self.config.circuit_width,
            "row",
            f"must be below {self.config.circuit_width}",
            row,
        )
        neurons = self.neurons(layer)[:, rows == row].astype(np.int64)
        found = np.zeros((len(neurons), self.config.n_neurons), np.float32)
        np.put_along_axis(found, neurons, np.float32(neurons.shape[1] ** -0.5), axis=1)
        return found


def _named(arrays: Mapping[str, np.ndarray], name: str, layer: int) -> np.ndarray:
    if name not in arrays:
        raise bad("layer", f"must have {name.replace(str(layer), 'k', 1)}", layer)
    return arrays[name]


def read_export(directory: Path | str, *, verify: bool = False) -> Exported:
    """Read what `export` wrote.

    Args:
        directory: the folder.
        verify: compare checksums too, for which all is read.

    Returns:
        The network, its truth and samples; nothing of the arrays is in memory yet.

    Raises:
        ValueError: if it is no such folder, of another version, not finished, truncated or damaged;
            one line.
    """
    folder = Path(directory)
    check(folder.is_dir(), "directory", "must be a folder", folder)
    file = folder / CONFIG
    rule = "must be a finished export"
    check(file.is_file(), "directory", rule, folder, f"there is no {CONFIG} in it")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise bad("directory", "must be readable", file, error.strerror or str(error)) from None
    found = from_json(_Any, content, CONFIG)
    known = found.format == FORMAT
    check(known, "directory", f"must hold a {CONFIG} of `export`", folder, "it is something else")
    same = found.version == VERSION
    check(same, "directory", f"must be of version {VERSION}", f"{found.version} in {folder}")
    config = from_json(Config, content, CONFIG)
    arrays = {name: mapped(folder / name) for name in (MODEL, TRUTH, SAMPLES)}
    if verify:
        for name, digest in config.sha256.items():
            right = name in arrays and sha256_of(folder / name) == digest
            check(right, "directory", "must be as it was written", folder / name, "it was changed")
    made = Exported(folder, config, arrays[MODEL], arrays[TRUTH], arrays[SAMPLES])
    _check_shapes(made)
    return made


def _check_shapes(made: Exported) -> None:
    """Raise a `ValueError` if arrays are missing, or of other shapes than the config says."""
    one = made.config
    D, T, d, R, c = (
        one.n_neurons,
        one.n_circuits,
        one.circuit_width,
        one.redundancy,
        len(one.channels),
    )
    wanted: dict[str, tuple[Mapping[str, np.ndarray], tuple[int, ...]]] = {
        "embedding.neurons": (made.model, (T, R)),
        "embedding.weight": (made.model, (T, R, d)),
        "readout.weight": (made.model, (c, R)),
        "rows": (made.truth, (R,)),
    }
    for k in range(one.n_relu):
        wanted[f"layers.{k}.bias"] = made.model, (D,)
        wanted[f"neurons.{k}"] = made.truth, (T, R)
        if k:
            wanted[f"layers.{k}.weight"] = made.model, (D, D)
            wanted[f"labels.{k}"] = made.truth, (D, D)
    for k in one.reported:
        wanted[f"activations.{k}"] = made.samples, (one.n_samples, D)
        wanted[f"readout.{k}.neurons"] = made.model, (T, R)
    for name, (arrays, shape) in wanted.items():
        given = arrays[name].shape if name in arrays else "nothing"
        check(given == shape, "directory", f"must have {name} of shape {shape}", given)
