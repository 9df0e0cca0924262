"""`jaxsuper export DIR`: a network whose circuits are known, as a folder that needs no jaxsuper."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from .._errors import check
from .._limits import check_index
from .._settings import Configuration
from ._choices import Choices
from ._terminal import number, plain_warnings, progress_bar, save_picture, say, table


SUITE = "suite"
_UNITS = ("MB", 1e6)


@dataclass(frozen=True)
class Command(Choices):
    """Write a network, its truth and samples to a folder, for methods that look for the circuits.

    The folder holds config.json, README.md (a card with errors, the naive baseline and ten lines that
    load it), model, truth and samples as safetensors, and hooked.py, the network as a module of PyTorch.
    `jaxsuper export suite` writes the fixed suite of such networks instead.

    Attributes:
        directory: the folder, made if it is not there; or the word suite.
        batch_size: samples that the card's errors are measured on, others than those exported.
        n_samples: samples to export.
        loads: z for which the card compares with the naive baseline.
        out: of suite: the folder that its networks' folders are made in.
        only: of suite: the networks to write, by the beginning of their names; all if left out.
        list: of suite: say which networks there are, and write none.
    """

    directory: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")] = ""
    n_samples: int = 1000
    loads: tuple[int, ...] = (1, 2, 3, 4)
    out: Path | None = None
    only: tuple[str, ...] = ()
    list: bool = False


def run(command: Command, console: Console) -> int:
    """Build the network, run it and write the folder.

    Args:
        command: the settings.
        console: where the summary goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input, before anything is written.
    """
    check(command.directory != "", "DIR", "must be given", "nothing", "jaxsuper export --help")
    check_index("n_samples", command.n_samples)
    check_index("batch_size", command.batch_size, 2)
    for load in command.loads:
        check_index("loads", load)
    if command.directory == SUITE:
        from ._suite import run_suite

        for field in fields(Command):
            own = field.name in ("directory", "out", "only", "list")
            given = getattr(command, field.name)
            rule = "must be left out for the suite, whose settings are fixed"
            check(own or given == field.default, field.name, rule, given)
        return run_suite(command, console)
    for name in ("out", "only", "list"):
        given = getattr(command, name)
        check(not given, name, "must be left out but for the suite", given)
    names = (field.name for field in fields(Configuration))
    settings = Configuration(**{name: getattr(command, name) for name in names})
    write(settings, Path(command.directory), command.n_samples, command.loads, console)
    return 0


def draw(config: Any, path: Path) -> None:
    """Draw the picture of a card."""
    from ..plotting import export_figure

    save_picture(path, lambda: export_figure(config))


def write(
    settings: Configuration,
    directory: Path,
    n_samples: int,
    loads: tuple[int, ...],
    console: Console,
) -> None:
    """Build and export one network, and say what it is.

    Raises:
        ValueError: for settings that do not fit together.
    """
    from ..simulation import prepare
    from ..testbed import export

    with plain_warnings(), progress_bar() as bar:
        network = prepare(settings)
        config = export(
            network,
            directory,
            n_active=settings.n_active,
            n_samples=n_samples,
            seed=settings.seed,
            settings=settings,
            loads=loads,
            measured=settings.batch_size,
            draw=draw,
            progress=bar,
        )
    shown = [name for name in config.readouts if name != "on"] or list(config.readouts)
    say(
        console,
        f"squared error of an active circuit after layer {config.n_layers}, z of them active:",
    )
    made = table("", ["z", "this network", "naive baseline"], [])
    for row in config.baseline:
        if row["readout"] in shown and row["layer"] == config.n_layers:
            made.add_row(str(row["n_active"]), number(row["active"]), number(row["naive"]))
    console.print(made)
    size = sum(file.stat().st_size for file in directory.iterdir() if file.is_file())
    where = config.position
    at = f"; T/T_c = {where['distance']:.3g} at z = {where['n_active']}" if where else ""
    unit, each = _UNITS
    say(
        console,
        f"{config.n_circuits} circuits in {config.n_neurons} neurons, {config.n_samples} samples, "
        f"{size / each:.3g} {unit} in {directory}{at}",
    )
