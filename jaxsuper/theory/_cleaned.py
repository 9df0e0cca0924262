"""Errors of rotations whose gates are opened by indicators that a clean-up layer has cut."""

import numpy as np

from .._errors import check


def shared_gate_power(points: int = 512) -> float:
    """Return E|max(x + x', -1) - x|^2, what a second active circuit adds on a shared open neuron.

    x and x' are uniform on the unit circle, and the maximum is taken for each of the two
    coordinates: y = ReLU(1 + x + x') cannot carry less than -1. It is 0.825; without the ReLU it
    would be |x'|^2 = 1, and with gates that open twice 1 + 2(1+b)^2.

    Args:
        points: of the midpoint rule, for each angle.

    Returns:
        The mean square.
    """
    cosine = np.cos((np.arange(points) + 0.5) * 2 * np.pi / points)
    added = np.maximum(cosine[:, None] + cosine[None, :], -1) - cosine[None, :]
    return float(2 * (added**2).mean())


def cleaned_active_mse(L: int, T: int, e: float, z: int) -> list[float]:
    """Return E|dx|^2 of an active rotation behind clean indicators, computing layers 1..L.

        E_x(l) = (l-1) T e^2 z + l e (z-1) c,      c = `shared_gate_power`

    First what other circuits bring that are not active but share neurons with an active one of the
    layer before, then what active circuits add on the neurons they share. The published form,
    `rotation_active_mse`, has 1 + 2(1+b)^2 in place of c and z + 2(1+b)^2 (z-1) in place of z: its
    gates add up what they read instead of cutting it, and pass on the noise of the clipped sum.
    Assumes that active indicators stay 1, that no inactive circuit opens a gate, and pairs where
    three active circuits share a neuron count as two pairs. Not in the sources.

    Args:
        L: computing layers, half of all.
        T: circuits.
        e: overlap rate.
        z: active circuits.

    Returns:
        The mean squared norm of the error by computing layer.

    Raises:
        ValueError: unless L >= 1 and z >= 1.
    """
    check(L >= 1, "L", "must be at least 1", L)
    check(z >= 1, "z", "must be at least 1", z)
    shared = e * (z - 1) * shared_gate_power()
    return [l * shared + (l - 1) * T * e**2 * z for l in range(1, L + 1)]
