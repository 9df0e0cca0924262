"""Thresholds, gate bias and inhibition by gradient through the simulation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from .._arrays import sum_of
from .._types import KeyScalar
from ..network import AbstractNetwork
from ..simulation import forward, sample_inputs, samples_key
from ._designs import Design
from ._measure import network_of, with_parameters


# Below this the gradient of log error is called flat: a step of size 1 would change it by 0.1 %.
_FLAT = 1e-3
# Parameters that a kind of design feels. Open neurons with private links do not feel b.
_FELT = {
    "clipped": ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor"),
    "cleaned": ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor"),
    "separate": ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor"),
    "carried": ("gate_bias", "inhibition_factor"),
    "early-guess": ("gate_bias", "inhibition_factor"),
}


@dataclass(frozen=True)
class Tuned:
    """The end of a descent.

    Attributes:
        design: with the parameters of the lowest loss met.
        start: the loss at the start, mean over layers of the active circuits' squared error.
        end: the lowest.
        flat: whether the gradient vanished at the start, so that nothing was tried.
        steps: gradients taken.
    """

    design: Design
    start: float
    end: float
    flat: bool
    steps: int


def is_tunable(design: Design) -> bool:
    """Return whether the design has continuous parameters that its error depends on."""
    return design.kind in _FELT


def free(parameters: dict[str, Any]) -> dict[str, Array]:
    """Return unconstrained coordinates of the parameters.

    Thresholds 0 < lo < hi < 1 become logit lo and logit (hi - lo)/(1 - lo), gate bias and
    inhibition factor their logarithms.

    Args:
        parameters: both thresholds or neither.

    Returns:
        Coordinates of the same names.
    """
    values = {name: jnp.asarray(value, jnp.float32) for name, value in parameters.items()}
    made = {name: jnp.log(value) for name, value in values.items() if "threshold" not in name}
    if "lower_threshold" in values:
        low, high = (
            jnp.clip(values[f"{end}_threshold"], 1e-3, 1 - 1e-3) for end in ("lower", "upper")
        )
        made["lower_threshold"] = jax.scipy.special.logit(low)
        made["upper_threshold"] = jax.scipy.special.logit((high - low) / (1 - low))
    return made


def bound(coordinates: dict[str, Array]) -> dict[str, Array]:
    """Return the parameters at the given coordinates, the inverse of `free`."""
    made = {name: jnp.exp(v) for name, v in coordinates.items() if "threshold" not in name}
    if "lower_threshold" in coordinates:
        low = jax.nn.sigmoid(coordinates["lower_threshold"])
        made["lower_threshold"] = low
        made["upper_threshold"] = low + (1 - low) * jax.nn.sigmoid(coordinates["upper_threshold"])
    return made


def loss(
    coordinates: dict[str, Array],
    network: AbstractNetwork,
    n_active: int,
    samples: int,
    key: KeyScalar,
) -> Float[Array, ""]:
    """Return the active circuits' squared error, averaged over samples and layers.

    Args:
        coordinates: see `free`.
        network: whose parameters are replaced.
        n_active: z.
        samples: ids 0..samples-1 of the key, whatever the coordinates: common random numbers.
        key: root key of the samples.

    Returns:
        The loss, differentiable almost everywhere.
    """
    tuned = with_parameters(network, bound(coordinates))
    inputs = sample_inputs(tuned.circuits, n_active, tuned.n_layers, jnp.arange(samples), key=key)
    channels = dict(tuned.circuits.layout.readouts)["x"]
    columns = jnp.arange(samples)[None, :]

    def wrong(view, truth):
        parts = [(view.estimates[c][inputs.active, columns] - truth[c]) ** 2 for c in channels]
        return jnp.mean(jnp.stack(parts).sum(axis=0))

    return jnp.mean(forward(tuned, inputs, wrong))


loss_and_gradient = eqx.filter_jit(eqx.filter_value_and_grad(loss))


def _mean_slope(gradients: list[dict[str, Array]], value: float) -> dict[str, Array]:
    """Return the gradient of the logarithm of the mean loss."""
    return jax.tree.map(lambda *each: sum_of(list(each)) / (len(each) * value), *gradients)


def tune(
    design: Design,
    networks: range,
    samples: int,
    *,
    steps: int = 25,
    rate: float = 0.12,
    stop: Callable[[], bool] = lambda: False,
) -> Tuned:
    """Descend from a design's parameters (Adam on the logarithm of the loss).

    Args:
        design: of a tunable kind.
        networks: numbers of the networks of its seed, averaged over.
        samples: of each network, the same in every step.
        steps: at most.
        rate: Adam's.
        stop: asked before every step; what was found until then is returned.

    Returns:
        The best point met, its parameters rounded to four digits.
    """
    given = design.configuration
    names = _FELT[design.kind]
    place = free({name: max(getattr(given, name), 1e-3) for name in names})
    built = [network_of(design, index) for index in networks]
    keys = [samples_key(given.seed, index) for index in networks]
    adam = optax.adam(rate, b1=0.8)
    state = adam.init(place)
    best, start, lowest, taken = place, float("inf"), float("inf"), 0
    for step in range(steps):
        if stop():
            break
        parts = [
            loss_and_gradient(place, network, given.n_active, samples, key)
            for network, key in zip(built, keys, strict=True)
        ]
        value = float(sum(one for one, _ in parts)) / len(parts)
        slope = _mean_slope([gradient for _, gradient in parts], value)
        taken += 1
        if step == 0:
            start = value
            if not value > 0:
                return Tuned(design, start, start, True, taken)
            size = float(optax.tree_utils.tree_norm(slope))
            if not size >= _FLAT:  # NaN too
                return Tuned(design, start, start, True, taken)
        if value < lowest:
            best, lowest = place, value
        with jax.numpy_dtype_promotion("standard"):  # optax mixes weak and integer types
            change, state = adam.update(slope, state)
        place = {
            name: place[name] + moved for name, moved in cast(dict[str, Array], change).items()
        }
    found = {name: float(f"{float(value):.4g}") for name, value in bound(best).items()}
    return Tuned(
        replace(design, configuration=replace(given, **found)), start, lowest, False, taken
    )
