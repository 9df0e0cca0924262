"""Circuits + allocation -> one large network; a weight construction per file."""

from ._assemble import (
    assemble,
    construction_for,
    indicators as indicator_schemes,
    parts_for,
    shares,
)
from ._base import AbstractNetwork, place, Placement
from ._block import Block
from ._carried import Carried, EarlyGuess
from ._cleaned import Cleaned
from ._clipped import Clipped
from ._dense import dense_parameters, DenseParameters, indicators
from ._oracle import Oracle
from ._plain import Plain
from ._private import Private
from ._registry import build, check_fit, constructions, make_network, PADDABLE
from ._separate import Separate
from ._split import Split
from ._sums import gather_sum
from ._two_part import TwoPart


__all__ = [
    "PADDABLE",
    "AbstractNetwork",
    "Block",
    "Carried",
    "Cleaned",
    "Clipped",
    "DenseParameters",
    "EarlyGuess",
    "Oracle",
    "Placement",
    "Plain",
    "Private",
    "Separate",
    "Split",
    "TwoPart",
    "assemble",
    "build",
    "check_fit",
    "construction_for",
    "constructions",
    "dense_parameters",
    "gather_sum",
    "indicator_schemes",
    "indicators",
    "make_network",
    "parts_for",
    "place",
    "shares",
]
