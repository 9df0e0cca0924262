"""Claims: every formula and statement of the theory, with its evidence and verdict.

Importing this folder registers all claims. A new claim is a function with the `claim` decorator in
the file of its subject, or in a file of one's own: `claims_from`.
"""

from . import (
    activations as activations,
    allocations as allocations,
    attentions as attentions,
    bounds as bounds,
    capacities as capacities,
    conjunctions as conjunctions,
    critical_loads as critical_loads,
    derivations as derivations,
    designs as designs,
    designs_predicted as designs_predicted,
    embeddings as embeddings,
    embeddings_neurons as embeddings_neurons,
    errors as errors,
    errors_first_layer as errors_first_layer,
    evolutions as evolutions,
    generals as generals,
    geometries as geometries,
    guards as guards,
    hystereses as hystereses,
    interactions as interactions,
    networks as networks,
    payloads as payloads,
    programs as programs,
    recoveries as recoveries,
    seizures as seizures,
    testbeds as testbeds,
    trainings as trainings,
)
from ._check import check, Checked
from ._evidence import (
    ALPHA,
    Evidence,
    judge,
    judge_rival,
    Judgement,
    LOOKS,
    MOST_CLAIMS,
    MOST_COMPARISONS,
    outside_errors,
    Point,
    Rates,
    within_errors,
)
from ._from_file import claims_from
from ._ledger import comparisons, Entry, ledger, settle, until_decided, verify
from ._measured import measured_at
from ._power import detectable, power
from ._registry import Claim, claim, claims, Run, TIERS


__all__ = [
    "ALPHA",
    "LOOKS",
    "MOST_CLAIMS",
    "MOST_COMPARISONS",
    "TIERS",
    "Checked",
    "Claim",
    "Entry",
    "Evidence",
    "Judgement",
    "Point",
    "Rates",
    "Run",
    "check",
    "claim",
    "claims",
    "claims_from",
    "comparisons",
    "detectable",
    "judge",
    "judge_rival",
    "ledger",
    "measured_at",
    "outside_errors",
    "power",
    "settle",
    "until_decided",
    "verify",
    "within_errors",
]
