"""Training: a hand-built network as free matrices, gradient descent, and what is left of it."""

from ._fine_tune import fine_tune, held_out, HeldOut, Schedule, Tuned
from ._losses import batch_loss, measured_names, sample_losses, sample_measures, Task
from ._network import (
    from_construction,
    PARTS,
    perturbed,
    random_like,
    split,
    supports,
    TrainableNetwork,
)
from ._start import start_from, STARTS
from ._structure import circuit_cosines, circuit_weights, Structure, structure
from ._verdict import judge, Verdict, verdict


__all__ = [
    "PARTS",
    "STARTS",
    "HeldOut",
    "Schedule",
    "Structure",
    "Task",
    "TrainableNetwork",
    "Tuned",
    "Verdict",
    "batch_loss",
    "circuit_cosines",
    "circuit_weights",
    "fine_tune",
    "from_construction",
    "held_out",
    "judge",
    "measured_names",
    "perturbed",
    "random_like",
    "sample_losses",
    "sample_measures",
    "split",
    "start_from",
    "structure",
    "supports",
    "verdict",
]
