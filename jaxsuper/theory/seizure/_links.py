"""Who reaches whom through the clipped matrix: laws of links, from the loads alone.

A neuron that carries r circuits meets an active circuit through each of them with probability P, at a
random one of its neurons, and a link counts once however many circuits make it. Layers are shuffled
independently, so these are independent of what happened before.
"""

from typing import Any, NamedTuple

import numpy as np

from ..._errors import check, one_of
from .._chances import disjoint_probability
from ._loads import LoadClasses


# From here on logarithms of factorials lose the digits that matter, and few in so many are alike
# with and without replacement.
_MANY = 1e6


class Links(NamedTuple):
    """The laws of links in a layer.

    Attributes:
        loads: of the neurons.
        n_active: z.
        inhibition: (C,), chi' of a receiver of each class.
        shared: (z + 1,), the law of K, the neurons of an inactive circuit that active ones use.
        met: (C, z + 1, z S + 1), of all neurons of active circuits that a neuron of an inactive
            circuit is linked to, given K of the layer before: its own circuit's and others'.
        met_by_active: (C, (z-1) S + 1), the same of a neuron of an active circuit, without its own.
        linked: (C, C), the chance that a neuron, by class, is linked to a given one of the layer
            before, by class, through others than its own circuit.
    """

    loads: LoadClasses
    n_active: int
    inhibition: Any
    shared: Any
    met: Any
    met_by_active: Any
    linked: Any

    @classmethod
    def of(
        cls,
        loads: LoadClasses,
        n_active: int,
        inhibition: str = "scalar",
        inhibition_factor: float | int = 1.0,
    ) -> "Links":
        """Derive the laws from loads.

        Args:
            loads: of the neurons.
            n_active: z, fewer than T.
            inhibition: "scalar", one chi' for all neurons, or "receiver", one for each load.
            inhibition_factor: factor on chi'.

        Raises:
            ValueError: for z outside 1..T-1 or another inhibition.
        """
        T, S, r, z = loads.n_circuits, loads.redundancy, loads.values, n_active
        check(1 <= z < T, "n_active", f"must lie in 1..{T - 1:g}", z)
        one_of(("scalar", "receiver"), inhibition, "inhibition")
        others = np.maximum(r - 1, 0)
        linked = 1 - _disjoint(T - 1, others[:, None], r)
        # Neither its own circuit nor the active one is among the others that make a link.
        link = (1 - _disjoint(T - 2, others[:, None], np.maximum(r - 1, 0))) @ loads.slots
        # Active circuits on neurons of many circuits are linked to more, those on others to fewer.
        apart = (loads.between / z) ** 0.5
        met = [
            np.mean([_hits(count * z, each * x, z * S)[: z + 1] for x in (1 - apart, 1 + apart)], 0)
            for count, each in zip(others, link, strict=True)
        ]
        rest = [
            _hits(count * (z - 1), each, (z - 1) * S)[0]
            for count, each in zip(others, link, strict=True)
        ]
        shared = _hits(z, 1 - (1 - loads.meeting / S) ** z, S)[0, : z + 1]
        chi = inhibition_factor * _inhibition(loads, inhibition)
        return cls(loads, z, chi, shared, np.stack(met), np.stack(rest), linked)


def _disjoint(T: float | int, first: Any, second: Any) -> Any:
    """Return the probability that random subsets of `first` and `second` out of T are disjoint."""
    if T < _MANY:
        return disjoint_probability(T, first, second)
    return np.exp(second * np.log1p(-first / (T - (second - 1) / 2)))


def _inhibition(loads: LoadClasses, rule: str) -> Any:
    """Return chi' by class: U/(S^2 - U) with U the mean of <e_t, C e_v>, or the same of a receiver."""
    T, S, r = loads.n_circuits, loads.redundancy, loads.values
    slots = loads.slots
    connected = 1 - _disjoint(T, r[:, None], r)
    # What a neuron receives of all circuits, less its own circuit's S, of S it could receive.
    each = S * (T * connected @ slots - 1) / (T - 1)
    mean = float(slots @ each)
    each = each if rule == "receiver" else np.full(len(r), mean)
    # Where everything is linked nothing is left to inhibit.
    return np.divide(each, S - each, out=np.full(len(r), np.inf), where=each < S)


def _hits(throws: float | int, chance: float, boxes: int) -> Any:
    """Return (boxes + 1, boxes + 1): from boxes hit before to boxes hit after so many throws.

    Args:
        throws: each hits one box at most.
        chance: that a given box is hit by any of them.
        boxes: how many.
    """
    one = -np.expm1(np.log1p(-chance) / max(throws, 1))
    hit = one * np.arange(boxes, -1, -1)
    step = np.diag(1 - hit) + np.diag(hit[:-1], 1)
    return np.linalg.matrix_power(step, round(throws))
