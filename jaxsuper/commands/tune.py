"""`jaxsuper tune`: gradient descent from a construction, and what is left of it.

Exit status: 0 done, 2 bad input, 130 after SIGINT and 143 after SIGTERM: with --out the steps up to
the next measurement were taken and kept, and the same command goes on from there, as after any end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from .._errors import check
from .._files import make_writable_folder, remove_abandoned
from .._limits import check_cost, check_index, check_single, Cost
from .._settings import IDENTITY
from ._choices import Choices, Family
from ._compiles import compiles_counted
from ._result import config_of, envelope, finite, write
from ._resuming import RESUMES
from ._terminal import (
    caught_signals,
    interrupted_status,
    number,
    progress_bar,
    save_picture,
    say,
    table,
)


if TYPE_CHECKING:
    from ..network import DenseNetwork
    from ..training import HeldOut, Outcome, Structure, Trained


# A multiplication and addition, at 100 GFlop/s.
_SECONDS_PER_PRODUCT = 2e-11


@dataclass(frozen=True)
class Command(Choices):
    """Train a hand-built network, all weights free, and say what is left of it.

    Prints held-out errors before and after, and how much of the structure is kept. With --out it
    writes tuning.json, tuning.png and a checkpoint there; the same command resumes, or goes no
    further if all steps are done. Trainable: clipped, plain, split, separate, carried.

    Attributes:
        batch_size: fresh samples in each step.
        loss: mse, l3 or l4, of the estimated vectors and indicators in the last layer.
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
    allocation: Family = "transversal"
    loss: Literal["mse", "l3", "l4"] = "mse"
    circuits_counted: Literal["active", "all"] = "active"
    indicator_weight: float = 1.0
    read: Literal["last", "all"] = "last"
    start: Literal["built", "random", "he"] = "built"
    trained: tuple[Literal["embedding", "weights", "biases", "readout"], ...] = (
        "embedding",
        "weights",
        "biases",
    )
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
        The exit status: 0, or 130 or 143 if interrupted.

    Raises:
        ValueError: for bad input, before anything is trained or written.
    """
    for name in ("network_width", "n_circuits", "n_layers", "batch_size", "held_out"):
        check_index(name, getattr(command, name))
    for name in ("learning_rate", "indicator_weight"):
        check_single(name, getattr(command, name))
    rule = f"must be {IDENTITY}: programs are not trained"
    check(command.edges == IDENTITY, "edges", rule, command.edges)
    from .. import training
    from ..circuits import layout_of
    from ..network import dense_network
    from ..simulation import check_active, check_settings, prepare, samples_key

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
    check_index("n_layers", command.n_layers, 2)
    check_index("n_circuits", command.n_circuits, 3)
    check_active(command.n_active, command.n_circuits)
    check_settings(command)
    _check_fits(command, len(layout_of(command.circuit).channels))
    network = prepare(command)
    built = dense_network(network, command.read)
    training.split(built, schedule.trained)
    key = samples_key(command)
    start = training.start_from(built, command.start, key=key, parts=schedule.trained)
    if command.out is not None:
        make_writable_folder(command.out, "out")
        remove_abandoned(command.out)
    checkpoint = None if command.out is None else command.out / "checkpoint.eqx"
    with _signals_kept(checkpoint) as caught, compiles_counted() as compiled, progress_bar() as bar:
        report = lambda now, total: bar(
            now.step, total, f"steps, held-out loss {number(now['loss'], 3)}"
        )
        try:
            trained = training.fine_tune(
                start,
                network.circuits,
                task,
                schedule,
                key=key,
                progress=report,
                checkpoint=checkpoint,
                stop=lambda: bool(caught),
            )
        except training.Stopped as stopped:
            return interrupted_status(caught, f"{stopped}; {RESUMES}")
    before = training.held_out(built, network.circuits, task, schedule, key=key)
    structure = training.structure_of(network, trained.network)
    outcome = training.judge_training(before, trained.test, structure)
    console.print(_errors(before, trained))
    console.print(_structure(structure))
    said = "diverged: lower the learning rate" if outcome is None else str(outcome)
    say(console, f"training {said}; {compiled}")
    if command.out is None:
        return 0
    content = _content(command, built, before, trained, structure, outcome)
    write(command.out / "tuning.json", content)

    def figure():
        from ..plotting import tuning_figure

        title = f"{command.construction}, T = {command.n_circuits}, z = {command.n_active}, "
        title += f"{command.loss}, start: {command.start}"
        return tuning_figure(trained.curve, title, before["loss"])

    save_picture(command.out / "tuning.png", figure)
    return 0


@contextmanager
def _signals_kept(checkpoint: Path | None) -> Iterator[list[int]]:
    """Collect signals where there is a checkpoint to come; else they interrupt at once."""
    if checkpoint is None:
        yield []
        return
    try:
        with caught_signals() as caught:
            yield caught
    except KeyboardInterrupt as interrupt:
        if checkpoint.exists():
            interrupt.add_note(RESUMES)
        raise


# Copies of the weights at the peak: construction, start, and of what is trained the best so far,
# the current values, their gradient, two moments of Adam and one in the making.
_COPIES = 8
# Numbers measured of each held-out sample, in double precision and once more while joined.
_MEASURED_BYTES = 16 * 16


def _check_fits(command: Command, n_channels: int) -> None:
    """Raise a `ValueError` if matrices, batches or measurements need more memory than there is."""
    read = command.n_layers if command.read == "all" else 1

    def cost(
        network_width: int, n_circuits: int, n_layers: int, batch_size: int, held_out: int
    ) -> Cost:
        ends = (4 + read * n_channels) * n_circuits * network_width
        weights = (n_layers - 1) * network_width**2 + ends
        # Forward and back through every layer, and the estimates of all circuits that are read.
        sample = 2 * n_layers * network_width + 4 * read * n_channels * n_circuits
        passes = 6 * batch_size * (weights * command.steps) + 2 * held_out * weights
        return Cost(
            4 * (_COPIES * weights + batch_size * sample) + _MEASURED_BYTES * held_out,
            passes * _SECONDS_PER_PRODUCT,
        )

    names = ("network_width", "n_circuits", "n_layers", "batch_size", "held_out")
    least = {"n_layers": 2, "n_circuits": 3, "network_width": 4}
    check_cost(cost, {name: getattr(command, name) for name in names}, least=least)


def _content(
    command: Command,
    built: "DenseNetwork",
    before: "HeldOut",
    trained: "Trained",
    structure: "Structure",
    outcome: "Outcome | None",
) -> dict[str, Any]:
    """Return the result as it stands in the file."""
    from ..training import PARTS

    scores = {name: getattr(structure, name) for name in ("support_score", "circuits_score")}
    return envelope(
        config_of(command),
        command.precision,
        parameters={name: getattr(built, name).size for name in PARTS},
        built=_plain(before),
        start=_plain(trained.start),
        test=_plain(trained.test),
        curve=[_plain(measured) | {"step": measured.step} for measured in trained.curve],
        structure={name: finite(value) for name, value in (asdict(structure) | scores).items()},
        verdict=outcome
        and asdict(outcome) | {"ratio": finite(outcome.ratio), "score": finite(outcome.score)},
    )


def _plain(measured: "HeldOut") -> dict[str, Any]:
    rows = zip(measured.names, measured.mean, measured.stderr, strict=True)
    return {name: {"value": finite(mean), "stderr": finite(error)} for name, mean, error in rows}


def _errors(before: "HeldOut", trained: "Trained") -> Table:
    columns = ("metric", "built", "± s.e.", "start", "trained", "± s.e.")
    shown = table("held-out errors, last layer", columns, left=("metric",))
    for name in before.names:
        cells = (before[name], before.stderr_of(name), trained.start[name])
        cells += (trained.test[name], trained.test.stderr_of(name))
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
