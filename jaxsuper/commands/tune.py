"""`jaxsuper tune`: gradient descent from a construction, and what is left of it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from .._errors import check
from .._files import make_writable_folder
from .._settings import Configuration
from ._result import config_of, envelope, finite, write
from ._terminal import complain, number, progress_bar, save_picture, say, table


if TYPE_CHECKING:
    from ..training import HeldOut, Structure, TrainableNetwork, Tuned, Verdict


@dataclass(frozen=True)
class Command(Configuration):
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


def run(command: Command, console: Console) -> int:
    """Train, print, write and draw.

    Args:
        command: the settings.
        console: where the tables go.

    Returns:
        The exit status: 0, or 130 if interrupted after the first checkpoint.

    Raises:
        ValueError: for bad input, before anything is trained or written.
    """
    check(command.network >= 0, "network", "must be at least 0", command.network)
    from .. import training
    from ..simulation import check_active, prepare, samples_key

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
    start = training.start_from(built, command.start, key=key, parts=schedule.trained)
    if command.out is not None:
        make_writable_folder(command.out, "out")
    checkpoint = None if command.out is None else command.out / "checkpoint.eqx"
    try:
        with progress_bar() as bar:
            report = lambda now, total: bar(
                now.step, total, f"steps, held-out loss {number(now['loss'], 3)}"
            )
            tuned = training.fine_tune(
                start, circuits, task, schedule, key=key, progress=report, checkpoint=checkpoint
            )
    except KeyboardInterrupt:
        if checkpoint is None or not checkpoint.exists():
            raise
        complain("interrupted; the same command resumes")
        return 130
    before = training.held_out(built, circuits, task, schedule, key=key)
    structure = training.structure(network, tuned.network)
    verdict = training.judge(before, tuned.test, structure)
    console.print(_errors(before, tuned))
    console.print(_structure(structure))
    said = "diverged: lower the learning rate" if verdict is None else str(verdict)
    say(console, f"training {said}")
    if command.out is None:
        return 0
    content = _content(command, built, before, tuned, structure, verdict)
    write(command.out / "tuning.json", content)

    def figure():
        from ..plotting import tuning_figure

        title = f"{command.construction}, T = {command.n_circuits}, z = {command.n_active}, "
        title += f"{command.loss}, start: {command.start}"
        return tuning_figure(tuned.curve, title, before["loss"])

    save_picture(command.out / "tuning.png", figure)
    return 0


def _content(
    command: Command,
    built: "TrainableNetwork",
    before: "HeldOut",
    tuned: "Tuned",
    structure: "Structure",
    verdict: "Verdict | None",
) -> dict[str, Any]:
    """Return the result as it stands in the file."""
    from ..training import PARTS

    scores = {name: getattr(structure, name) for name in ("support_score", "circuits_score")}
    return envelope(
        config_of(command),
        command.precision,
        parameters={name: getattr(built, name).size for name in PARTS},
        built=_plain(before),
        start=_plain(tuned.start),
        test=_plain(tuned.test),
        curve=[_plain(measured) | {"step": measured.step} for measured in tuned.curve],
        structure={name: finite(value) for name, value in (asdict(structure) | scores).items()},
        verdict=verdict
        and asdict(verdict) | {"ratio": finite(verdict.ratio), "score": finite(verdict.score)},
    )


def _plain(measured: "HeldOut") -> dict[str, Any]:
    rows = zip(measured.names, measured.mean, measured.stderr, strict=True)
    return {name: {"value": finite(mean), "stderr": finite(error)} for name, mean, error in rows}


def _errors(before: "HeldOut", tuned: "Tuned") -> Table:
    columns = ("metric", "built", "± s.e.", "start", "trained", "± s.e.")
    shown = table("held-out errors, last layer", columns, left=("metric",))
    for name in before.names:
        cells = (before[name], before.stderr_of(name), tuned.start[name])
        cells += (tuned.test[name], tuned.test.stderr_of(name))
        shown.add_row(name, *map(number, cells))
    return shown


def _structure(kept: "Structure") -> Table:
    columns = ("measure", "trained", "built", "unrelated", "score")
    shown = table("structure of the weights", columns, left=("measure",))
    shown.add_row("distance |W-W0|/|W0|", number(kept.distance), "0", number(2**0.5), "")
    support = (kept.support, kept.support_built, kept.support_null, kept.support_score)
    shown.add_row("energy on connected pairs", *map(number, support))
    null = f"{number(kept.circuits_null, 2)} ± {number(kept.circuits_null_spread, 2)}"
    cosines = number(kept.circuits), number(kept.circuits_built)
    shown.add_row("circuits, cosine with w_t", *cosines, null, number(kept.circuits_score))
    return shown
