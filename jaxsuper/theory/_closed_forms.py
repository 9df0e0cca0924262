"""Mean squared errors of circuits in the clipped construction to first order, without mistakes.

Terms are added up as if independent; for rotations `rotation_errors` goes beyond that. All
forms take the overlap rate e (exact, from `overlap_rate_from_loads`); with rho in its place they
are the published ones. Layers are counted l = 1..L, and A^1 is an exact embedding.
Source: "Rotations in Superposition" (2025); notes#closed-forms.
"""

from .._errors import check
from ._overlap import overlap_rate_published


def inactive_mse(z: int, e: float, activation_power: float = 1.0) -> float:
    """Return E|da|^2 = z·e·E|a_v|^2 of an inactive circuit, in every layer.

    Each of the z active circuits shares a neuron with it, and then contributes a_v/S to its mean.

    Args:
        z: active circuits.
        e: overlap rate.
        activation_power: E|a_v|^2 of the quantity read out of an active circuit.

    Returns:
        The mean squared error, in squared units of a.
    """
    return z * e * activation_power


def inactive_first_layer_mse(z: int, S: int, P: float) -> float:
    """Return the inactive indicator's mean square after layer 1, E (K/S)^2.

    K counts the circuit's S neurons that active circuits use. An active circuit uses a given one
    with probability q = P/S, and no two of them, so with p = 1 - (1-q)^z

        S^2·E = S·p + S (S-1)·( 1 - 2 (1-q)^z + (1-2q)^z )

    To first order in q this is z·P; z·P + z (z-1) P^2 counts a neuron twice that two active
    circuits use, and is 9.4 % too high for S = 6, P = 0.14, z = 4.

    Args:
        z: active circuits, few among many.
        S: redundancy.
        P: mean overlap of two circuits, in neurons.

    Returns:
        E alpha_est^2.
    """
    q = P / S
    silent, both_silent = (1 - q) ** z, (1 - 2 * q) ** z
    return (S * (1 - silent) + S * (S - 1) * (1 - 2 * silent + both_silent)) / S**2


def active_mse(
    l: int,
    T: int,
    e: float,
    z: int,
    difference_power: float,
    mean_power: float,
    total_power: float,
    mean_interference: float | None = None,
    common: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> float:
    """Return E|da^l|^2 of an active circuit, if the circuits do not amplify errors.

    (l-1)·( T·e^2·z·E_{u≠v}|dw_u a_v|^2 + J·(z-1)·E|wbar a_v|^2 ) + l·e·(z-1)·E|w_v a_v|^2
        + (z-1)(z-2)·( C_1 + (l-1)·C )·|E w_v a_v|^2

    The first terms come over third circuits: v leaks into one of T circuits u with rate e, is
    processed by u, and leaks from u into the circuit looked at with rate e. The last is direct
    overlap with the other z - 1 active circuits. The clipped mean weights are no sum over third
    circuits; their J is `mean_interference`, derived there. The source guesses J = T·e^2.

    Two of the other active circuits are not independent: they overlap with the same receiver, S e
    each on average, and reach it through the same loads. What they have in common, C_1 in layer 1
    and C in every later one (`common_interference`), brings the last term, which the source leaves
    out; a fourth of all at D = 1000, T = 400, z = 4. Contributions of different layers do not add
    up in phase where circuits change directions, as random rotations do.

    Args:
        l: layer, from 1.
        T: circuits.
        e: overlap rate.
        z: active circuits.
        difference_power: E_{u≠v}|dw_u a_v|^2.
        mean_power: E|wbar a_v|^2.
        total_power: E|w_v a_v|^2.
        mean_interference: J; the published guess T·e^2 if left out.
        common: C_1, C and |E w_v a_v|^2.

    Returns:
        The mean squared error.

    Raises:
        ValueError: if l < 1.
    """
    check(l >= 1, "l", "must be at least 1", l)
    J = T * e**2 if mean_interference is None else mean_interference
    through_others = T * e**2 * z * difference_power + J * (z - 1) * mean_power
    first, later, power = common
    pairs = (z - 1) * (z - 2) * (first + (l - 1) * later) * power
    return (l - 1) * through_others + l * e * (z - 1) * total_power + pairs


def rotation_inactive_mse(z: int, e: float) -> float:
    """Return z·e, for the on-indicator and for the rotated vector of an inactive rotation alike."""
    return inactive_mse(z, e)


def rotation_active_mse(
    l: int,
    T: int,
    e: float,
    z: int,
    b: float,
    mean_interference: float | None = None,
    common: tuple[float, float] = (0.0, 0.0),
) -> float:
    """Return E|dx^l|^2 of an active rotation (d = 4), to first order.

    (l-1)·( T·e^2·z + J·2(1+b)^2 (z-1) ) + l·e·(z-1)·(1 + 2(1+b)^2)
        + (z-1)(z-2)·( C_1 + (l-1)·C )·2(1+b)^2

    `active_mse` with |R x|^2 = 1, the gate |(1+b)·1|^2 = 2(1+b)^2, and E|R x + (1+b)·1|^2 =
    1 + 2(1+b)^2, since a vector of random direction is orthogonal to (1, 1) on average. The
    published form has b = 1, the factors 8 and 9, J = T·e^2 and no common terms. `rotation_errors`
    has what is left out here: at z = 1, D = 1000, T = 400 a fifth of the error at layer 4.

    Args:
        l: layer, from 1.
        T: circuits.
        e: overlap rate.
        z: active circuits.
        b: gate bias.
        mean_interference: J; the published guess T·e^2 if left out.
        common: C_1 and C, of `common_interference`.

    Returns:
        The mean squared norm of the error; 1 is what guessing the mean would give.
    """
    gate = 2 * (1 + b) ** 2
    return active_mse(l, T, e, z, 1.0, gate, 1.0 + gate, mean_interference, (*common, gate))


def rotation_errors_published(D: int, T: int, S: int, z: int, L: int) -> dict[str, list[float]]:
    """Return the errors of active and inactive rotations (d = 4, b = 1) as they are published.

    active:   0 for the indicator, (l-1)·T·rho^2 (z + 8 (z-1)) + 9·l·rho (z-1) for the vector
    inactive: z·rho for the indicator and for the vector, in every layer

    Sizes alone decide, by rho (`overlap_rate_published`): which sets there are, the ReLU and what
    fires by mistake play no part. `rotation_errors` is the form that corrects them, and the claims
    `errors.first-layer-published` and `errors.published-form-oracle` hold these against networks.
    Source: "Rotations in Superposition" (2025); notes#closed-forms.

    Args:
        D: network width.
        T: circuits.
        S: redundancy.
        z: active circuits.
        L: layers.

    Returns:
        metric -> values of layers 1..L.
    """
    rho = overlap_rate_published(4, D, S, T)
    return {
        "mse_on_active": [0.0] * L,
        "mse_x_active": [rotation_active_mse(l, T, rho, z, 1.0) for l in range(1, L + 1)],
        "mse_on_inactive": [rotation_inactive_mse(z, rho)] * L,
        "mse_x_inactive": [rotation_inactive_mse(z, rho)] * L,
    }
