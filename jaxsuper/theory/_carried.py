"""Errors of circuits whose indicators are carried in superposition, on neurons of their own.

Every circuit has the same indicator neurons in all layers, and they hold the number n_i of active
circuits on them, exactly; payload sets are shuffled. Take e_a = P_a/S_a^2 and e_x = P_x/S_x^2. What
an inactive circuit reads of an active one is (x + 1)/S_x where payload sets meet and -1/S_a where
indicator sets do, with other partners, so that the offsets do not cancel; with y the power of what a
payload neuron holds, 3 for x + (1, 1) without noise,

    v = z ( e_x y + 2 e_a - 4 S_x e_x S_a e_a ) + 2 z (z-1) (S_x e_x - S_a e_a)^2 + leak.

An open payload neuron receives from each of its r - 1 other circuits a vector of power v, and through
the clipped sum of its gate (1+b)((1+chi') k/S_a - chi' (z-1)) for k distinct links to indicator
neurons of other active circuits. `cut` says what the ReLU leaves of both. Circuits that share one of
its own indicator neurons open its gate by (1+b)/S_a more and take 1/S_a off again, b/S_a in all.
The errors of an active circuit start from (z-1)(3 e_x + 2 e_a - 4 S_x e_x S_a e_a) and the common
part 2 (z-1)(z-2)(S_x e_x - S_a e_a)^2. Even loads are assumed. Not in the sources.
"""

from math import exp, sqrt
from typing import Any, NamedTuple

import numpy as np

from .._errors import check
from ._chances import distinct_hits
from ._cut import cut, Open, rectified_moments
from ._overlap import overlap_rate_lower_bound


# Combinations of links rarer than this are left out.
_RARE = 1e-9
# Meetings of payload sets on one neuron that are told apart; they are rare.
_MEETINGS = np.arange(6)
# Midpoints of |x + (1, 1)| over directions of x, and of a turned vector's component.
_LENGTHS = np.sqrt(3 + 2 * sqrt(2) * np.cos((np.arange(8) + 0.5) * np.pi / 8))
_COSINES = np.cos((np.arange(12) + 0.5) * np.pi / 12)


class _Sizes(NamedTuple):
    """Sizes and what follows from them; letters as in `carried_errors`."""

    T: int
    S_a: int
    S_x: int
    z: int
    b: float
    e_a: float
    e_x: float
    load: float
    chi: float

    @property
    def meets_a(self) -> float:
        """P_a, the chance that the indicator sets of two circuits meet."""
        return min(self.S_a**2 * self.e_a, 1.0)

    @property
    def meets_x(self) -> float:
        """P_x, the same of payload sets."""
        return min(self.S_x**2 * self.e_x, 1.0)

    @property
    def one_sided(self) -> float:
        """Twice the mean product of offsets read through payload and indicator, 4 S_x e_x S_a e_a."""
        return 4 * self.S_x * self.e_x * self.S_a * self.e_a

    @property
    def common(self) -> float:
        """|E of what is read of one active circuit|^2, what two of them have in common."""
        return 2 * (self.S_x * self.e_x - self.S_a * self.e_a) ** 2

    def read(self, y: float) -> float:
        """Return v without leaks."""
        each = self.e_x * y + 2 * self.e_a - self.one_sided
        return max(self.z * each + self.z * (self.z - 1) * self.common, 0.0)

    def links(self, circuits: float, per: int, start: int = 0):
        """Return the distribution of links from `per` active circuits to a neuron of some circuits.

        A mean load between integers is a mixture of both. Axes: links before, links.
        """
        whole = int(circuits)
        weights = np.array([whole + 1 - circuits, circuits - whole])
        throws = np.array([whole, whole + 1]) * per
        return np.tensordot(
            weights, distinct_hits(throws, self.meets_a, per * self.S_a, start), axes=1
        )

    def meetings(self, mean: float):
        """Return the distribution of payload meetings on a neuron, Poisson for many circuits."""
        chances = np.cumprod(np.concatenate([[1.0], mean / _MEETINGS[1:]]))
        return chances / chances.sum()


def _sizes(T, n_a, S_a, n_x, S_x, z, b, e_a, e_x) -> _Sizes:
    e_a = overlap_rate_lower_bound(n_a, S_a, T) if e_a is None else e_a
    e_x = overlap_rate_lower_bound(n_x, S_x, T) if e_x is None else e_x
    load = T * S_x / n_x
    # The chance of a link from an indicator neuron; chi' balances those and both direct overlaps.
    link = 1 - exp(-max(load - 1, 0.0) * S_a / n_a)
    closed = (1 - link) * (1 - S_x * e_x) * (1 - S_a * e_a)
    return _Sizes(T, S_a, S_x, z, b, e_a, e_x, load, 1 / closed - 1)


