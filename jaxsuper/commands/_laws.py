"""What the laws of `jaxsuper scaling` that are measured through a store have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TYPE_CHECKING, TypeVar

from rich.console import Console

from .._errors import check
from .._files import check_writable
from .._limits import check_index, check_seed
from ._result import config_of, envelope, write
from ._terminal import (
    caught_signals,
    check_picture,
    interrupted_status,
    plain_warnings,
    progress_bar,
    save_picture,
)


if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..sweep import Progress

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Law:
    """Settings of every law.

    Attributes:
        out: folder of the results store: the same command resumes, more widths add to it.
        network_width: D, several.
        n_active: z, circuits active in a sample.
        n_layers: L.
        networks: independent ones for each T; intervals are a bootstrap over them.
        samples: of each network.
        seed: of everything random.
        json: write settings, environment, timing and rows to this file.
        plot: draw the law, with theory, into this file (png, pdf, svg).
    """

    out: Path
    network_width: tuple[int, ...] = (800, 1600, 3200)
    n_active: int = 1
    n_layers: int = 5
    networks: int = 8
    samples: int = 128
    seed: int = 0
    json: Path | None = None
    plot: Path | None = None


def run_law(
    command: Law,
    console: Console,
    measure: Callable[..., _Found],
    show: Callable[[_Found, Console], dict[str, Any]],
    figure_of: Callable[[_Found], "Figure"],
) -> int:
    """Measure a law, print, write and draw it.

    Args:
        command: the settings.
        console: where tables go.
        measure: called with widths, store and the settings by name.
        show: prints what was found, and returns what the file holds of it.
        figure_of: draws it.

    Returns:
        The exit status: 130 or 143 if interrupted, with what was measured until then.

    Raises:
        ValueError: for bad input.
    """
    check_writable(command.json, "json")
    check_picture(command.plot, "plot")
    for name in ("n_active", "n_layers", "networks", "samples"):
        check_index(name, getattr(command, name))
    check(command.n_layers >= 2, "n_layers", "must be at least 2", command.n_layers)
    check(command.networks >= 2, "networks", "must be at least 2 for an interval", command.networks)
    for width in command.network_width:
        check_index("network_width", width)
    check_seed("seed", command.seed)
    from .. import sweep

    sweep.use_all_cores()
    started = perf_counter()
    with caught_signals() as caught, plain_warnings(), progress_bar() as bar:

        def report(progress: "Progress", what: str = "networks") -> None:
            bar(progress.done, progress.total, what)

        found = measure(
            sorted(set(command.network_width)),
            command.out,
            n_active=command.n_active,
            n_layers=command.n_layers,
            networks=command.networks,
            samples=command.samples,
            seed=command.seed,
            progress=report,
            stop=lambda: bool(caught),
        )
    seconds = perf_counter() - started
    content = show(found, console)
    timing, interrupted = {"run": seconds}, bool(caught)
    write(
        command.json,
        envelope(config_of(command), timing=timing, interrupted=interrupted, **content),
    )
    if content["rows"]:
        save_picture(command.plot, lambda: figure_of(found))
    return interrupted_status(caught, "what was measured is in the store: the same command resumes")
