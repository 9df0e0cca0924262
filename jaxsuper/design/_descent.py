"""Thresholds, gate bias and inhibition by gradient through the simulation."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float
from scipy.special import logit

from .._errors import bad
from .._journal import anew, Once
from .._types import KeyScalar
from ..network import AbstractNetwork
from ..simulation import (
    forward,
    Frame,
    framed,
    LayerView,
    network_from,
    network_keys,
    sample_inputs,
    with_parameters,
)
from ._kinds import tunable
from ._measure import configurations
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


def coordinates_of(parameters: Mapping[str, Any]) -> dict[str, np.float32]:
    """Return unconstrained coordinates of the parameters.

    Thresholds 0 < lo < hi < 1 become logit lo and logit (hi - lo)/(1 - lo), gate bias and
    inhibition factor their logarithms. On the host: a program for it would be one more to compile.

    Args:
        parameters: both thresholds or neither.

    Returns:
        Coordinates of the same names.
    """
    values = {name: np.float32(value) for name, value in parameters.items()}
    place = {name: np.log(value) for name, value in values.items() if "threshold" not in name}
    if "lower_threshold" in values:
        low, high = (
            np.clip(values[f"{end}_threshold"], np.float32(1e-3), np.float32(1 - 1e-3))
            for end in ("lower", "upper")
        )
        place["lower_threshold"] = np.float32(logit(low))
        place["upper_threshold"] = np.float32(logit((high - low) / (1 - low)))
    return place


def parameters_at(coordinates: Mapping[str, Any]) -> dict[str, Array]:
    """Return the parameters at the given coordinates, the inverse of `coordinates_of`."""
    parameters = {name: jnp.exp(v) for name, v in coordinates.items() if "threshold" not in name}
    if "lower_threshold" in coordinates:
        low = jax.nn.sigmoid(coordinates["lower_threshold"])
        share = jax.nn.sigmoid(coordinates["upper_threshold"])
        parameters["lower_threshold"] = low
        parameters["upper_threshold"] = low + (1 - low) * share
    return parameters


def design_loss(
    coordinates: Mapping[str, Any],
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
    padded, edges = moved.placement.padded, moved.edges
    # Where samples are drawn until every branch is decided there is no gradient, nor need there be.
    circuits = moved.circuits if edges is None else jax.lax.stop_gradient(moved.circuits)
    inputs = sample_inputs(
        circuits,
        n_active,
        moved.n_layers,
        jnp.arange(samples),
        key=key,
        n_circuits=None if padded is None else padded.n_circuits,
        edges=edges,
    )
    channels = dict(moved.circuits.layout.readouts)["x"]
    columns = jnp.arange(samples)[None, :]

    def squared_error(view: LayerView) -> Float[Array, ""]:
        errors = [
            view.estimates[channel][view.active, columns] - view.truth[channel]
            for channel in channels
        ]
        squares = (jnp.stack(errors) ** 2).sum(axis=0)
        if edges is None:
            return jnp.mean(squares)
        there = (view.active < moved.n_circuits).astype(squares.dtype)
        return jnp.sum(there * squares) / jnp.maximum(jnp.sum(there), 1.0)

    return jnp.mean(forward(moved, inputs, squared_error))


loss_and_gradient = eqx.filter_jit(eqx.filter_value_and_grad(design_loss))


@dataclass(frozen=True)
class Place:
    """Where a descent is: coordinates by name, and what Adam keeps of the way there.

    Attributes:
        at: the coordinates.
        steps: taken so far.
        first: Adam's running means of the gradient.
        second: those of its square.
    """

    at: dict[str, float]
    steps: int = 0
    first: dict[str, float] = field(default_factory=dict)
    second: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What one gradient says.

    Attributes:
        loss: mean over networks of the loss at the place.
        slope: norm of the gradient of its logarithm.
        parameters: at the place.
        then: the next place.
    """

    loss: float
    slope: float
    parameters: dict[str, float]
    then: Place


@eqx.filter_jit
def _stepped(
    recipe, n_layers, n_active, samples, parts, parameters, seed, networks, rate, at, steps, *means
):
    """Take one step from a place, for networks of the given numbers; traced."""

    def of_one(number):
        network = network_from(recipe, n_layers, parts, parameters, seed, number)
        key = network_keys(seed, number)[2]
        return loss_and_gradient(at, network, n_active, samples, key)

    # Side by side on an accelerator; on a CPU, whose cache they would share, one after the other.
    over = jax.lax.map if jax.default_backend() == "cpu" else lambda one, all_: jax.vmap(one)(all_)
    losses, gradients = over(of_one, networks)
    loss = losses.mean()
    slope = jax.tree.map(lambda each: each.mean() / loss, gradients)
    adam = optax.scale_by_adam(b1=0.8)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes weak and integer types
        updated = adam.update(slope, optax.ScaleByAdamState(steps, *means))
    moves, state = cast(tuple[dict[str, Array], optax.ScaleByAdamState], updated)
    then = {name: value - rate * moves[name] for name, value in at.items()}
    norm = optax.tree_utils.tree_norm(slope)
    return loss, norm, parameters_at(at), then, (state.mu, state.nu)


def _step(
    design: Design, n_networks: int, samples: int, rate: float, place: Place, frame: Frame | None
) -> Step:
    """Return what the gradient at a place says, averaged over networks of the design's seed."""
    made, names = framed(design.configuration, frame), place.at
    networks = np.array([each.network for each in configurations(design, n_networks)], np.uint32)
    means = [{name: kept.get(name, 0.0) for name in names} for kept in (place.first, place.second)]
    found = _stepped(
        made.recipe,
        made.n_layers,
        made.n_active,
        samples,
        made.parts,
        made.parameters,
        made.seed,
        networks,
        np.float32(rate),
        _singles(names),
        np.int32(place.steps),
        *map(_singles, means),
    )
    loss, norm, parameters, then, kept = jax.device_get(found)
    following = Place(_plain(then), place.steps + 1, *map(_plain, kept))
    return Step(float(loss), float(norm), _plain(parameters), following)


def _plain(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _singles(values: Mapping[str, float]) -> dict[str, np.float32]:
    return {name: np.float32(value) for name, value in values.items()}


def descend(
    design: Design,
    n_networks: int,
    samples: int,
    *,
    steps: int = 25,
    rate: float = 0.12,
    frame: Frame | None = None,
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
        frame: the arrays that the networks share with those of other designs.
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
    first = design.configuration
    start = coordinates_of({name: max(getattr(first, name), _SMALLEST) for name in names})
    place, best, taken = Place(_plain(start)), None, []
    while len(taken) < steps and not stop():
        step = once(_step, design, n_networks, samples, rate, place, frame)
        taken.append(step.loss)
        # A NaN is neither positive nor steep.
        if len(taken) == 1 and not (step.loss > 0 and step.slope >= _FLAT):
            return Descent(design, step.loss, step.loss, True, 1)
        if best is None or step.loss < best.loss:
            best = step
        place = step.then
    if best is None:
        return Descent(design, math.inf, math.inf, False, 0)
    rounded = {name: float(f"{value:.4g}") for name, value in best.parameters.items()}
    return Descent(with_settings(design, **rounded), taken[0], best.loss, False, len(taken))
