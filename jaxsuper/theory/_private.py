"""Errors of circuits with private links: exact for one active circuit, small for several."""

from .._errors import check


def third_party_links(T: int, n: int, S: int) -> float:
    """Return k = (T S/n - 1)^2 (S - 1)/((T - 1) S), how likely two circuits' link is a third one's.

    A neuron i of v is of T S/n - 1 other circuits u, each of which links it to S - 1 neurons j, that are
    of T S/n - 1 circuits w that are neither u nor v. Over i and j there are S^2 pairs, and T - 1 circuits
    w. Counting u among the w, as (T S/n - 1)(S - 1)/(n - S) does, takes it for T S/(T S - n) times that.

    Args:
        T: circuits.
        n: block width.
        S: redundancy, at least 2.

    Returns:
        The probability, for even loads, two neurons in common at most, and circuits that share none.
    """
    return max(T * S / n - 1, 0.0) ** 2 * (S - 1) / ((T - 1) * S) if T > 1 else 0.0


def private_active_mse(
    L: int, T: int, n: int, S: int, z: int, e: float | None = None
) -> list[float]:
    """Return E|dx|^2 of an active rotation with private links, layers 1..L.

    Take two active circuits v and w. (a) With probability e S^2 they share a neuron: after layer 1
    it holds x_v + x_w + (1, 1), and in every later layer it receives R_w x_w too. (b) A link from a
    neuron of w to one of v belongs to some third circuit u with probability

        k = (T S/n - 1)^2 (S - 1)/((T - 1) S)

    and brings R_u x_w/(S-1). Of the error of v's S neurons let M be the power of their mean, which
    the next layer keeps, and Q that of the deviations, of which it keeps 1/(S-1)^2:

        M' = M + (z-1) ( e + k/(S-1)^2 (1 + M + Q) ),                       M_1 = 3 e (z-1)
        Q' = Q/(S-1)^2 + (z-1) (S-1) ( e + k/(S-1)^2 (1 + M + Q) ),         Q_1 = 3 e (z-1)(S-1)

    and M is the error. To first order M_l = (z-1) ( (l+2) e + (l-1) k/(S-1)^2 ).
    Assumes even loads, random rotations and gates that hold; the ReLU's clipping of noise on open
    neurons is left out. Not in the sources.

    Args:
        L: layers.
        T: circuits.
        n: block width.
        S: redundancy, at least 2.
        z: active circuits.
        e: overlap rate; that of even loads if left out.

    Returns:
        The mean squared norm of the error by layer.

    Raises:
        ValueError: unless L >= 1, 2 <= S < n and z >= 1.
    """
    check(L >= 1, "L", "must be at least 1", L)
    check(2 <= S < n, "S", f"must lie in 2..{n - 1}", S)
    check(z >= 1, "z", "must be at least 1", z)
    load = T * S / n
    if e is None:
        e = max(load - 1, 0.0) / ((T - 1) * S) if T > 1 else 0.0
    link = third_party_links(T, n, S) / (S - 1) ** 2
    mean, rest = 3 * e * (z - 1), 3 * e * (z - 1) * (S - 1)
    errors = [mean]
    for _ in range(L - 1):
        brought = (z - 1) * (e + link * (1 + mean + rest))
        mean, rest = mean + brought, rest / (S - 1) ** 2 + (S - 1) * brought
        errors.append(mean)
    return errors
