"""How many circuits a neuron carries, by class: from an allocation, or even for any real T."""

from typing import Any, NamedTuple

import numpy as np

from ..._errors import check


# More classes than this are merged: neighbours of equal numbers of slots.
_CLASSES = 24


class LoadClasses(NamedTuple):
    """Loads of the neurons of a block.

    Attributes:
        n_circuits: T, a real number where a theory is asked for any size.
        redundancy: S.
        values: (C,), loads r, ascending.
        neurons: (C,), how many neurons carry so many circuits; sum of r·neurons is T S.
        between: variance between circuits of the mean load of their neurons, relative to its square.
    """

    n_circuits: float
    redundancy: int
    values: Any
    neurons: Any
    between: float = 0.0

    @property
    def slots(self) -> Any:
        """(C,), the share of the T S places of circuits that lie on neurons of a class."""
        return self.values * self.neurons / (self.n_circuits * self.redundancy)

    @property
    def meeting(self) -> float:
        """P, the chance that two circuits share a neuron; they share at most one."""
        T, r = self.n_circuits, self.values
        return float((r * (r - 1) * self.neurons).sum() / (T * (T - 1)))


def even_loads(n_circuits: float | int, redundancy: int, block_width: float | int) -> LoadClasses:
    """Return the loads of neurons that carry T S/n circuits each, or the two integers next to it.

    Args:
        n_circuits: T, any number above 1.
        redundancy: S.
        block_width: n; T S >= n.

    Raises:
        ValueError: unless each neuron carries a circuit and T >= 2.
    """
    check(n_circuits >= 2, "n_circuits", "must be at least 2", n_circuits)
    load = n_circuits * redundancy / block_width
    check(
        load >= 1, "n_circuits", f"must be at least n/S = {block_width / redundancy:g}", n_circuits
    )
    lower = np.floor(load)
    share = load - lower
    values, neurons = np.array([lower, lower + 1]), block_width * np.array([1 - share, share])
    there = neurons > 0
    return LoadClasses(float(n_circuits), redundancy, values[there], neurons[there])


def load_classes(set_loads: Any) -> LoadClasses:
    """Return the classes of an allocation's loads; of many, neighbours are merged.

    Args:
        set_loads: (T, S), the loads of the neurons of every set.
    """
    set_loads = np.asarray(set_loads)
    values, slots = np.unique(set_loads, return_counts=True)
    neurons = slots / values
    if len(values) > _CLASSES:
        middle = np.cumsum(slots) - slots / 2
        group = np.unique((middle / slots.sum() * _CLASSES).astype(int), return_inverse=True)[1]
        neurons = np.bincount(group, neurons)
        values = np.bincount(group, slots) / neurons
    T, S = set_loads.shape
    between = float(set_loads.mean(1).var() / set_loads.mean() ** 2)
    return LoadClasses(float(T), S, values.astype(float), neurons, between)
