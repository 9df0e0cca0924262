"""Circuits + allocation -> one large network; a weight construction per file."""

from ._block import Block
from ._carried import Carried
from ._cleaned import Cleaned
from ._clipped import Clipped
from ._cost import network_bytes
from ._dense import (
    check_trainable,
    dense_layers,
    dense_network,
    DenseNetwork,
    Disturb,
    neurons_that_exist,
)
from ._early_guess import EarlyGuess
from ._inhibition import columns_per_row, inhibition_rules, Links
from ._mesh import CIRCUITS, over, SAMPLES
from ._network import AbstractLayer, AbstractNetwork, Needs, Traits
from ._oracle import Oracle
from ._over_devices import (
    bring_together,
    circuit_mesh,
    lists_by_share,
    mesh_of,
    MeshProgram,
    share_samples,
    spread_out,
)
from ._pass import run_layers
from ._placement import indicator_vectors, place, Placement
from ._plain import Plain
from ._private import Private
from ._registry import (
    build,
    check_parts,
    class_of,
    constructions,
    make_network,
    PRECISIONS,
    register,
    traits_of,
)
from ._schemes import construction_for, indicator_schemes, shares
from ._separate import Separate
from ._split import Split
from ._sums import gather_sum
from ._wiring import Gap, Rest, scatter, Wiring


__all__ = [
    "CIRCUITS",
    "PRECISIONS",
    "SAMPLES",
    "AbstractLayer",
    "AbstractNetwork",
    "Block",
    "Carried",
    "Cleaned",
    "Clipped",
    "DenseNetwork",
    "Disturb",
    "EarlyGuess",
    "Gap",
    "Links",
    "MeshProgram",
    "Needs",
    "Oracle",
    "Placement",
    "Plain",
    "Private",
    "Rest",
    "Separate",
    "Split",
    "Traits",
    "Wiring",
    "bring_together",
    "build",
    "check_parts",
    "check_trainable",
    "circuit_mesh",
    "class_of",
    "columns_per_row",
    "construction_for",
    "constructions",
    "dense_layers",
    "dense_network",
    "gather_sum",
    "indicator_schemes",
    "indicator_vectors",
    "inhibition_rules",
    "lists_by_share",
    "make_network",
    "mesh_of",
    "network_bytes",
    "neurons_that_exist",
    "over",
    "place",
    "register",
    "run_layers",
    "scatter",
    "share_samples",
    "shares",
    "spread_out",
    "traits_of",
]
