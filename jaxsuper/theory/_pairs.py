"""Errors of any circuits with private links: what two active circuits do to each other, exactly.

Ours; notes#private-circuits. Let v and w be active, on S neurons each. Alone, neither has an error: its S
neurons talk through links that nobody else uses. Together, one of two things may have happened when the
sets were drawn:

    they share a neuron                                   with probability  q = S^2 e
    a link between them belongs to a third circuit u      of which there are  S^2 k on the average,
                                                          see `third_party_links`

Each is worked out with the circuits' own weights and ReLUs through all layers, in which sets, and so
errors, stay the same: nothing is taken for new noise, and nothing is linear. With delta the error that
one of the two makes of circuit v's mean over its neurons, and z - 1 others,

    E|error|^2 = (z-1) ( q E|delta_q|^2 + S^2 k E|delta_k|^2 )
                 + | (z-1) ( q E delta_q + S^2 k E delta_k ) |^2

with the inner means, over w, u and inputs, for each v, less (z-1) q^2 |E delta_q|^2, as two circuits
share at most one neuron. Exact to first order in q and k, and to all orders where errors just add. For
rotations, whose errors are new in every layer, it is `private_active_mse` to first order.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._private import third_party_links


class Active(NamedTuple):
    """N active circuits on their own, by layer, less the alpha of their gates, which is 1.

    Attributes:
        values: (L, N, m), y^l after layers 1..L.
        own: (L, N, m, k), their own weights, from the k channels; those of layer 1 are not used.
    """

    values: Float[np.ndarray, "L N m"]
    own: Float[np.ndarray, "L N m k"]


def pair_errors(
    first: Active,
    second: Active,
    third: Float[np.ndarray, "L N m k"],
    shared: Float[np.ndarray, "L m"],
    channels: Float[np.ndarray, "k d"],
    S: int,
) -> tuple[Float[np.ndarray, "L N m"], Float[np.ndarray, "L N m"]]:
    """Return what N pairs do to the first of each, for either event.

    Args:
        first: the circuits v.
        second: the circuits w.
        third: the own weights of the circuits u.
        shared: mean weights from the gate, and the bias.
        channels: rows of (coefficient of alpha, coefficients of the m others).
        S: redundancy, at least 2.

    Returns:
        Errors of the mean over v's neurons, by layer: (that share a neuron, that have a link of u).
    """
    read = lambda values: channels[:, 0] + values @ channels[:, 1:].T
    start = [np.repeat(each.values[0][:, None], S, axis=1) for each in (first, second)]
    both = start[0][:, 0] + start[1][:, 0]
    by_neuron = _run(first, second, shared, read, start[0], start[1], None, both)
    by_link = _run(first, second, shared, read, start[0], start[1], third, None)
    return by_neuron, by_link


def _run(
    first: Active,
    second: Active,
    shared: np.ndarray,
    read: Callable[[np.ndarray], np.ndarray],
    v: np.ndarray,
    w: np.ndarray,
    third: np.ndarray | None,
    both: np.ndarray | None,
) -> np.ndarray:
    """Return the first's error by layer, (L, N, m); the zeroth neurons are those that meet."""
    S, errors = v.shape[1], []
    image = lambda weights, held: np.einsum("nmk,nsk->nsm", weights, held, optimize=True)
    for layer in range(len(first.values)):
        if layer:
            held = read(v), read(w)
            sums = [each.sum(axis=1, keepdims=True) - each for each in held]
            fields = [
                image(circuit.own[layer], each) / (S - 1)
                for circuit, each in zip((first, second), sums, strict=True)
            ]
            if both is not None:
                together = fields[0][:, 0] + fields[1][:, 0]
                fields[0][:, 0] = fields[1][:, 0] = together
            if third is not None:
                for field, other in zip(fields, held[::-1], strict=True):
                    field[:, :1] += image(third[layer], other[:, :1]) / (S - 1)
            v, w = (np.maximum(field + shared[layer], 0.0) for field in fields)
        elif both is not None:
            v, w = v.copy(), w.copy()
            v[:, 0] = w[:, 0] = both
        errors.append(v.mean(axis=1) - first.values[layer])
    return np.stack(errors)


def private_pair_mse(
    by_neuron: Float[np.ndarray, "L V K m"],
    by_link: Float[np.ndarray, "L V K m"],
    T: int,
    n: int,
    S: int,
    z: int,
    e: float,
) -> Float[np.ndarray, "L m"]:
    """Return the mean squared error of an active circuit's neurons, from K pairs of each of V circuits.

    Args:
        by_neuron: errors of pairs that share a neuron, as of `pair_errors`.
        by_link: errors of pairs with a third circuit's link.
        T: circuits.
        n: block width.
        S: redundancy.
        z: active circuits.
        e: overlap rate.

    Returns:
        (L, m): means over networks, circuits and inputs.
    """
    meet, links = S**2 * e, S**2 * third_party_links(T, n, S)
    count = by_neuron.shape[2]
    alone = (meet * by_neuron**2 + links * by_link**2).mean(axis=(1, 2))
    means = meet * by_neuron + links * by_link
    total, single = means.sum(axis=2), (means**2).sum(axis=2)
    # Without the terms of a pair with itself, which would count its power again.
    coherent = ((total**2 - single) / (count * (count - 1))).mean(axis=1)
    total, single = by_neuron.sum(axis=2), (by_neuron**2).sum(axis=2)
    once = ((total**2 - single) / (count * (count - 1))).mean(axis=1)
    return (z - 1) * (alone - meet**2 * once) + (z - 1) ** 2 * coherent
