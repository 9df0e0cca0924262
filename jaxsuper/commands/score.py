"""`jaxsuper score`: how much of exported networks' circuits an answer has found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

import tyro
from rich.console import Console

from .._errors import check
from .._files import check_writable, make_writable_folder, written_whole
from .._limits import check_seed
from ._result import config_of, envelope, write
from ._terminal import number, progress_bar, table


if TYPE_CHECKING:
    from ..recovery import Scored


@dataclass(frozen=True)
class Command:
    """Score what a method found in exported networks, beside a random answer and the truth.

    Answers are safetensors files that hold any of: directions.K (C, D) after layer K, indicators.K (N, C)
    for the export's samples, components.K.u and .v (C, D) of the weights, and edges.G.H.sources and
    .targets (E,) between directions, or .reads and .writes (E, D). With several answers, one for each
    network, errors are standard errors over networks.

    Attributes:
        answers: files, one for each network.
        export: folders of `jaxsuper export`, in the same order.
        seed: of the random answers.
        layers: print every layer, not only the mean over them.
        json: write the scores to this file as well.
        out: folder for score.json and score.html, made if need be.
    """

    answers: Annotated[tuple[Path, ...], tyro.conf.Positional]
    export: tuple[Path, ...]
    seed: int = 0
    layers: bool = False
    json: Path | None = None
    out: Path | None = None


def run(command: Command, console: Console) -> None:
    """Read, score, print and write.

    Args:
        command: the settings.
        console: where the table goes.

    Raises:
        ValueError: for bad input, before anything is scored or written.
    """
    check_writable(command.json, "json")
    check_seed("seed", command.seed)
    check(len(command.answers) > 0, "answers", "must name at least one", "none")
    counts = f"{len(command.answers)} answers, {len(command.export)} networks"
    same = len(command.answers) == len(command.export)
    check(same, "export", "must name a network for each answer", counts)
    from .. import recovery
    from ..testbed import read_export

    if command.out is not None:
        outside = command.json is None or command.json.resolve() != command.out.resolve()
        check(outside, "json", "must be another file than `out`", command.json)
    exports = [read_export(folder) for folder in command.export]
    answers = [recovery.read_answer(path) for path in command.answers]
    for answer, export in zip(answers, exports, strict=True):
        recovery.check_fits(answer, export)
    if command.out is not None:
        make_writable_folder(command.out, "out")
    scores, steps = [], 3 * len(answers)
    with progress_bar() as bar:
        for index, (answer, export) in enumerate(zip(answers, exports, strict=True)):
            bar(3 * index, steps, "answers scored")
            report = lambda done, _, name, at=3 * index: bar(
                at + done, steps, f"scored, {name} next"
            )
            scores.append(recovery.score(answer, export, seed=command.seed, progress=report))
    scored = recovery.over_networks(scores)
    _print(command, scored, console)
    plain = _plain(command, scored)
    write(command.json, plain)
    if command.out is not None:
        from ..plotting import score_page

        write(command.out / "score.json", plain)
        with written_whole(command.out / "score.html") as partial:
            partial.write_text(score_page(scored, [str(path) for path in command.export]))


def _plain(command: Command, scored: "Scored") -> dict:
    import msgspec

    config = {
        name: [str(each) for each in value] if isinstance(value, tuple) else value
        for name, value in config_of(command).items()
    }
    found = msgspec.to_builtins(scored)
    return envelope(config, rows=found["rows"], scores=found["scores"])


def _print(command: Command, scored: "Scored", console: Console) -> None:
    """Print the means over layers, and the layers if wanted."""
    count = len(scored.scores)
    title = f"{count} network{'s' * (count != 1)}; {'all layers' if command.layers else 'means'}"
    columns = ("metric", "layer", "hops", "answer", "± s.e.", "random", "oracle")
    shown = table(title, columns, ("metric",))
    for row in scored.rows:
        if row.layer is not None and not command.layers:
            continue
        shown.add_row(
            row.metric,
            "mean" if row.layer is None else str(row.layer),
            str(row.hops or ""),
            *(number(value) for value in (row.value, row.stderr, row.random, row.oracle)),
        )
    console.print(shown)
