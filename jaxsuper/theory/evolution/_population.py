"""The population that stands for the network: how many samples and circuits, and the laws they obey."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._errors import check
from ._occupancy import expected_inhibition, Occupancy, occupancy


# Representatives times samples times sqrt(z): results scatter by a few per cent.
_SIZE = 33_000
_FEWEST, _MOST = 16, 96


@dataclass(frozen=True)
class Population:
    """K samples, each with its z active circuits and P representatives of the inactive ones.

    Nothing in it changes from layer to layer. Loads are numbered by class, in ascending order.

    Attributes:
        T: circuits.
        S: redundancy.
        z: active circuits.
        samples: K.
        kept: P, at most n/S.
        crowd: n/S (at least P), the number of representatives whose mean fluctuates as the total
            activity of n neurons does.
        sets: int (T, S), the load classes of all sets, ordered by the sum of their loads.
        loads: int (C,), the load of each class.
        n_used: neurons with a circuit; the others never fire.
        chi: (C,), chi' of a receiver of each class.
        occupancy: the connection of a source to a receiver's other circuits, by their classes.
    """

    T: int
    S: int
    z: int
    samples: int
    kept: int
    crowd: float
    sets: Any
    loads: Any
    n_used: float
    chi: Any
    occupancy: Occupancy

    @property
    def circuits(self) -> tuple[int, int]:
        """(K, N): samples, and circuits tracked in each: N = z + P, the active first."""
        return self.samples, self.z + self.kept

    def draw_sets(self, rng, samples: int, strata: int):
        """Draw load classes (samples, strata, S) of whole sets; every sample sees all loads."""
        place = (np.arange(strata) + rng.random((samples, strata))) / strata
        return self.sets[(rng.permuted(place, axis=1) * self.T).astype(int)]


def populate(
    set_loads, n: int, z: int, chi_factor: float, inhibition: str, source: Population | None = None
) -> Population:
    """Lay out the population of one allocation.

    The order of the sets and of the neurons in a set does not matter.

    Args:
        set_loads: int (T, S), the loads of the neurons of every set.
        n: block width.
        z: active circuits.
        chi_factor: factor on chi'.
        inhibition: "scalar" or "receiver".
        source: whose indicators these neurons receive, sample by sample; their own if left out.

    Raises:
        ValueError: for z outside 1..T-1 or an unknown inhibition.
    """
    table = np.sort(np.asarray(set_loads, dtype=np.int64), axis=1)
    T, S = table.shape
    check(1 <= z < T, "z", f"must lie in 1..{T - 1}", z)
    check(
        inhibition in ("scalar", "receiver"), "inhibition", "must be scalar or receiver", inhibition
    )
    table = table[np.lexsort((*table.T[::-1], table.sum(1)))]
    loads, classes, slots = np.unique(table, return_inverse=True, return_counts=True)
    counts = slots / loads  # a neuron of load r fills r slots
    crowd = max(_FEWEST, n // S)
    kept = min(crowd, _MOST)
    samples = max(200, int(_SIZE / (kept * z**0.5)))
    sent = (loads, counts, S)
    if source is not None:
        samples, kept = source.samples, source.kept
        sent_counts = np.bincount(source.sets.ravel()) / source.loads
        sent = (source.loads, sent_counts, source.S)
    scalar, each = expected_inhibition(loads, counts, T, S, sent)
    chi = each if inhibition == "receiver" else np.full(len(loads), scalar)
    return Population(
        T=T,
        S=S,
        z=z,
        samples=samples,
        kept=kept,
        crowd=float(crowd),
        sets=classes.reshape(T, S),
        loads=loads,
        n_used=float(counts.sum()),
        chi=chi_factor * chi,
        occupancy=occupancy(T, sent[0], loads),
    )
