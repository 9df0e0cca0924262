"""Laws that every kind of small circuit keeps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import circuits
from .._arrays import root_key
from ._refused import refused


# Those that a kind has no use for are left out.
PARAMETERS = {"lower_threshold": 0.4, "upper_threshold": 0.9, "gate_bias": 0.5}


def parts_make_up_the_weights(small: circuits.AbstractCircuits, seed: int = 0) -> None:
    """Check that mean and difference part through channels equal one matrix, on any activation.

    Args:
        small: T circuits.
        seed: of the activation.

    Raises:
        AssertionError: if they do not.
    """
    activation = jax.random.normal(root_key(seed), (small.width,))
    layer = (small.depth or 1) - 1
    pick = lambda stack: stack[layer if stack.shape[0] > 1 else 0]
    seen = small.layout.matrix @ np.asarray(activation)
    expected = np.asarray(pick(small.mean_weights())) @ seen[list(small.layout.mean_channels)]
    expected = np.tile(expected, (small.n_circuits, 1))
    for t in range(small.n_circuits):
        change = np.asarray(pick(small.difference_weights())[t])
        rows = list(small.layout.difference_outputs)
        expected[t, rows] += change @ seen[list(small.layout.difference_channels)]
    weights = circuits.small_weights(small, layer)
    np.testing.assert_allclose(weights @ activation, expected, rtol=2e-5, atol=2e-5)


def inactive_stay_at_zero(small: circuits.AbstractCircuits, n_layers: int = 3) -> None:
    """Check that circuits whose input is 0 stay silent in every layer.

    Args:
        small: T circuits.
        n_layers: L.

    Raises:
        AssertionError: if one does not.
    """
    count = small.n_circuits
    nothing = jnp.zeros((count, small.width))
    quiet = circuits.exact_trajectory(small, jnp.arange(count), nothing, n_layers)
    np.testing.assert_array_equal(quiet, 0)


def parameters_are_the_constructors(kind: str) -> None:
    """Check that each listed parameter is taken, checked and used, and no other changes anything.

    Args:
        kind: one of `circuits.kinds()`.

    Raises:
        AssertionError: if not.
    """
    draw = lambda **changes: circuits.make(kind, 7, key=root_key(0), **PARAMETERS | changes)
    small = draw()
    assert circuits.width_of(kind) == small.width and circuits.layout_of(kind) == small.layout
    circuits.check_parameters(kind, **PARAMETERS)
    for name in PARAMETERS:
        other = draw(**{name: 0.45})
        differs = bool((small.biases() != other.biases()).any())
        assert differs == (name in small.parameters), name
        if name in small.parameters:
            wrong: dict[str, Any] = {name: 2.0 if "upper" in name else -1.0}
            with refused(f"`{name}`"):
                circuits.check_parameters(kind, **PARAMETERS | wrong)


def check_circuits(kind: str) -> None:
    """Check that a registered kind of circuit keeps every law.

    Args:
        kind: one of `circuits.kinds()`.

    Raises:
        AssertionError: for a law that it breaks.
        ValueError: for an unknown name.
    """
    small = circuits.make(kind, 7, key=root_key(0), **PARAMETERS)
    parts_make_up_the_weights(small)
    inactive_stay_at_zero(small, small.depth or 3)
    parameters_are_the_constructors(kind)