def carried_errors(
    L: int,
    T: int,
    n_a: int,
    S_a: int,
    n_x: int,
    S_x: int,
    z: int,
    b: float,
    e_a: float | None = None,
    e_x: float | None = None,
) -> dict[str, list[float]]:
    """Return E|dx|^2 of active rotations with carried indicators and E|x|^2 of inactive ones.

    As the module says. An early guess is the same as the truth for z < S_a.

    Args:
        L: layers.
        T: circuits.
        n_a: indicator neurons.
        S_a: redundancy of the indicators.
        n_x: payload neurons of a block.
        S_x: redundancy of the payload.
        z: active circuits.
        b: gate bias.
        e_a: overlap rate of the indicators' sets; that of even loads if left out.
        e_x: that of the payload's.

    Returns:
        metric -> values of layers 1..L: `mse_x_active`, `mse_x_inactive`.

    Raises:
        ValueError: unless L >= 1 and z >= 1.
    """
    check(L >= 1, "L", "must be at least 1", L)
    check(z >= 1, "z", "must be at least 1", z)
    sizes = _sizes(T, n_a, S_a, n_x, S_x, z, b, e_a, e_x)
    e_a, e_x, others, quiet = sizes.e_a, sizes.e_x, z - 1, sizes.read(3.0)
    error = others * (3 * e_x + 2 * e_a - sizes.one_sided) + others * (z - 2) * sizes.common
    vector, power, rho = quiet, 3.0, 0.0
    active, inactive = [error], [vector]
    for layer in range(2, L + 1):
        leak = _leak(sizes, vector, quiet)
        error, noise, rho = _open(sizes, vector, quiet, error, rho)
        P = sizes.meets_x
        error += T * e_x**2 * (2 * P * (layer > 2) + 2 * max(layer - 3, 0) * P**2)
        power = 2 + noise
        vector = max(sizes.read(power) + leak, 0.0)
        active.append(error)
        inactive.append(vector)
    return {"mse_x_active": active, "mse_x_inactive": inactive}


def _open(sizes: _Sizes, vector: float, quiet: float, error: float, rho: float):
    """Return E, E|y - (1, 1)|^2 of a neuron alone and rho of active circuits, one layer on."""
    S_a, S_x, z, b = sizes.S_a, sizes.S_x, sizes.z, sizes.b
    others, circuits = z - 1, max(sizes.load - 1, 0.0)
    a, x = S_a * sizes.e_a, S_x * sizes.e_x
    links = sizes.links(circuits, others)[0]
    k = np.flatnonzero(links > _RARE)
    links = links[k] / links[k].sum()
    field = (1 + sizes.chi) * k / S_a
    # All that others bring has the mean 0, of which direct overlaps bring x and a.
    field = (1 + b) * (field - links @ field - others * (x + a))
    meetings = sizes.meetings(circuits * z * sizes.meets_x)
    own = circuits * sizes.meets_a
    each = 3 * _MEETINGS / (2 * S_x**2) + (k[:, None] + own) / S_a**2
    neuron = Open(
        (links[:, None] * meetings).ravel(),
        np.repeat(field, len(_MEETINGS)),
        np.sqrt(vector / max(quiet, _RARE) * each).ravel(),
        np.ones(len(k) * len(_MEETINGS)),
        0.0,
    )
    error, noise, rho = cut(neuron, S_x, error, rho, others * x, 1 + b, others * b * a)
    error += 2 * b**2 * others * (sizes.e_a - a**2)
    # Two circuits share no more than one payload neuron.
    error -= 2 * (1 + b) ** 2 * others * x**2 * (S_x - 1) / S_x
    return error, noise, rho


