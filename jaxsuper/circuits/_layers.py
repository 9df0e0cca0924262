"""T small networks layer by layer, as any framework has them: checked, padded to one width, drawn inputs.

`Layers` is what `from_layers` of `MLP`, `Guarded` and `Gated` is made of, and what a file of circuits
holds. Layers are a^l = ReLU(W^l a^{l-1} + b^l), the last one included.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._errors import check, check_kind
from .._types import KeyScalar
from ._base import check_finite


# A table of inputs, each row as likely, or a function of a key.
InputSource: TypeAlias = Any
Pairs: TypeAlias = Sequence[Any]


class Layers(NamedTuple):
    """T small networks, every layer padded with zeros to one width m.

    Attributes:
        weights: (L, T, m, m), [layer, network, to, from].
        biases: (L, T, m).
        n_inputs: the numbers that layer 1 reads.
        widths: neurons of layers 1..L, the last being the outputs.
    """

    weights: Float[np.ndarray, "L T m m"]
    biases: Float[np.ndarray, "L T m"]
    n_inputs: int
    widths: tuple[int, ...]

    @property
    def n_circuits(self) -> int:
        """T."""
        return self.weights.shape[1]

    @property
    def width(self) -> int:
        """m, the widest layer or the inputs."""
        return self.weights.shape[2]

    @property
    def n_outputs(self) -> int:
        """Neurons of the last layer."""
        return self.widths[-1]


def stack_layers(layers: Pairs, n_layers: int | None = None) -> Layers:
    """Check layers and pad them to one width.

    Args:
        layers: (W, b) for layers 1..L, W (T, out, in) and b (T, out), of any framework; W (out, in)
            and b (out,) for a single network. Biases may be None.
        n_layers: if more than there are, layers are added that hand the outputs on.

    Returns:
        The layers.

    Raises:
        ValueError: for shapes that do not follow on each other, values that are not finite, or more
            layers than `n_layers`.
    """
    check_kind("layers", layers, list, tuple)
    check(len(layers) > 0, "layers", "must hold at least one (W, b)", "none")
    pairs = [_pair(number, each) for number, each in enumerate(layers, 1)]
    count, _, n_inputs = pairs[0][0].shape
    reads = n_inputs
    for number, (weights, biases) in enumerate(pairs, 1):
        rule = f"must have shape ({count}, out, {reads}) in layer {number}"
        check(weights.shape[0] == count and weights.shape[2] == reads, "W", rule, weights.shape)
        reads = weights.shape[1]
        check(biases.shape == (count, reads), "b", f"must be ({count}, {reads})", biases.shape)
    wanted = len(pairs) if n_layers is None else n_layers
    check(wanted >= len(pairs), "n_layers", f"must be at least the {len(pairs)} given", wanted)
    hand_on = np.broadcast_to(np.eye(reads, dtype=np.float32), (count, reads, reads))
    # What a ReLU layer gives is not negative, so the identity keeps it.
    pairs += [(hand_on, np.zeros((count, reads), np.float32))] * (wanted - len(pairs))
    widths = tuple(weights.shape[1] for weights, _ in pairs)
    m = max(n_inputs, *widths)
    weights = np.stack([_padded(each, m, 2) for each, _ in pairs])
    return Layers(weights, np.stack([_padded(each, m, 1) for _, each in pairs]), n_inputs, widths)


def reads_of(stacked: Layers) -> Float[np.ndarray, "L T m reads"]:
    """Return b_t and W_t side by side: what neurons read from one that is on, and from each other.

    Neurons that fill up are kept off: with a bias of 0 they would be at their kink.
    """
    biases = stacked.biases.copy()
    for layer, width in enumerate(stacked.widths):
        biases[layer, :, width:] = -1.0
    return np.concatenate([biases[..., None], stacked.weights], axis=3)


def _pair(number: int, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    good = isinstance(pair, (tuple, list)) and len(pair) == 2
    check(good, "layers", "must hold pairs (W, b)", f"{type(pair).__name__} in layer {number}")
    check_finite("W", pair[0])
    weights = np.asarray(pair[0], np.float32)
    single = weights.ndim == 2
    weights = weights[None] if single else weights
    right = weights.ndim == 3 and weights.size > 0
    rule = f"must have shape (T, out, in) or (out, in) in layer {number}"
    check(right, "W", rule, np.shape(pair[0]))
    if pair[1] is None:
        return weights, np.zeros(weights.shape[:2], np.float32)
    check_finite("b", pair[1])
    biases = np.asarray(pair[1], np.float32)
    return weights, biases[None] if single else biases


def _padded(values: np.ndarray, m: int, axes: int) -> np.ndarray:
    short = [(0, m - size) for size in values.shape[1:]]
    return np.pad(values, [(0, 0), *short[:axes]])


def layers_of(module: Any) -> list[tuple[Array, Array]]:
    """Return (W, b) of the linear layers of an Equinox module, in the order of its fields.

    Args:
        module: e.g. an `eqx.nn.MLP` with ReLU, or many of them stacked by `eqx.filter_vmap`. Only the
            linear layers are read: what else it does between them is not seen.

    Returns:
        For `from_layers` of `MLP`, `Guarded` and `Gated`.

    Raises:
        ValueError: if there is no linear layer.
    """
    is_linear = lambda leaf: isinstance(leaf, eqx.nn.Linear)
    found = [leaf for leaf in jax.tree.leaves(module, is_leaf=is_linear) if is_linear(leaf)]
    check(bool(found), "module", "must hold `eqx.nn.Linear` layers", type(module).__name__)
    return [(each.weight, each.bias) for each in found]


def signed(layers: Pairs) -> list[tuple[Any, Any]]:
    """Return the layers with every output split in its positive and its negative part.

    A ReLU would cut negative outputs off: ReLU(o) and ReLU(-o) keep them, at twice the neurons.

    Args:
        layers: as of `stack_layers`, the last one read without a ReLU.

    Returns:
        The layers, with outputs (o_1+, ..., o_k+, o_1-, ..., o_k-).
    """
    *before, last = layers
    weights, biases = (np.asarray(each, np.float32) for each in last)
    axis = weights.ndim - 2
    both = np.concatenate([weights, -weights], axis), np.concatenate([biases, -biases], axis)
    return [*before, both]


def drawer(inputs: InputSource, n_inputs: int) -> "Table | Callable[[KeyScalar], Array] | None":
    """Check where inputs come from.

    Args:
        inputs: (N, n_inputs), of which each row is as likely, or a function key -> (n_inputs,), or
            None for the uniform distribution on [0, 1]^n_inputs.
        n_inputs: how many numbers an input has.

    Returns:
        The table as an array, the function, or None.

    Raises:
        ValueError: for another shape, or values that are not finite.
    """
    if inputs is None:
        return None
    if callable(inputs):
        shape = jax.eval_shape(inputs, jax.random.key(0)).shape
        check(shape == (n_inputs,), "inputs", f"must return shape ({n_inputs},)", shape)
        return inputs
    check_finite("inputs", inputs)
    table = jnp.asarray(inputs, jnp.float32)
    right = table.ndim == 2 and table.shape[1] == n_inputs and table.shape[0] > 0
    check(right, "inputs", f"must have shape (N, {n_inputs})", table.shape)
    return table


Table: TypeAlias = Float[Array, "N inputs"]


def draw_input(inputs: Any, n_inputs: int, *, key: KeyScalar) -> Float[Array, " inputs"]:
    """Draw one input from what `drawer` returned."""
    if inputs is None:
        return jax.random.uniform(key, (n_inputs,))
    if callable(inputs):
        return inputs(key)
    return inputs[jax.random.randint(key, (), 0, len(inputs))]
