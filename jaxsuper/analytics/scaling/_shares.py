"""On how many neurons trained networks put a circuit, against noise and the exponent of the loss.

One layer of D neurons, codes in and out and biases trained together, for more circuits than D/d; the
loss is that of all circuits, so that a circuit that is off pays for what others leave on it. While it
is trained, noise is added to what reaches the neurons (`training.noisy`). What is measured afterwards
without noise is the effective redundancy S_eff (`training.effective_redundancy`). Sketch of what to
expect, for z circuits on S of n neurons each: interference costs z S^(2-p)/n under the p-th power, the
same for all S if p = 2 and less the larger S if p > 2; noise let through by S open ReLUs costs S. So noise
should drive S down under p = 2, and less the larger p.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float

from ..._errors import check
from ..._journal import anew, Once
from ..._limits import check_index, check_number, check_seed
from ...circuits import Rotation
from ...training import (
    effective_redundancy,
    random_network,
    Schedule,
    Task,
    train_side_by_side,
)
from ._fits import interval


EXPONENTS = {2: "mse", 3: "l3", 4: "l4"}
_BATCH, _HELD_OUT, _RATE = 128, 2048, 0.01
_REPLICATES = 1000


@dataclass(frozen=True)
class Shares:
    """S_eff for one exponent of the loss.

    Attributes:
        exponent: p.
        noise: (N,), sigma.
        redundancy: (N, networks), S_eff, a mean over circuits.
        payload: (N, networks), the error of active circuits' vectors, without noise.
        change: ln S_eff at the most noise less that at the least.
        low: lower end of its 95 % interval over networks.
        high: upper end.
        slope: of ln S_eff in ln sigma over the levels above 0, with the ends of its interval; the
            sketch has -2/(p-1) where interference and noise balance.
    """

    exponent: int
    noise: tuple[float, ...]
    redundancy: Float[np.ndarray, "N networks"]
    payload: Float[np.ndarray, "N networks"]
    change: float
    low: float
    high: float
    slope: tuple[float, float, float]


@dataclass(frozen=True)
class ShareLaw:
    """S_eff against noise, for several exponents.

    Attributes:
        network_width: D.
        n_circuits: T.
        n_active: z.
        start: scale of the random codes that training starts from.
        at_start: S_eff there.
        shares: by exponent.
    """

    network_width: int
    n_circuits: int
    n_active: int
    start: float
    at_start: float
    shares: list[Shares]


@eqx.filter_jit
def _starts(keys, n_circuits, network_width, scale):
    def one(key):
        of_angles, of_network = jax.random.split(key)
        angles = jax.random.uniform(of_angles, (1, n_circuits), maxval=2 * np.pi)
        circuits = Rotation(angles)
        network = random_network(circuits, network_width, 1, key=of_network)
        ends = tuple(scale * values for values in network.ends())
        return circuits, eqx.tree_at(lambda n: (n.embedding, n.readout), network, ends)

    return eqx.filter_vmap(one)(keys)


@eqx.filter_jit
def _redundancies(networks, circuits, keys):
    return eqx.filter_vmap(lambda n, c, k: effective_redundancy(n, c, key=k))(
        networks, circuits, keys
    )


def trained_shares(
    exponent: int,
    noise: tuple[float, ...],
    network_width: int,
    n_circuits: int,
    n_active: int,
    networks: int,
    steps: int,
    start: float,
    seed: int,
) -> list[list[list[float]]]:
    """Train networks of one layer and return on how many neurons they put a circuit.

    Args:
        exponent: p, 2 to 4.
        noise: sigma, several.
        network_width: D.
        n_circuits: T.
        n_active: z.
        networks: for each sigma; those of the same number start alike at all sigma and p.
        steps: of gradient descent; 0 measures the start.
        start: scale of the random codes to start from.
        seed: of everything random.

    Returns:
        S_eff and the payload's error, [sigma][network].
    """
    keys = jax.random.split(jax.random.key(seed), networks)
    keys = keys[np.tile(np.arange(networks), len(noise))]
    circuits, starts = _starts(keys, n_circuits, network_width, start)
    schedule = Schedule(
        n_active=n_active,
        steps=steps,
        batch_size=_BATCH,
        learning_rate=_RATE,
        evaluate_every=max(steps, 1),
        held_out=_HELD_OUT,
        trained=("embedding", "biases", "readout"),
    )
    task = Task(EXPONENTS[exponent], "all")
    levels = np.repeat(np.array(noise, np.float32), networks)
    trained, payload = train_side_by_side(starts, circuits, task, schedule, keys=keys, noise=levels)
    found = np.asarray(_redundancies(trained, circuits, keys), np.float64)[:, 0].mean(1)
    pairs = np.stack([found, payload], 1).reshape(len(noise), networks, 2)
    return pairs.tolist()


def share_law(
    *,
    exponents: Sequence[int] = (2, 3, 4),
    noise: Sequence[float | int] = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6),
    network_width: int = 40,
    n_circuits: int = 20,
    n_active: int = 1,
    networks: int = 6,
    steps: int = 6000,
    start: float | int = 0.1,
    seed: int = 0,
    once: Once = anew,
    progress: Callable[[int, int], None] | None = None,
) -> ShareLaw:
    """Measure S_eff of trained networks against noise, for several exponents of the loss.

    Args:
        exponents: p, of `EXPONENTS`.
        noise: sigma, rising, as a share of the root mean square of what reaches the neurons.
        network_width: D.
        n_circuits: T.
        n_active: z.
        networks: for each sigma and p.
        steps: of gradient descent.
        start: scale of the random codes that training starts from.
        seed: of everything random.
        once: trains the networks of an exponent, or has their measurements.
        progress: called with exponents done and in all.

    Raises:
        ValueError: for bad sizes.
    """
    for exponent in exponents:
        rule = f"must be of {', '.join(map(str, EXPONENTS))}"
        check(exponent in EXPONENTS, "exponents", rule, exponent)
    sizes = {"network_width": network_width, "n_circuits": n_circuits, "n_active": n_active}
    for name, value in {**sizes, "networks": networks, "steps": steps}.items():
        check_index(name, value)
    check(networks >= 2, "networks", "must be at least 2 for an interval", networks)
    check(len(noise) >= 2, "noise", "must hold at least two levels", len(noise))
    for level in noise:
        check_number("noise", level)
        check(0 <= level < float("inf"), "noise", "must be finite, at least 0", level)
    check_number("start", start)
    check(0 < start < float("inf"), "start", "must be positive and finite", start)
    check_seed("seed", seed)
    levels = tuple(float(level) for level in sorted(set(noise)))
    shared = (network_width, n_circuits, n_active, networks)
    untrained = once(trained_shares, 2, levels[:1], *shared, 0, float(start), seed)
    shares = []
    for number, exponent in enumerate(exponents):
        if progress is not None:
            progress(number, len(exponents))
        found = once(trained_shares, exponent, levels, *shared, steps, float(start), seed)
        shares.append(_shares(exponent, levels, np.array(found)))
    at_start = float(np.array(untrained)[..., 0].mean())
    return ShareLaw(network_width, n_circuits, n_active, float(start), at_start, shares)


def _shares(exponent: int, noise: tuple[float, ...], found: Float[np.ndarray, "N m 2"]) -> Shares:
    """Return what was found of an exponent, with a bootstrap over networks, which start alike."""
    redundancy, payload = found[..., 0], found[..., 1]
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, redundancy.shape[1], (_REPLICATES, redundancy.shape[1]))
    draws, means = np.log(redundancy[:, drawn].mean(2)), np.log(redundancy.mean(1))
    low, high = interval(draws[-1] - draws[0])
    x = np.log([level for level in noise if level > 0])
    weights = (x - x.mean()) / max(((x - x.mean()) ** 2).sum(), 1e-30)
    slope = float(weights @ means[-len(x) :]), *interval(weights @ draws[-len(x) :])
    change = float(means[-1] - means[0])
    return Shares(exponent, noise, redundancy, payload, change, low, high, slope)
