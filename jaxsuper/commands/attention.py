"""`jaxsuper attention`: how far attention looks back, of a model or of known ranges."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from .._errors import check
from .._limits import check_index, check_number, check_positive, check_seed
from ._result import check_outputs


LeftOut = Literal["nothing", "sinks", "first", "uniform"]


@dataclass(frozen=True)
class Command:
    """Measure how far attention looks back: of a model's patterns, or of networks of known ranges.

    With FILE, .npz or .safetensors by any framework: distances of the patterns in it, by layer and
    head, with standard errors over sequences. The patterns are an array `attention` [sequence, layer,
    head, query, key], or `attention.0`, `attention.1`, ... [sequence, head, query, key] by layer;
    beside them there may be `tokens`, `value_norms` [sequence, layer, head, key] and `lengths`.

    Without, networks whose ranges are built in: how well distances, and the similarity of residual
    streams with full and with cut context, tell apart whether heads stand in the order of their
    ranges (specialised), against it (reversed), or mixed in every layer (unspecialised).

    Attributes:
        file: attention patterns of a model; left out, networks of known ranges are compared.
        leave_out: what the distances are told without: the sinks of each head, the first position, what
            uniform attention would have, too; or nothing.
        delimiters: token ids whose positions are left out as well; the file must hold tokens.
        by_query: bring what is left of each query to one, instead of counting all mass alike.
        value_norms: weight a key by the length of its value; the file must hold value_norms.
        least_context: count only queries with so many tokens before them; a quarter of the positions
            if left out.
        sink_threshold: a query is held by a position that it puts more attention on than this.
        sink_share: a position that holds at least this share of its later queries is a sink.
        heads: print a table of all heads, too.
        networks: how many are built of each arrangement.
        sequences: how many each network is measured on.
        positions: how many tokens a sequence has.
        layers: how many layers of a network attend.
        windows: lengths of the cut context, 5 and 10 among them.
        order: how strictly ranges follow the layers: 1 sorts them, 0 leaves them to chance.
        temperature: that of the softmax, against targets that score 1.
        in_place: a second comparison has so many layers behind that attend to nothing and amplify.
        amplification: how much these add to a stream, 1 as much as it has.
        seed: what all that is random follows from.
        json: write settings, environment, timing and rows to this file; a comparison that ended resumes.
        plot: draw into this file (png, pdf, svg).
    """

    file: Annotated[Path | None, tyro.conf.Positional] = None
    leave_out: tuple[LeftOut, ...] = ("sinks",)
    delimiters: tuple[int, ...] = ()
    by_query: bool = False
    value_norms: bool = False
    least_context: int | None = None
    sink_threshold: float = 0.1
    sink_share: float = 0.5
    heads: bool = False
    networks: int = 20
    sequences: int = 12
    positions: int = 128
    layers: int = 6
    windows: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    order: float = 0.5
    temperature: float = 0.1
    in_place: int = 3
    amplification: float = 1.0
    seed: int = 0
    json: Path | None = None
    plot: Path | None = None


def run(command: Command, console: Console) -> None:
    """Analyse a file, or compare networks; print, write and draw.

    Args:
        command: the settings.
        console: where the tables go.

    Raises:
        ValueError: for bad input.
    """
    check_outputs(command.json, command.plot)
    _check(command)
    if command.file is not None:
        from ._attention_file import run_file

        run_file(command, command.file, console)
        return
    from ._attention_networks import run_networks

    run_networks(command, console)


def _check(command: Command) -> None:
    """Raise a `ValueError` for a setting that can be nothing, whether it is of use here or not."""
    check_seed("seed", command.seed)
    check_index("networks", command.networks, 2)
    for name in ("sequences", "layers"):
        check_index(name, getattr(command, name))
    check_index("positions", command.positions, 16)
    check_index("in_place", command.in_place, 0)
    check_positive("temperature", command.temperature)
    for name, most in (("order", 1.0), ("amplification", 1e3)):
        value = getattr(command, name)
        check_number(name, value)
        check(0 <= value <= most, name, f"must lie in 0..{most:g}", value)
    for name in ("sink_threshold", "sink_share"):
        value = getattr(command, name)
        check(0 < value <= 1, name, "must lie above 0 and be at most 1", value)
    if command.least_context is not None:
        check_index("least_context", command.least_context)
    for token in command.delimiters:
        check_index("delimiters", token, 0)
    out = set(command.leave_out)
    check(len(out) > 0, "leave_out", "must name at least one; nothing is one", "none")
    alone = "nothing" not in out or len(out) == 1
    check(alone, "leave_out", "must be nothing alone, or what is left out", command.leave_out)
    windows = command.windows
    for window in windows:
        check_index("windows", window)
    check(len({*windows}) == len(windows), "windows", "must differ", windows)
    both = {5, 10} <= {*windows}
    check(both, "windows", "must hold 5 and 10, whose lines are compared", windows)
    most = command.positions // 2
    check(max(windows) <= most, "windows", f"must be at most {most}, half of `positions`", windows)
