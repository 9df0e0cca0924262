"""Losses of an estimate of one input, for training.

| loss          | of the output y, for an input x with z active features                         |
|---------------|--------------------------------------------------------------------------------|
| `mse`         | sum_i (y_i - x_i)^2                                                            |
| `l4`          | sum_i (y_i - x_i)^4                                                            |
| `binary`      | sum_i of the cross-entropy of x_i against sigmoid(y_i)                         |
| `categorical` | cross-entropy of x/z, uniform over the active features, against softmax(y);    |
|               | at least log z                                                                 |
"""

from collections.abc import Callable
from math import log

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._errors import lookup
from .._types import Scalar


Loss = Callable[[Float[Array, " T"], Float[Array, " T"]], Scalar]


def _binary(output: Float[Array, " T"], features: Float[Array, " T"]) -> Scalar:
    return jnp.sum(jax.nn.softplus(output) - features * output)


def _categorical(output: Float[Array, " T"], features: Float[Array, " T"]) -> Scalar:
    return -jnp.sum(features / jnp.sum(features) * jax.nn.log_softmax(output))


# name -> (loss, its value for y = 0 as a function of T and z)
_LOSSES: dict[str, tuple[Loss, Callable[[int, int], float]]] = {
    "mse": (lambda y, x: jnp.sum((y - x) ** 2), lambda t, z: float(z)),
    "l4": (lambda y, x: jnp.sum((y - x) ** 4), lambda t, z: float(z)),
    "binary": (_binary, lambda t, z: t * log(2)),
    "categorical": (_categorical, lambda t, z: log(t)),
}


def loss_names() -> tuple[str, ...]:
    """Return the names of the losses that `train` takes."""
    return tuple(_LOSSES)


def loss_of(name: str) -> Loss:
    """Return a named loss; a `ValueError` names the choices if there is none."""
    return lookup(_LOSSES, name, "loss")[0]


def silent_loss(name: str, n_features: int, n_active: int) -> float:
    """Return the loss of an autoencoder that puts out zeros: what training starts from."""
    return lookup(_LOSSES, name, "loss")[1](n_features, n_active)
