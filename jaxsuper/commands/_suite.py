"""`jaxsuper export suite`: the fixed suite of networks, a folder for each, resumed where it stopped."""

from typing import Any

from rich.console import Console

from .._errors import check
from .._files import make_writable_folder
from ._terminal import (
    caught_signals,
    interrupted_status,
    number,
    plain_warnings,
    progress_bar,
    say,
    table,
)


def run_suite(command: Any, console: Console) -> int:
    """Export the networks of the suite that are not there yet, or say which there are.

    Args:
        command: the settings of `jaxsuper export`.
        console: where tables go.

    Returns:
        The exit status: 130 or 143 if interrupted, after the network that was being written.

    Raises:
        ValueError: for names that there are not, or without a folder.
    """
    from ..testbed import chosen, export_entry, finished
    from .export import draw

    entries = chosen(command.only)
    if command.list:
        _list(entries, console)
        return 0
    rule = "must be given with the suite, or `--list`"
    check(command.out is not None, "out", rule, "nothing")
    out = command.out
    make_writable_folder(out, "out")
    left = [entry for entry in entries if not finished(entry, out / entry.name)]
    if len(left) < len(entries):
        say(console, f"{len(entries) - len(left)} networks are there already")
    with caught_signals() as caught, plain_warnings(), progress_bar() as bar:
        for done, entry in enumerate(left):
            if caught:
                break
            bar(done, len(left), entry.name)
            export_entry(entry, out / entry.name, draw=draw)
            bar(done + 1, len(left), entry.name)
        else:
            say(console, f"{len(entries)} networks in {out}")
            return 0
    return interrupted_status(
        caught, "networks that were written are kept: the same command resumes"
    )


def _list(entries: Any, console: Console) -> None:
    """Print the networks of the suite."""
    columns = ("network", "D", "T", "z", "L", "T/T_c", "T_c", "ends by")
    made = table("the suite", columns, ("network", "ends by"))
    for entry in entries:
        one = entry.configuration()
        sizes = (one.network_width, one.n_circuits, one.n_active, one.n_layers)
        at = None if entry.critical is None else one.n_circuits / entry.critical
        cells = (*map(str, sizes), number(at, 3), number(entry.critical, 5), entry.ends_by)
        made.add_row(entry.name, *cells)
    console.print(made)
