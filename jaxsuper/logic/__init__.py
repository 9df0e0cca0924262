"""Boolean logic on features in superposition: all pairwise ANDs by one layer of random neurons."""

from ._measure import ConjunctionSamples, measure_conjunctions, measure_networks
from ._universal_and import UniversalAnd


__all__ = ["ConjunctionSamples", "UniversalAnd", "measure_conjunctions", "measure_networks"]
