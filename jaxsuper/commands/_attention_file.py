"""`jaxsuper attention FILE`: how far the heads of a model look back, from patterns in a file."""

from pathlib import Path
from time import perf_counter
from typing import Any, TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE
from rich.console import Console

from ._result import config_of, envelope, finite, write
from ._terminal import number, progress_bar, save_picture, say, table


if TYPE_CHECKING:
    from ..attention import Distances
    from .attention import Command

_SHOWN = ("mean", "median", "q90")
_NARROW: Any = {"box": SIMPLE, "padding": (0, 0, 0, 1)}


def run_file(command: "Command", file: Path, console: Console) -> None:
    """Read, print, write and draw.

    Args:
        command: the settings.
        file: of patterns.
        console: where the tables go.

    Raises:
        ValueError: for bad input.
    """
    from ..attention import distances_of, open_patterns, Rule

    left_out = set(command.leave_out)
    rule = Rule(
        first="first" in left_out,
        tokens=tuple(command.delimiters),
        found="sinks" in left_out,
        uniform="uniform" in left_out,
        by_query=command.by_query,
        threshold=command.sink_threshold,
        share=command.sink_share,
    )
    started = perf_counter()
    patterns = open_patterns(file)
    with progress_bar() as bar:
        found = distances_of(
            patterns,
            rule,
            command.least_context,
            weighted=command.value_norms,
            progress=lambda done, total: bar(done, total, "layers of sequences"),
        )
    seconds = perf_counter() - started
    S, L, H, T = patterns.shape
    say(console, f"{file}: {S} sequences, {L} layers of {H} heads, {T} positions")
    say(console, _counted(found))
    console.print(_layers(found))
    if command.heads:
        console.print(_heads(found))
    _say_sinks(found, S, console)
    content = envelope(
        config_of(command) | {"file": str(file)},
        timing={"run": seconds},
        least_context=found.least_context,
        reference=found.reference,
        rows=rows_of(found),
        sinks=_sinks(found),
    )
    write(command.json, content)

    def figure():
        from ..plotting import distances_figure

        return distances_figure(found, file.name)

    save_picture(command.plot, figure)


def rows_of(found: "Distances") -> list[dict[str, Any]]:
    """Return statistics as they stand in a file, of heads and, with head None, of layers."""
    rows: list[dict[str, Any]] = []
    for layers in (True, False):
        names = found.by_layer if layers else found.values
        tables = {name: (found.mean(name, layers), found.stderr(name, layers)) for name in names}
        shape = (len(found.distribution), 1 if layers else found.distribution.shape[1])
        for layer, head in np.ndindex(*shape):
            place = layer if layers else (layer, head)
            row: dict[str, Any] = {"layer": layer, "head": None if layers else head}
            for name, (mean, stderr) in tables.items():
                row[name] = finite(mean[place])
                row[f"{name} stderr"] = finite(stderr[place])
            rows.append(row)
    return rows


def _counted(found: "Distances") -> str:
    rule = found.rule
    parts = [name for name, given in (("the first position", rule.first), ("sinks", rule.found),
             (f"tokens {', '.join(map(str, rule.tokens))}", bool(rule.tokens)),
             ("what uniform attention has, too", rule.uniform)) if given]  # fmt: skip
    text = f"queries with at least {found.least_context} tokens before them; left out: "
    text += ", ".join(parts) or "nothing"
    if rule.by_query:
        text += "; what is left of each query brought to one"
    return text + ("; mass weighted by the lengths of values" if found.weighted else "")


def _beyond(found: "Distances") -> list[str]:
    names = [name for name in found.values if name.startswith("beyond ")]
    return [name for name in names if name in ("beyond 5", "beyond 20", "beyond 100")]


def _cells(found: "Distances", place: Any, layers: bool) -> list[str]:
    """Return the columns of a row: value and standard error, where there are several sequences."""
    cells = []
    for name in (*_SHOWN, *_beyond(found), "left", "found", "uniform"):
        mean, stderr = found.mean(name, layers)[place], found.stderr(name, layers)[place]
        error = f"±{number(float(stderr), 1)}" if np.isfinite(stderr) else ""
        cells.append(f"{number(float(mean), 3)}{error}" if np.isfinite(mean) else "none left")
    return cells


def _columns(found: "Distances") -> tuple[str, ...]:
    return (*_SHOWN, *_beyond(found), "left", "in sinks", "uniform")


def _layers(found: "Distances") -> Any:
    title = "distance in tokens by layer, of all heads' mass ± standard error over sequences"
    shown = table(title, ("layer", *_columns(found)), (), **_NARROW)
    for layer in range(len(found.distribution)):
        shown.add_row(str(layer), *_cells(found, layer, True))
    named = [name for name in (*_SHOWN, *_beyond(found))]
    cells = (number(found.reference[name], 3) for name in named)
    shown.add_row("uniform", *cells, "", "", "")
    return shown


def _heads(found: "Distances") -> Any:
    shown = table(
        "distance in tokens by head",
        ("layer", "head", *_columns(found)),
        (),
        box=SIMPLE,
        padding=(0, 0, 0, 1),
    )
    for layer, head in np.ndindex(*found.distribution.shape[:2]):
        shown.add_row(str(layer), str(head), *_cells(found, (layer, head), False))
    return shown


def _sinks(found: "Distances") -> list[dict[str, Any]]:
    """Return the positions that are sinks, those of most heads first."""
    heads = (found.sinks > 0).sum((0, 1))
    order = np.argsort(-heads, kind="stable")
    return [
        {
            "position": int(place),
            "heads": int(heads[place]),
            "head_sequences": int(found.sinks[:, :, place].sum()),
        }
        for place in order
        if heads[place]
    ]


def _say_sinks(found: "Distances", n_sequences: int, console: Console) -> None:
    sinks, all_heads = _sinks(found), found.sinks.shape[0] * found.sinks.shape[1]
    rule = found.rule
    what = f"positions that {100 * rule.share:g} % of later queries put {rule.threshold:g} on"
    if not sinks:
        say(console, f"no sinks ({what})")
        return
    first = ", ".join(f"{one['position']} ({one['heads']} heads)" for one in sinks[:8])
    more = f" and {len(sinks) - 8} more" if len(sinks) > 8 else ""
    text = f"sinks ({what}) in some of {n_sequences} sequences and {all_heads} heads"
    say(console, f"{text}: position {first}{more}")
