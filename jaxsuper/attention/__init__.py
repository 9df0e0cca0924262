"""How far attention looks back: distances, truncated context, and networks of known ranges."""

from ._arrangements import arranged, ARRANGEMENTS, Design, heads_of, network_of, ranges_of
from ._comparison import (
    amplified,
    compare,
    Comparison,
    LINES,
    measure,
    Measured,
    octaves_per_layer,
    PAIRS,
    patterns_in,
    SAID,
)
from ._distances import BEYOND, Distances, distances_of, uniform_reference
from ._drops import correlation, drop_correlation, same_layers, SameLayers
from ._heads import FALLBACK, Head, PREVIOUS, SINK
from ._language import Language, letter_entropy
from ._patterns import open_patterns, Patterns, patterns_of
from ._power import Area, area_of
from ._scan import Rule
from ._trained import Learnt, learnt, Small, train_language
from ._transformer import HandSet, random_tokens
from ._truncation import KINDS, Similarity, similarity_of, truncation_similarity, WINDOWS


__all__ = [
    "ARRANGEMENTS",
    "BEYOND",
    "FALLBACK",
    "KINDS",
    "LINES",
    "PAIRS",
    "PREVIOUS",
    "SAID",
    "SINK",
    "WINDOWS",
    "Area",
    "Comparison",
    "Design",
    "Distances",
    "HandSet",
    "Head",
    "Language",
    "Learnt",
    "Measured",
    "Patterns",
    "Rule",
    "SameLayers",
    "Similarity",
    "Small",
    "amplified",
    "area_of",
    "arranged",
    "compare",
    "correlation",
    "distances_of",
    "drop_correlation",
    "heads_of",
    "learnt",
    "letter_entropy",
    "measure",
    "network_of",
    "octaves_per_layer",
    "open_patterns",
    "patterns_in",
    "patterns_of",
    "random_tokens",
    "ranges_of",
    "same_layers",
    "similarity_of",
    "train_language",
    "truncation_similarity",
    "uniform_reference",
]
