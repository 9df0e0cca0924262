"""How many circuits networks hold that were trained and not built, by width.

Circuits have random codes, in and out, that know nothing of what they compute (`random_network`);
weights and biases between them are trained from He's start until each circuit was seen as often at
every width. T* is where the error of the active circuits' vectors, on held-out inputs, passes a target.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._errors import check
from ..._journal import anew, Once
from ..._limits import check_cost, check_index, check_positive, check_seed, Cost
from ...circuits import Rotation
from ...training import random_network, Schedule, Task, train_side_by_side
from ._beside import CIRCUIT_WIDTH
from ._crossing import Crossing, error_crossing, search_crossing
from ._fits import fit_power, PowerFit


# Where to look first, in circuits per n^2 with one active circuit, and per n with more.
_FIRST = {True: (1.5, 2.0), False: (1.5, 1.0)}
# Samples of a step, steps at the least, and how often each circuit is seen where that asks for more.
_BATCH, _LEAST_STEPS, _VISITS = 128, 1000, 250
_HELD_OUT = 2048
# The best of a grid at D = 40, 80 and 160; the best rate falls as one over the width.
_RATE = 0.6
_ROOM = 2
# A multiplication and addition, at 50 GFlop/s, and what a step takes besides.
_SECONDS_PER_PRODUCT, _SECONDS_PER_STEP = 4e-11, 3e-4


@dataclass(frozen=True)
class TrainedPoint:
    """T* at one width.

    Attributes:
        network_width: D.
        measured: where the mean error over networks passes the target.
        tried: T -> the error of each network.
        steps: T -> of gradient descent.
    """

    network_width: int
    measured: Crossing
    tried: dict[int, list[float]]
    steps: dict[int, int]


@dataclass(frozen=True)
class TrainedLaw:
    """T* over widths.

    Attributes:
        n_active: z.
        n_layers: L.
        target: of the error.
        effort: steps, as a multiple of the usual ones.
        points: by width.
        fit: T* = a D^k, None for fewer than two widths.
    """

    n_active: int
    n_layers: int
    target: float
    effort: float
    points: list[TrainedPoint]
    fit: PowerFit | None


def weights_per_equation(network_width: int, n_layers: int) -> float:
    """Return the T at which weights run out of equations, for one active circuit.

    What reaches a circuit's three readouts is linear in its input (1, x): nine equations for each
    circuit, and (L-1) D^2 weights. A linear map (L = 2) between generic codes that is fitted to more
    equations than it has weights leaves the share 1 - D^2/(9 T) of the squares.

    Args:
        network_width: D.
        n_layers: L.

    Returns:
        (L-1) D^2/9.
    """
    return (n_layers - 1) * network_width**2 / 9


def steps_for(n_circuits: int, n_active: int, effort: float | int) -> int:
    """Return the steps that a network is trained for."""
    return ceil(effort * max(_LEAST_STEPS, _VISITS * n_circuits / (n_active * _BATCH)))


def trained_errors(
    network_width: int,
    n_circuits: int,
    n_active: int,
    n_layers: int,
    networks: int,
    effort: float,
    seed: int,
) -> list[float]:
    """Train independent networks and return the held-out error of each.

    Args:
        network_width: D.
        n_circuits: T.
        n_active: z.
        n_layers: L.
        networks: how many.
        effort: steps, as a multiple of the usual ones.
        seed: networks of another seed, width or T are independent.

    Returns:
        E|x_est - x|^2 of active circuits at layer L.
    """
    room = _room(network_width, n_circuits)
    root = jax.random.fold_in(jax.random.key(seed), network_width)
    keys = jax.random.split(jax.random.fold_in(root, n_circuits), networks)
    circuits, starts = _starts(keys, room, network_width, n_layers)
    steps = steps_for(n_circuits, n_active, effort)
    schedule = Schedule(
        n_active=n_active,
        steps=steps,
        batch_size=_BATCH,
        learning_rate=_RATE / network_width,
        evaluate_every=steps,
        held_out=_HELD_OUT,
        trained=("weights", "biases"),
    )
    counts = np.full(networks, n_circuits)
    _, errors = train_side_by_side(starts, circuits, Task(), schedule, keys=keys, counts=counts)
    return errors.tolist()


@eqx.filter_jit
def _starts(keys: Any, room: int, network_width: int, n_layers: int) -> Any:
    def one(key):
        of_angles, of_network = jax.random.split(key)
        circuits = Rotation(jax.random.uniform(of_angles, (1, room), maxval=2 * np.pi))
        return circuits, random_network(circuits, network_width, n_layers, key=of_network)

    return eqx.filter_vmap(one)(keys)


def _room(network_width: int, n_circuits: int) -> int:
    """Return for how many circuits arrays are made: one program serves a width, mostly."""
    room = max(_ROOM * (network_width // CIRCUIT_WIDTH) ** 2, 1)
    return room * 2 ** max(ceil(log2(n_circuits / room)), 0)


def check_trained(
    widths: Sequence[int],
    n_active: int,
    n_layers: int,
    networks: int,
    target: float | int,
    effort: float | int,
    seed: int,
) -> None:
    """Raise a `ValueError` unless networks of these sizes can be trained."""
    check(len(widths) > 0, "network_width", "must name at least one width", "none")
    for name, value in (("n_active", n_active), ("n_layers", n_layers), ("networks", networks)):
        check_index(name, value)
    check(networks >= 2, "networks", "must be at least 2 for an interval", networks)
    check(n_layers >= 2, "n_layers", "must be at least 2", n_layers)
    check_positive("error_target", target)
    check(target < 1, "error_target", "must be below 1, the error of a guess", target)
    check_positive("effort", effort)
    check_seed("seed", seed)

    def cost(network_width: int, networks: int, n_active: int, n_layers: int) -> Cost:
        D = network_width
        room = _room(D, first_guess(D, n_active))
        ends = (CIRCUIT_WIDTH + 3) * room * D
        sample = 8 * n_layers * D + 16 * n_active * D
        held = networks * (ends + 8 * (n_layers - 1) * D**2 + _BATCH * sample)
        return Cost(8 * held, networks * _seconds(D, first_guess(D, n_active), n_active, n_layers))

    sizes = {"networks": networks, "n_active": n_active, "n_layers": n_layers}
    for width in widths:
        check_index("network_width", width)
        rule = f"must be a multiple of d = {CIRCUIT_WIDTH}, at least {4 * CIRCUIT_WIDTH}"
        fits = width % CIRCUIT_WIDTH == 0 and width >= 4 * CIRCUIT_WIDTH
        check(fits, "network_width", rule, width)
        check_cost(cost, {"network_width": width, **sizes}, least={"network_width": 16})


def _seconds(width: int, count: int, n_active: int, n_layers: int) -> float:
    """Return how long a network takes, for sizes that are refused and for the time that remains."""
    products = 6 * _BATCH * (n_layers - 1) * width**2
    return steps_for(count, n_active, 1) * (products * _SECONDS_PER_PRODUCT + _SECONDS_PER_STEP)


def first_guess(network_width: int, n_active: int) -> int:
    """Return the T that is tried first."""
    factor, power = _FIRST[n_active == 1]
    return max(round(factor * (network_width / CIRCUIT_WIDTH) ** power), n_active + 2)


def trained_law(
    widths: Sequence[int],
    *,
    n_active: int = 1,
    n_layers: int = 3,
    networks: int = 4,
    target: float = 0.1,
    effort: float = 1.0,
    seed: int = 0,
    once: Once = anew,
    progress: Callable[[float, float], None] | None = None,
) -> TrainedLaw:
    """Find T* of trained networks, width by width.

    Args:
        widths: D, multiples of 4.
        n_active: z.
        n_layers: L.
        networks: for each T.
        target: of the error of active circuits' vectors at layer L.
        effort: steps, as a multiple of the usual ones.
        seed: of everything random.
        once: trains the networks of a T, or has their errors.
        progress: called with seconds of work that are done and seconds expected in all.

    Raises:
        ValueError: for bad sizes.
    """
    check_trained(widths, n_active, n_layers, networks, target, effort, seed)
    widths = sorted(set(widths))
    clock = _Clock(widths, n_active, n_layers, progress)
    points = []
    for width in widths:

        def errors_of(count: int, width: int = width) -> list[float]:
            sizes = (width, count, n_active, n_layers, networks, float(effort), seed)
            found = once(trained_errors, *sizes)
            clock.note(width, count)
            return found

        guess = first_guess(width, n_active)
        if points and np.isfinite(points[-1].measured.at):
            # Steeper than any law, so that the first T is rather too large than too small.
            ratio = width / points[-1].network_width
            guess = round(points[-1].measured.at * ratio ** (2 if n_active == 1 else 1.6))
        tried = search_crossing(errors_of, target, guess, n_active + 2)
        steps = {count: steps_for(count, n_active, effort) for count in tried}
        points.append(TrainedPoint(width, error_crossing(tried, target), tried, steps))
        clock.finish(width)
    return TrainedLaw(n_active, n_layers, target, effort, points, _fit(points))


def _fit(points: Sequence[TrainedPoint]) -> PowerFit | None:
    found = [point for point in points if np.isfinite(point.measured.at)]
    if len(found) < 2:
        return None
    draws = np.stack([point.measured.draws for point in found], 1)
    draws = draws[np.isfinite(draws).all(1)]
    return fit_power([p.network_width for p in found], [p.measured.at for p in found], draws)


class _Clock:
    """How much of the work is done, in seconds of one core as far as sizes tell."""

    _TRIES = 4

    def __init__(
        self,
        widths: Sequence[int],
        n_active: int,
        n_layers: int,
        progress: Callable[[float, float], None] | None,
    ):
        self._sizes, self._progress = (n_active, n_layers), progress
        self._left = {w: self._TRIES * self._cost(w, first_guess(w, n_active)) for w in widths}
        self._done = 0.0

    def _cost(self, width: int, count: int) -> float:
        return _seconds(width, count, *self._sizes)

    def note(self, width: int, count: int) -> None:
        """Note that the networks of a T are trained."""
        took = self._cost(width, count)
        self._done += took
        self._left[width] = max(self._left[width] - took, 0.0)
        self._report()

    def finish(self, width: int) -> None:
        """Note that nothing is left to do at a width."""
        self._left[width] = 0.0
        self._report()

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self._done + sum(self._left.values()))
