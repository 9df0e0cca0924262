"""The seizure in a deterministic form: laws of one circuit and one neuron, carried through layers.

loads    = even_loads(T, S, n)                          how many circuits a neuron carries (`_loads`)
links    = Links.of(loads, n_active, inhibition)        who reaches whom (`_links`)
activity = density_evolution(links, n_layers, lo, hi)   erroneous activity by layer (`_density`)
critical = critical_circuits(n, S, ...)                 T at which it runs away (`_critical`)
edges    = critical_edges(n, S, ...)                    the same in edges (`_edges`)
released = releasing_circuits(n, S, ...)                T below which it falls silent (`_hysteresis`)
best     = best_redundancy(n, ...)                      S and thresholds that hold most (`_optimum`)
"""

from ._critical import bare_critical_circuits, Critical, critical_circuits, DEAD, ended, GROWTH
from ._density import Activity, density_evolution
from ._edges import critical_edges, edge_loads
from ._hysteresis import releasing_circuits, SEIZED
from ._links import Links
from ._loads import even_loads, load_classes, LoadClasses
from ._optimum import best_redundancy, best_thresholds, hard_step_constant, Optimum


__all__ = [
    "DEAD",
    "GROWTH",
    "SEIZED",
    "Activity",
    "Critical",
    "Links",
    "LoadClasses",
    "Optimum",
    "bare_critical_circuits",
    "best_redundancy",
    "best_thresholds",
    "critical_circuits",
    "critical_edges",
    "density_evolution",
    "edge_loads",
    "ended",
    "even_loads",
    "hard_step_constant",
    "load_classes",
    "releasing_circuits",
]
