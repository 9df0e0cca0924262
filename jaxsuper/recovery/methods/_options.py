"""What methods can be told, and what they are given of a network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ..._errors import one_of
from ..._limits import check_index, check_number, check_optional, check_positive, check_seed
from .._export import Export, reported_of


STARTS = ("random", "ideal")
# Called with (pieces done, pieces in all, what they are).
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Options:
    """Settings of methods; each reads its own, and has its own value for what is None.

    Attributes:
        seed: of starts, batches and masks.
        n_units: directions or latents by layer; T, or as many as there can be, if left out.
        ridge: of probes, relative to the mean variance of a neuron.
        sparsity: weight of the L1 or minimality term.
        k: latents that are kept of a sample (TopK).
        steps: of gradient descent, or most iterations.
        batch_size: samples of a step.
        learning_rate: the largest of Adam's.
        start: "random", or "ideal": at the truth, to see whether it stays there.
        checkpoint: folder for states of training; a run that was stopped goes on from there.
    """

    seed: int = 0
    n_units: int | None = None
    ridge: float | int = 0.01
    sparsity: float | int | None = None
    k: int | None = None
    steps: int | None = None
    batch_size: int = 128
    learning_rate: float | int | None = None
    start: str = "random"
    checkpoint: Path | None = None

    def check(self) -> None:
        """Raise a `ValueError` for a setting that cannot be."""
        check_seed("seed", self.seed)
        for name in ("n_units", "k", "steps"):
            check_optional(name, getattr(self, name))
        check_index("batch_size", self.batch_size)
        check_positive("ridge", self.ridge)
        if self.learning_rate is not None:
            check_positive("learning_rate", self.learning_rate)
        if self.sparsity is not None:
            check_number("sparsity", self.sparsity)
            check_positive("sparsity", self.sparsity)
        one_of(STARTS, self.start, "start")


def silent(done: int, total: int, label: str) -> None:
    """Report to nobody."""


def activations_by_layer(
    export: Export, report: Report = silent
) -> Iterator[tuple[int, Float[np.ndarray, "N D"]]]:
    """Yield (k, activations) of all reported layers, and report each.

    Args:
        export: the network.
        report: called before each.
    """
    layers = reported_of(export)
    for done, layer in enumerate(layers):
        report(done, len(layers), "layers")
        yield layer, np.asarray(export.samples[f"activations.{layer}"], np.float32)
    report(len(layers), len(layers), "layers")


def units_of(options: Options, export: Export, most: int | None = None) -> int:
    """Return how many units to look for in a layer: as many as told, T by default, or the most."""
    wanted = options.n_units or int(export.config.n_circuits)
    return wanted if most is None else min(wanted, most)