def _leak(sizes: _Sizes, vector: float, quiet: float) -> float:
    """Return what the closed gates of a circuit add to E|x|^2 of what it reads.

    A closed neuron holds max(0, (1+b) h - b + g). Its own circuit brings what it believes to have,
    i meetings of payload sets and j of indicator sets, turned, and j links, to all S_x of its neurons
    alike; the others bring k - j more links and J more vectors. With m and s the mean and mean square
    given i, j and the turn,

        leak = 2 E[ s F/S_x^2 + m^2 F (F-1)/S_x^2 + 2 m (i/S_x - j/S_a) F/S_x ],   F = S_x - i.
    """
    S_a, S_x, z, b, P = sizes.S_a, sizes.S_x, sizes.z, sizes.b, sizes.meets_x
    if quiet <= 0:
        return 0.0
    circuits, most = max(sizes.load - 1, 0.0), S_a
    k = np.arange(z * S_a + 1)
    gate = (1 + b) * ((1 + sizes.chi) * k / S_a - z * sizes.chi) - b
    given = sizes.links(circuits, z, most)
    before = distinct_hits([z], sizes.meets_a, S_a)[0, 0]
    meetings = sizes.meetings(circuits * z * P)
    sd = np.sqrt(vector / quiet * (3 * _MEETINGS[:, None] / (2 * S_x**2) + k / S_a**2))
    total = 0.0
    for i, chance in enumerate(((1 - P) ** z, 1 - (1 - P) ** z)):
        for j, share in enumerate(before * chance):
            if share < _RARE:
                continue
            # -j/S_a (1, 1) is added to x + (1, 1) in square.
            lengths = np.sqrt(i * _LENGTHS**2 / S_x**2 + 2 * (j / S_a) ** 2)
            turned = (lengths[:, None] * _COSINES).ravel() if i else lengths[0] * _COSINES
            weights = meetings[:, None] * given[j]
            # Axes: turn, meetings, links.
            kept = np.flatnonzero(given[j] > _RARE)
            first, second = rectified_moments(turned[:, None, None] + gate[kept], sd[:, kept])
            m, s = (np.tensordot(v, weights[:, kept], 2) for v in (first, second))
            free = S_x - i
            inside = s + (free - 1) * m**2 + 2 * S_x * m * (i / S_x - j / S_a)
            total += 2 * share * free / S_x**2 * float(inside.mean())
    return total


def carried_active_mse(
    L: int, T: int, n_a: int, S_a: int, n_x: int, S_x: int, z: int, b: float, **rates: Any
) -> list[float]:
    """Return `mse_x_active` of `carried_errors`, by layer.

    To first order, without what the ReLU cuts, it is per layer T e_x z (3 e_x + 2 e_a) through others,
    2(1+b)^2 (z-1) k/((1-k) S_a S_x) through gates, k the chance of a link, and direct overlap,
    (z-1)( e_x (1 + 2(1+b)^2) + 2 b^2 e_a ): 10 to 30 % too high.

    Args:
        L: layers.
        T: circuits.
        n_a: indicator neurons.
        S_a: redundancy of the indicators.
        n_x: payload neurons of a block.
        S_x: redundancy of the payload.
        z: active circuits.
        b: gate bias.
        **rates: `e_a` and `e_x`.

    Returns:
        The mean squared norm of the error by layer.
    """
    return carried_errors(L, T, n_a, S_a, n_x, S_x, z, b, **rates)["mse_x_active"]


# What leaks leaks again, in every layer: the leak is convex in v, so that a share s of v grows at
# least as s + s^2 + ...; up to a half that at most doubles v, and at 1 it never ends.
CARRIED_LEAK_LIMIT = 0.5


def carried_leak(
    T: int, n_a: int, S_a: int, n_x: int, S_x: int, z: int, b: float, **rates: Any
) -> float:
    """Return what closed gates let through at layer 2, as a share of what inactive circuits read.

    It is driven by both noises of a closed neuron: the vectors that its circuits believe to have, and
    the clipped sum of its gate, of variance (1+b)^2 z k/((1-k) S_a), which alone doubles it and more.
    Neither is normal, and a circuit that meets an active one opens all its gates at once. Not in the
    sources.

    Args:
        T: circuits.
        n_a: indicator neurons.
        S_a: redundancy of the indicators.
        n_x: payload neurons of a block.
        S_x: redundancy of the payload.
        z: active circuits.
        b: gate bias.
        **rates: `e_a` and `e_x`.

    Returns:
        The share; above `CARRIED_LEAK_LIMIT` the closed form is outside its regime.

    Raises:
        ValueError: unless z >= 1.
    """
    check(z >= 1, "z", "must be at least 1", z)
    e_a, e_x = (rates.get(name) for name in ("e_a", "e_x"))
    sizes = _sizes(T, n_a, S_a, n_x, S_x, z, b, e_a, e_x)
    quiet = sizes.read(3.0)
    return _leak(sizes, quiet, quiet) / quiet if quiet > 0 else 0.0
