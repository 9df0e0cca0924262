"""Training: a hand-built network as free matrices, gradient descent, and what is left of it."""

from ._checkpoint import fingerprint, load_checkpoint, save_checkpoint
from ._fine_tune import fine_tune, Stopped, Trained
from ._held_out import held_out, HeldOut
from ._losses import batch_loss, sample_losses, sample_metric_names, sample_metrics, Task
from ._outcome import judge_training, Outcome
from ._parts import PARTS, split
from ._schedule import rate_at, Schedule
from ._share import effective_redundancy, participation
from ._side_by_side import random_network, train_side_by_side
from ._small import SmallNetworks, train_small
from ._start import random_like, start_from, STARTS
from ._step import noisy
from ._structure import circuit_cosines, circuit_weights, Structure, structure_of, supports
from ._tasks import addition_tasks, boolean_tasks, regression_tasks, share_right, Tasks


__all__ = [
    "PARTS",
    "STARTS",
    "HeldOut",
    "Outcome",
    "Schedule",
    "SmallNetworks",
    "Stopped",
    "Structure",
    "Task",
    "Tasks",
    "Trained",
    "addition_tasks",
    "batch_loss",
    "boolean_tasks",
    "circuit_cosines",
    "circuit_weights",
    "effective_redundancy",
    "fine_tune",
    "fingerprint",
    "held_out",
    "judge_training",
    "load_checkpoint",
    "noisy",
    "participation",
    "random_like",
    "random_network",
    "rate_at",
    "regression_tasks",
    "sample_losses",
    "sample_metric_names",
    "sample_metrics",
    "save_checkpoint",
    "share_right",
    "split",
    "start_from",
    "structure_of",
    "supports",
    "train_side_by_side",
    "train_small",
]
