"""Can the circuits be found again: scores of answers, and methods that look for circuits.

Scoring reads the truth of an exported network; methods read nothing but its model and samples, but
for those that say so. Neither reads the theory.
"""

from typing import TYPE_CHECKING

from .._lazy import lazy


if TYPE_CHECKING:
    from ._answer import Answer, answer_of, check_fits, read_answer, write_answer
    from ._ends import oracle_answer, random_answer
    from ._export import Export
    from ._metrics import LOWER, METRICS
    from ._score import Circuits, over_networks, Row, Score, score, Scored
    from ._structure import bases, Structure, structure, structure_of
    from .methods import Method, METHODS, Options, recover

__getattr__, __dir__ = lazy(
    __name__,
    {
        "_answer": ("Answer", "answer_of", "check_fits", "read_answer", "write_answer"),
        "_ends": ("oracle_answer", "random_answer"),
        "_export": ("Export",),
        "_metrics": ("LOWER", "METRICS"),
        "methods": ("METHODS", "Method", "Options", "recover"),
        "_score": ("Circuits", "Row", "Score", "Scored", "over_networks", "score"),
        "_structure": ("Structure", "bases", "structure", "structure_of"),
    },
)


__all__ = [
    "LOWER",
    "METHODS",
    "METRICS",
    "Answer",
    "Circuits",
    "Export",
    "Method",
    "Options",
    "Row",
    "Score",
    "Scored",
    "Structure",
    "answer_of",
    "bases",
    "check_fits",
    "oracle_answer",
    "over_networks",
    "random_answer",
    "read_answer",
    "recover",
    "score",
    "structure",
    "structure_of",
    "write_answer",
]
