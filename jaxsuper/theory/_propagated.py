"""Errors of any ReLU circuits: noise of the large network, carried through their weights and ReLUs.

Ours; notes#any-circuits. Let a^l = ReLU(p^l), p^l = w^l a^{l-1} + beta, be the circuit alone. In the
large network each of its S neurons of a block has

    p^l + w^l (mu + eps) + xi + o,

mu and eps the mean error and the rest of what it read of layer l - 1, the same for all S. Fresh noise
xi has the covariance F between the d blocks on the mean over the S neurons, and S times that on a
single one, as in `active_mse` but for vectors:

    F = z T e^2 E(dw_u a_v)(dw_u a_v)' + (z-1) J E(wbar a_v)(wbar a_v)'         (0 in layer 1)

A neuron is shared with another active circuit v with probability q = (z-1) S e; then o = w_v a_v, far
from normal. Inhibition balances what comes through the mean weights, so from layer 2 on every neuron
has -q E wbar a_v besides. With Sigma the covariance of eps, V = w Sigma w', s^2 = V + S F, and
r(x) = E max(0, x + s g) for normal g, D_v = r(x + o_v) - r(x):

    mu'    = r(x) + q E_v D_v - a
    Sigma' = g g' (V + F) + q E_v D_v D_v' / S - q^2 (E_v D_v)(E_v D_v)' / (z-1),   g_i = P(neuron i is on)

where the diagonal of the first term is g^2 V + (s_r^2 - g^2 V)/S, s_r^2 the variance that the ReLU
leaves; the last is there because another circuit shares one neuron at most. The squared error of
neuron i is mu'_i^2 + Sigma'_ii. Assumed: nothing fires by mistake, even loads, noise that is new in
each layer. A circuit whose own weights amplify noise shows it here; `active_mse` leaves it out.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ._cut import LEAST_SD, rectified_moments


# Other circuits that each of the N meets, of which the mean is taken.
_MET = 16


class Noise(NamedTuple):
    """What one layer of the large network adds to the N circuits looked at.

    Attributes:
        fresh: (d, d), F.
        shared: (K, d), w_v a_v of K other circuits that may share a neuron.
        chance: q, that one of them does.
        others: z - 1.
        balance: (d,), what inhibition takes off every neuron for it.
    """

    fresh: Float[np.ndarray, "d d"]
    shared: Float[np.ndarray, "K d"]
    chance: float
    others: int
    balance: Float[np.ndarray, " d"]


def layer_noise(
    layer: int,
    T: int,
    S: int,
    e: float,
    z: int,
    mean_interference: float,
    written: Float[np.ndarray, "K d"],
    by_others: Float[np.ndarray, "K d"],
    by_means: Float[np.ndarray, "K d"],
) -> Noise:
    """Return the noise of layer l.

    Args:
        layer: l, from 1.
        T: circuits.
        S: redundancy.
        e: overlap rate.
        z: active circuits.
        mean_interference: J.
        written: w_v a_v of K random circuits and inputs.
        by_others: dw_u a_v of K random pairs u ≠ v.
        by_means: wbar a_v of K random circuits and inputs.

    Returns:
        The noise.
    """
    chance = (z - 1) * S * e
    d = written.shape[1]
    if layer == 1:
        return Noise(np.zeros((d, d)), written, chance, z - 1, np.zeros(d))
    square = lambda vectors: vectors.T @ vectors / len(vectors)
    fresh = z * T * e**2 * square(by_others) + (z - 1) * mean_interference * square(by_means)
    return Noise(fresh, written, chance, z - 1, chance * by_means.mean(axis=0))


def propagated_errors(
    before: Float[np.ndarray, "L N d"],
    weights: Float[np.ndarray, "L N d d"],
    noise: list[Noise],
    S: int,
) -> Float[np.ndarray, "L d"]:
    """Return the mean squared error of each neuron of an active circuit, over N inputs.

    Args:
        before: p^l, of N circuits on their own.
        weights: w^l of them, [to, from].
        noise: of each layer.
        S: redundancy.

    Returns:
        (L, d): E (mean over the S neurons of a block - a_i)^2.
    """
    _, count, d = before.shape
    mean: Any = np.zeros((count, d))
    spread: Any = np.zeros((count, d, d))
    errors, diagonal = [], np.arange(d)
    for drive, w, here in zip(before, weights, noise, strict=True):
        read = np.einsum("nij,njk,nlk->nil", w, spread, w, optimize=True)
        own = read[:, diagonal, diagonal]
        at = drive + np.einsum("nij,nj->ni", w, mean) - here.balance
        sd = np.sqrt(np.maximum(own + S * np.diag(here.fresh), 0.0))
        held, variance, gain = _through_relu(at, sd)
        mean = held - np.maximum(drive, 0.0)
        spread = gain[:, :, None] * gain[:, None, :] * (read + here.fresh)
        together = gain**2 * own
        spread[:, diagonal, diagonal] = together + np.maximum(variance - together, 0.0) / S
        if here.chance > 0:
            # A few of the others for each circuit: their mean is all that enters.
            moved = _through_relu(at[:, None] + _others(here.shared, count), sd[:, None])[0]
            change = moved - held[:, None]
            added = here.chance * change.mean(axis=1)
            mean = mean + added
            pairs = np.einsum("nki,nkj->nij", change, change, optimize=True) / change.shape[1]
            twice = added[:, :, None] * added[:, None, :] / here.others
            spread = spread + here.chance * pairs / S - twice
        errors.append((mean**2 + spread[:, diagonal, diagonal]).mean(axis=0))
    return np.stack(errors)


def _others(shared, count):
    """Return (N, k, d), the rows in turn, so that all are met equally often."""
    index = np.arange(count * _MET) * 7 % len(shared)
    return shared[index].reshape(count, _MET, -1)


def _through_relu(mean, sd):
    """Return mean and variance of max(0, mean + sd g), and P(mean + sd g > 0)."""
    from scipy.special import ndtr

    held, square = rectified_moments(mean, sd)
    return held, np.maximum(square - held**2, 0.0), ndtr(mean / np.maximum(sd, LEAST_SD))
