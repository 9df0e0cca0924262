"""`jaxsuper figures`: pictures of a results store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from .._errors import check
from .._files import make_writable_folder
from ._terminal import plain_warnings, progress_bar, save_picture, say


@dataclass(frozen=True)
class Command:
    """Draw a sweep: the published figures 5-11, or any metric against any setting.

    Attributes:
        stores: directories of results stores, taken together.
        out: directory for the pictures, made if need be.
        x: a setting, layer or density; with y, draws this instead of the published figures.
        y: a metric.
        hue: a setting, a colour for each of its values.
        layer: which layer, by default the last.
        where: conditions on what is drawn, e.g. "n_active == 2"; as the filters of a grid.
        state_evolution: draw that prediction too; it takes about a second for each shape and z.
        format: of the pictures.
    """

    stores: Annotated[tuple[Path, ...], tyro.conf.Positional]
    out: Path = Path(".")
    x: str | None = None
    y: str | None = None
    hue: str | None = None
    layer: int | None = None
    where: tuple[str, ...] = ()
    state_evolution: bool = True
    format: Literal["png", "pdf", "svg"] = "png"


def run(command: Command, console: Console) -> None:
    """Predict and draw.

    Args:
        command: the settings.
        console: where the names of the files go.

    Raises:
        ValueError: for bad input, before anything is written.
    """
    check(len(command.stores) > 0, "stores", "must name at least one", "none")
    both = (command.x is None) == (command.y is None)
    check(both, "x", "must be given together with `y`", command.x or command.y)
    for store in command.stores:
        check(store.is_dir(), "stores", "must be folders that `jaxsuper sweep` wrote", store)
    check(not command.out.exists() or command.out.is_dir(), "out", "must be a folder", command.out)
    from ..analytics import with_predictions
    from ..plotting import published_figures, sweep_figure, sweep_name
    from ..sweep import read_store, select

    with plain_warnings():
        try:
            stored = read_store(command.stores)
        except ValueError as error:
            named = ", ".join(map(str, command.stores))
            raise ValueError(f"`stores` cannot be read, {named}: {error}") from None
    check(len(stored) > 0, "stores", "must hold rows", "none that can be read")
    rows = select(stored, command.where)
    if command.x is None or command.y is None:
        draw = published_figures
    else:
        axes = (command.x, command.y, command.hue, command.layer)
        name = sweep_name(command.x, command.y, command.hue, command.layer, command.where)
        draw = lambda drawn: {name: sweep_figure(drawn, *axes)}
    # First without predictions, which take long, to see whether there is anything to draw.
    draw(rows)
    if command.y is not None:
        rows = rows.filter(metric=command.y)
    with progress_bar() as bar:
        report = lambda done, total: bar(done, total, "predictions")
        figures = draw(with_predictions(rows, command.state_evolution, report))
    make_writable_folder(command.out, "out")
    for name, figure in figures.items():
        path = command.out / f"{name}.{command.format}"
        save_picture(path, lambda figure=figure: figure)
        say(console, str(path))
