"""Files of small networks: safetensors with `0.weight`, `0.bias`, `1.weight`, ..., and `inputs`.

Any framework writes them: weights (T, out, in), biases (T, out), inputs (N, n_inputs) of which each row
is as likely. Every layer ends in a ReLU.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from .._errors import bad, check
from .._files import check_writable, written_whole
from ._layers import Pairs, stack_layers


SUFFIX = ".safetensors"
_NAME = re.compile(r"(?:.*\.)?(\d+)\.(weight|bias)")
_INPUTS = "inputs"


def save_layers(
    path: str | Path, layers: Pairs, inputs: Any = None, n_layers: int | None = None
) -> None:
    """Write the layers of T small networks, for `load_layers` and `--circuit FILE`.

    Args:
        path: ends in .safetensors.
        layers: (W, b) of layers 1..L, as of `stack_layers`.
        inputs: (N, n_inputs), of which each row is as likely; uniform if left out.
        n_layers: L of the networks they are for; if more, the outputs are handed on to the last.

    Raises:
        ValueError: for layers that do not fit on each other or are more than L, or a path that
            cannot be written.
    """
    from safetensors.numpy import save_file

    path = Path(path)
    check(path.suffix == SUFFIX, "path", f"must end in {SUFFIX}", path.name)
    check_writable(path, "path")
    stacked = stack_layers(layers, n_layers)
    eye = np.eye(stacked.n_outputs, dtype=np.float32)
    added = [(np.tile(eye, (stacked.n_circuits, 1, 1)), None)] * (len(stacked.widths) - len(layers))
    arrays: dict[str, np.ndarray] = {}
    for number, (weights, biases) in enumerate([*layers, *added]):
        arrays[f"{number}.weight"] = np.ascontiguousarray(weights, np.float32)
        if biases is not None:
            arrays[f"{number}.bias"] = np.ascontiguousarray(biases, np.float32)
    if inputs is not None:
        arrays[_INPUTS] = np.ascontiguousarray(inputs, np.float32)
    with written_whole(path) as partial:
        save_file(arrays, partial)


def load_layers(
    path: str | Path, argument: str = "path"
) -> tuple[list[tuple[np.ndarray, np.ndarray | None]], np.ndarray | None]:
    """Read the layers of small networks.

    Args:
        path: a safetensors file with `0.weight`, `0.bias`, ...; names may have more in front.
        argument: what the path is called in errors.

    Returns:
        (the layers, in the order of their numbers; the inputs, or None).

    Raises:
        ValueError: for a file that is missing, torn, or holds something else.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = Path(path)
    check(path.is_file(), argument, "must be an existing file", path, "there is no such file")
    try:
        arrays = load_file(path)
    except (SafetensorError, ValueError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise bad(argument, "must be a whole safetensors file", path, reason) from None
    inputs = arrays.pop(_INPUTS, None)
    layers: dict[int, dict[str, np.ndarray]] = {}
    for name, values in arrays.items():
        found = _NAME.fullmatch(name)
        rule = "must hold tensors named like 0.weight and 0.bias"
        check(found is not None, argument, rule, f"{path}: {name}")
        assert found is not None
        layers.setdefault(int(found[1]), {})[found[2]] = values
    check(bool(layers), argument, "must hold tensors named like 0.weight", f"{path}: none")
    pairs = []
    for number in sorted(layers):
        check("weight" in layers[number], argument, f"must hold {number}.weight", path)
        pairs.append((layers[number]["weight"], layers[number].get("bias")))
    return pairs, inputs
