"""Errors of clipped rotations to second order: three circuits at once, the ReLU, idle neurons.

The first-order forms (`_closed_forms`) add up what comes from different circuits over one layer.
Here E = E|dx|^2 of active circuits and what their single neurons hold are carried from layer to
layer. With G = 2(1+b)^2, P = S^2 e and the moments of `received_by`,

    E_1 = (z-1) e (1+G) + (z-1)(z-2) G E c^2
    E_l = E_{l-1} + (T-z) e I + e (z-1)(1 + E_{l-1}) + G g + T e^2 ( 2P [l > 2] + 2(l-3) P^2 [l > 3] )
    g   = (z-1) E f^2 + (z-1)(z-2) E_t(E_v f)^2 - (z-1)(z-2)/2 P ( 3A + 4(S-1) B + 2(z-3) C/S )

* I is the mean square of an inactive circuit's vector: z a E|xi|^2/S, of neurons with *their* noise.
  A neuron that two active circuits use counts once, and holds 1 + G more.
* g: two senders have the receiver's loads in common, and count once a neuron that they share; A and
  B are E psi^2 and E psi psi', C is E_t(E_v f)^2.
* Last, what returns: u that meets the active t in layers l-1, l, l+1 brings R_u x_t twice, and since
  rotations of the plane commute the two add up in phase. It is all of the growth at z = 1.

The ReLU cuts y = 1 + x + noise at 0 where x is near -1. Of a neuron's noise, k distinct links to
other active circuits give (1+b)((1+chi')k/S - chi'(z-1)), which is skew and below 0 for most neurons;
what they bring of vectors is taken as normal, as is the error that all S neurons share. A cut is
always outward along x, so it leaves a mean error -rho x that later cuts find: E and rho are carried.

Idle neurons, of no active circuit, fire where k of the z S active neurons reach them such that
(1+chi')k/S - z chi' > lo. Their indicators and vectors are counted once: what fires because of them
is not. So all of it ends where k0·`idle_activity` is not small. Not in the sources.
"""

import numpy as np

from .._errors import check
from ._closed_forms import rotation_active_mse
from ._flow import flow_errors
from ._flow_noise import Gap, Network, Stage
from ._interaction import received_by
from ._overlap import overlap_rate_from_loads


def rotation_errors(
    set_loads,
    z: int,
    L: int,
    lo: float = 0.25,
    hi: float = 0.75,
    b: float = 1.0,
    rectified: bool = True,
    overlap_rate: float | None = None,
) -> dict[str, list[float]]:
    """Return the errors of rotations (d = 4) in the clipped construction, as the module says.

    Args:
        set_loads: (T, S), the loads of the neurons of every set.
        z: active circuits.
        L: layers.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        rectified: whether there is a ReLU; the oracle has none, and its idle neurons are 0.
        overlap_rate: e, where sets share more than one neuron; that of the loads if left out.

    Returns:
        metric -> values of layers 1..L: `mse_x_active`, `mse_x_inactive`, `mse_on_inactive`.

    Raises:
        ValueError: unless L >= 1 and z >= 1.
    """
    check(L >= 1, "L", "must be at least 1", L)
    check(z >= 1, "z", "must be at least 1", z)
    if len(set_loads) < 3:
        return _without_third(set_loads, z, L, b, overlap_rate)
    links = received_by(set_loads)
    T, S, e = links.n_circuits, links.redundancy, links.overlap_rate
    # Pairs that share several neurons.
    more = 0.0 if overlap_rate is None else overlap_rate - e
    network = Network(T, S, e, more, links.first, lo, hi, b, rectified)
    # Every circuit its own successor: edges from it to itself, in all layers alike.
    gap = Gap(links, T - z, returns=1.0, same=True)
    layers = flow_errors(network, [Stage(z)] * L, [gap] * max(L - 1, 1))
    return {
        "mse_x_active": [layer.opened for layer in layers],
        "mse_x_inactive": [layer.vector for layer in layers],
        "mse_on_inactive": [layer.indicator for layer in layers],
    }


def _without_third(set_loads, z: int, L: int, b: float, overlap_rate: float | None):
    """Return the errors of one or two circuits: direct overlap alone."""
    T, S = np.shape(set_loads)
    e = overlap_rate if overlap_rate is not None else 0.0
    if overlap_rate is None and T == 2:
        e = overlap_rate_from_loads([2.0] * int((np.asarray(set_loads)[0] > 1).sum()), S, T)
    return {
        "mse_x_active": [rotation_active_mse(l, T, e, z, b, 0.0) for l in range(1, L + 1)],
        "mse_x_inactive": [z * e] * L,
        "mse_on_inactive": [z * e] * L,
    }
