"""Circuits that switch each other on: edges between layers, the language, exact references."""

from ._automaton import Automaton, automaton, remainders
from ._compile import compile_edges
from ._condition import Condition
from ._edge import Decision, Edge
from ._edges import Edges
from ._file import load_program, read_program, save_program, toml_of
from ._named import MARGIN, named_program, program_names, random_program
from ._program import Program
from ._reference import all_weights, exact_program, Reference
from ._weights import edge_layout, full_weights, own_weights, payload_channels


__all__ = [
    "MARGIN",
    "Automaton",
    "Condition",
    "Decision",
    "Edge",
    "Edges",
    "Program",
    "Reference",
    "all_weights",
    "automaton",
    "compile_edges",
    "edge_layout",
    "exact_program",
    "full_weights",
    "load_program",
    "named_program",
    "own_weights",
    "payload_channels",
    "program_names",
    "random_program",
    "read_program",
    "remainders",
    "save_program",
    "toml_of",
]
