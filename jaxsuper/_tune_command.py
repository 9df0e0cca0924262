"""The command `tune`: settings in, a trained network's figures out. No mathematics here."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ._errors import check, lookup
from .simulation import Configuration


_STARTS = {"built": None, "random": "matched", "he": "he"}


@dataclass(frozen=True)
class Tune(Configuration):
    """Train a hand-built network, all weights free, and say what is left of it.

    Prints held-out errors before and after, and how much of the structure is kept. With --out it
    writes tuning.json, tuning.png and a checkpoint there; the same command resumes, or goes no
    further if all steps are done. Trainable: clipped, plain, split, separate, carried.

    Attributes:
        batch_size: fresh samples in each step.
        loss: mse or l4, of the estimated vectors and indicators in the last layer.
        circuits_counted: active for the errors of the active circuits, all for those of all.
        indicator_weight: of the indicator's error beside the vector's.
        read: last to read out the last layer, all for every layer.
        start: built; random, Gaussian of the same scale; or he, Gaussian of He's scale.
        trained: what is free: embedding, weights, biases, readout.
        steps: of gradient descent (Adam).
        learning_rate: the largest.
        evaluate_every: steps between held-out measurements; by default a twentieth of all.
        held_out: samples of each.
        out: folder for results and the checkpoint, made if need be.
    """

    network_width: int = 200
    n_circuits: int = 100
    redundancy: int = 4
    n_layers: int = 3
    batch_size: int = 128
    allocation: str = "transversal"
    loss: str = "mse"
    circuits_counted: str = "active"
    indicator_weight: float = 1.0
    read: str = "last"
    start: str = "built"
    trained: tuple[str, ...] = ("embedding", "weights", "biases")
    steps: int = 1000
    learning_rate: float = 3e-3
    evaluate_every: int | None = None
    held_out: int = 2048
    out: Path | None = None


def run_tune_command(command: Tune, console: Console) -> int:
    """Run `jaxsuper tune`.

    Args:
        command: the settings.
        console: where the tables go.

    Returns:
        The exit status: 0, or 130 if interrupted after the first checkpoint.

    Raises:
        ValueError: for bad input, before anything is trained or written.
    """
    from . import training
    from .analytics import make_writable_folder, write_json
    from .simulation import check_active, environment, prepare, samples_key

    check(command.network >= 0, "network", "must be at least 0", command.network)
    scale = lookup(_STARTS, command.start, "start")
    task = training.Task(command.loss, command.circuits_counted, command.indicator_weight)
    every = command.evaluate_every
    schedule = training.Schedule(
        command.n_active,
        command.steps,
        command.batch_size,
        command.learning_rate,
        max(command.steps // 20, 1) if every is None else every,
        command.held_out,
        tuple(sorted(set(command.trained))),
    )
    check(command.n_layers >= 2, "n_layers", "must be at least 2", command.n_layers)
    check(command.n_circuits >= 3, "n_circuits", "must be at least 3", command.n_circuits)
    check_active(command.n_active, command.n_circuits)
    circuits, _, network = prepare(command, command.network)
    built = training.from_construction(network, command.read)
    training.split(built, schedule.trained)
    key = samples_key(command.seed, command.network)
    start = built
    if scale is not None:
        drawn = jax.random.fold_in(key, 10)
        start = training.random_like(built, key=drawn, scale=scale, parts=schedule.trained)
    if command.out is not None:
        make_writable_folder(command.out, "out")
    checkpoint = None if command.out is None else command.out / "checkpoint.eqx"
    try:
        with _bar() as report:
            tuned = training.fine_tune(
                start, circuits, task, schedule, key=key, progress=report, checkpoint=checkpoint
            )
    except KeyboardInterrupt:
        if checkpoint is None or not checkpoint.exists():
            raise
        print("jaxsuper: interrupted; the same command resumes", file=sys.stderr)
        return 130
    made = training.held_out(built, circuits, task, schedule, key=key)
    kept = training.structure(network, tuned.network)
    after = tuned.test
    finite = bool(np.isfinite(after.mean).all())
    said = training.verdict(
        made["loss"], _finite(made.stderr_of("loss")), after["loss"], _finite(after.stderr_of("loss")), kept
    ) if finite else None  # fmt: skip
    console.print(_errors(made, tuned))
    console.print(_structure(kept))
    told = f"training {said}" if said else "training diverged: lower the learning rate"
    console.print(told, highlight=False, soft_wrap=True)
    if command.out is None:
        return 0
    config = asdict(command)
    del config["out"]
    curve = [_plain(one) | {"step": one.step} for one in tuned.curve]
    write_json(
        command.out / "tuning.json",
        {
            "config": config,
            "environment": environment(command.precision),
            "parameters": {name: getattr(built, name).size for name in training.PARTS},
            "built": _plain(made),
            "start": _plain(tuned.start),
            "test": _plain(after),
            "curve": curve,
            "structure": {
                name: _number(value)
                for name, value in {
                    **asdict(kept),
                    "support_score": kept.support_score,
                    "circuits_score": kept.circuits_score,
                }.items()
            },
            "verdict": None
            if said is None
            else {
                "loss": said.loss,
                "structure": said.structure,
                "ratio": _number(said.ratio),
                "score": _number(said.score),
            },
        },
    )
    import matplotlib

    matplotlib.use("agg")
    from .plotting import save, tuning_figure

    title = f"{command.construction}, T = {command.n_circuits}, z = {command.n_active}, "
    title += f"{command.loss}, start: {command.start}"
    save(tuning_figure(tuned.curve, title, made["loss"]), command.out / "tuning.png")
    return 0


def _bar() -> Any:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    return _Reporting(bar)


class _Reporting:
    """A bar that shows steps and the held-out loss."""

    def __init__(self, bar: Progress):
        self.bar = bar

    def __enter__(self):
        self.bar.__enter__()
        task = self.bar.add_task("tuning", total=None)

        def report(now: Any, total: int) -> None:
            told = f"held-out loss {now['loss']:.3g}, steps"
            self.bar.update(task, completed=now.step, total=total, description=told)

        return report

    def __exit__(self, *what: Any) -> None:
        self.bar.__exit__(*what)


def _finite(value: float) -> float:
    """Return the value, or 0 for the unknown error of a single sample."""
    return value if np.isfinite(value) else 0.0


def _number(value: float) -> float | None:
    """Return what JSON can hold."""
    return float(value) if np.isfinite(value) else None


def _plain(one: Any) -> dict[str, Any]:
    rows = zip(one.names, one.mean, one.stderr, strict=True)
    return {name: {"value": _number(mean), "stderr": _number(error)} for name, mean, error in rows}


def _errors(built: Any, tuned: Any) -> Table:
    table = Table(title="held-out errors, last layer", title_justify="left")
    for name in ("metric", "built", "± s.e.", "start", "trained", "± s.e."):
        table.add_column(name, justify="left" if name == "metric" else "right")
    for name in built.names:
        cells = (built[name], built.stderr_of(name), tuned.start[name])
        cells += (tuned.test[name], tuned.test.stderr_of(name))
        table.add_row(name, *(f"{cell:.4g}" for cell in cells))
    return table


def _structure(kept: Any) -> Table:
    table = Table(title="structure of the weights", title_justify="left")
    for name in ("measure", "trained", "built", "unrelated", "score"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    table.add_row("distance |W-W0|/|W0|", f"{kept.distance:.4g}", "0", f"{2**0.5:.4g}", "")
    support = (kept.support, kept.support_built, kept.support_null, kept.support_score)
    table.add_row("energy on connected pairs", *(f"{value:.4g}" for value in support))
    null = f"{kept.circuits_null:.2g} ± {kept.circuits_null_spread:.2g}"
    found = f"{kept.circuits:.4g}", f"{kept.circuits_built:.4g}"
    table.add_row("circuits, cosine with w_t", *found, null, f"{kept.circuits_score:.4g}")
    return table
