"""Thresholds, gate bias and inhibition by gradient through the simulation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from .._arrays import sum_of
from .._errors import bad
from .._journal import anew, Once
from .._types import KeyScalar
from ..network import AbstractNetwork
from ..simulation import forward, LayerView, sample_inputs, samples_key, with_parameters
from ._kinds import tunable
from ._measure import configurations, network_of
from ._problem import Design, with_settings


# Below this the gradient of log error is called flat: a step of size 1 would change it by 0.1 %.
_FLAT = 1e-3
# Gate biases and factors start above 0, where their logarithm exists.
_SMALLEST = 1e-3


@dataclass(frozen=True)
class Descent:
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


def coordinates_of(parameters: Mapping[str, Any]) -> dict[str, Array]:
    """Return unconstrained coordinates of the parameters.

    Thresholds 0 < lo < hi < 1 become logit lo and logit (hi - lo)/(1 - lo), gate bias and
    inhibition factor their logarithms.

    Args:
        parameters: both thresholds or neither.

    Returns:
        Coordinates of the same names.
    """
    values = {name: jnp.asarray(value, jnp.float32) for name, value in parameters.items()}
    place = {name: jnp.log(value) for name, value in values.items() if "threshold" not in name}
    if "lower_threshold" in values:
        low, high = (
            jnp.clip(values[f"{end}_threshold"], 1e-3, 1 - 1e-3) for end in ("lower", "upper")
        )
        place["lower_threshold"] = jax.scipy.special.logit(low)
        place["upper_threshold"] = jax.scipy.special.logit((high - low) / (1 - low))
    return place


def parameters_at(coordinates: Mapping[str, Array]) -> dict[str, Array]:
    """Return the parameters at the given coordinates, the inverse of `coordinates_of`."""
    parameters = {name: jnp.exp(v) for name, v in coordinates.items() if "threshold" not in name}
    if "lower_threshold" in coordinates:
        low = jax.nn.sigmoid(coordinates["lower_threshold"])
        share = jax.nn.sigmoid(coordinates["upper_threshold"])
        parameters["lower_threshold"] = low
        parameters["upper_threshold"] = low + (1 - low) * share
    return parameters


def design_loss(
    coordinates: dict[str, Array],
    network: AbstractNetwork,
    n_active: int,
    samples: int,
    key: KeyScalar,
) -> Float[Array, ""]:
    """Return the active circuits' squared error, averaged over samples and layers.

    Args:
        coordinates: see `coordinates_of`.
        network: whose parameters are replaced.
        n_active: z.
        samples: ids 0..samples-1 of the key, whatever the coordinates: common random numbers.
        key: root key of the samples.

    Returns:
        The loss, differentiable almost everywhere.
    """
    moved = with_parameters(network, parameters_at(coordinates))
    inputs = sample_inputs(moved.circuits, n_active, moved.n_layers, jnp.arange(samples), key=key)
    channels = dict(moved.circuits.layout.readouts)["x"]
    columns = jnp.arange(samples)[None, :]

    def squared_error(view: LayerView) -> Float[Array, ""]:
        errors = [
            view.estimates[channel][view.active, columns] - view.truth[channel]
            for channel in channels
        ]
        return jnp.mean((jnp.stack(errors) ** 2).sum(axis=0))

    return jnp.mean(forward(moved, inputs, squared_error))


loss_and_gradient = eqx.filter_jit(eqx.filter_value_and_grad(design_loss))


def _loss_and_slope(
    design: Design, n_networks: int, samples: int, place: dict[str, float]
) -> tuple[float, dict[str, float]]:
    """Return the mean loss at some coordinates, and the gradient of its logarithm."""
    parts = [
        loss_and_gradient(
            _singles(place),
            network_of(configuration),
            configuration.n_active,
            samples,
            samples_key(configuration),
        )
        for configuration in configurations(design, n_networks)
    ]
    loss = float(sum(part for part, _ in parts)) / len(parts)
    gradients = [gradient for _, gradient in parts]
    mean = jax.tree.map(lambda *each: sum_of(list(each)) / (len(each) * loss), *gradients)
    return loss, _plain(mean)


def _plain(values: Mapping[str, Array]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _singles(values: Mapping[str, float]) -> dict[str, Array]:
    return {name: jnp.asarray(value, jnp.float32) for name, value in values.items()}


def descend(
    design: Design,
    n_networks: int,
    samples: int,
    *,
    steps: int = 25,
    rate: float = 0.12,
    stop: Callable[[], bool] = lambda: False,
    once: Once = anew,
) -> Descent:
    """Descend from a design's parameters (Adam on the logarithm of the loss).

    Args:
        design: one that has parameters to move, see `tunable`.
        n_networks: of its seed, averaged over.
        samples: of each network, the same in every step.
        steps: at most.
        rate: Adam's.
        stop: asked before every step; the best until then is returned.
        once: takes a gradient, or has it.

    Returns:
        The best point met, its parameters rounded to four digits.

    Raises:
        ValueError: for a design without parameters to move.
    """
    names = tunable(design)
    if not names:
        raise bad("design", "must have parameters that its error depends on", design.kind)
    first = configurations(design, 1)[0]
    place = coordinates_of({name: max(getattr(first, name), _SMALLEST) for name in names})
    adam = optax.adam(rate, b1=0.8)
    state = adam.init(place)
    best, start, lowest, taken = place, float("inf"), float("inf"), 0
    for step in range(steps):
        if stop():
            break
        loss, plain_slope = once(_loss_and_slope, design, n_networks, samples, _plain(place))
        slope = _singles(plain_slope)
        taken += 1
        if step == 0:
            start = loss
            # A NaN is neither positive nor steep.
            if not (loss > 0 and float(optax.tree_utils.tree_norm(slope)) >= _FLAT):
                return Descent(design, start, start, True, taken)
        if loss < lowest:
            best, lowest = place, loss
        with jax.numpy_dtype_promotion("standard"):  # optax mixes weak and integer types
            change, state = adam.update(slope, state)
        moves = cast(dict[str, Array], change)
        place = {name: place[name] + move for name, move in moves.items()}
    rounded = {name: float(f"{float(value):.4g}") for name, value in parameters_at(best).items()}
    return Descent(with_settings(design, **rounded), start, lowest, False, taken)
