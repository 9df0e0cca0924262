"""`jaxsuper attention` without a file: what tells arrangements of known ranges apart."""

from time import perf_counter
from typing import Any, TYPE_CHECKING

from rich.console import Console

from ._result import config_of, envelope, finite, write
from ._resuming import resumable
from ._terminal import number, progress_bar, save_picture, say, table


if TYPE_CHECKING:
    from ..attention import Comparison
    from .attention import Command


def run_networks(command: "Command", console: Console) -> None:
    """Measure networks of each arrangement, without and with layers that amplify in place.

    Args:
        command: the settings.
        console: where the tables go.

    Raises:
        ValueError: for bad input.
    """
    from ..attention import amplified, ARRANGEMENTS, compare, Design

    design = Design(
        n_layers=command.layers,
        n_positions=command.positions,
        longest=min(60.0, command.positions / 2),
        order=command.order,
        temperature=command.temperature,
    )
    kinds = {"as built": design}
    if command.in_place:
        named = f"with {command.in_place} layers in place behind"
        kinds[named] = amplified(design, command.in_place, command.amplification)
    started, found = perf_counter(), {}
    total = len(kinds) * len(ARRANGEMENTS) * command.networks
    with resumable(command.json, "json") as kept, progress_bar() as bar:
        for place, (name, one) in enumerate(kinds.items()):
            before = place * total // len(kinds)
            found[name] = compare(
                one,
                command.networks,
                command.sequences,
                command.windows,
                seed=command.seed,
                once=kept.once,
                progress=lambda done, _, before=before: bar(before + done, total, "networks"),
            )
            _show(found[name], name, console)
        content = envelope(
            config_of(command),
            timing={"run": perf_counter() - started},
            rows=[row for name, one in found.items() for row in rows_of(one, name)],
        )
        write(command.json, content)

        def figure():
            from ..plotting import arrangements_figure

            return arrangements_figure(found)

        save_picture(command.plot, figure)
        kept.finish()


def rows_of(comparison: "Comparison", kind: str) -> list[dict[str, Any]]:
    """Return areas, correlations and lines as they stand in a file."""
    from ..attention import ARRANGEMENTS, PAIRS

    rows: list[dict[str, Any]] = []
    for name in _measurements(comparison):
        for pair in PAIRS:
            area = comparison.area(name, pair)
            row = {"kind": kind, "measurement": name, "pair": list(pair)}
            rows.append(row | {"area": area.value, "low": area.low, "high": area.high})
    for name in ARRANGEMENTS:
        mean, stderr = comparison.correlation(name)
        (similarity, similarity_stderr), (drops, drops_stderr) = (
            comparison.similarity(name),
            comparison.drops(name),
        )
        means, means_stderr = comparison.distances(name)
        row = {
            "kind": kind,
            "arrangement": name,
            "distances": [finite(each) for each in means],
            "distances_stderr": [finite(each) for each in means_stderr],
            "correlation": finite(mean),
            "correlation_stderr": finite(stderr),
            "verdicts": _verdicts(comparison, name),
            "windows": list(comparison.windows),
            "similarity": similarity.tolist(),
            "similarity_stderr": similarity_stderr.tolist(),
            "drops": drops.tolist(),
            "drops_stderr": drops_stderr.tolist(),
        }
        rows.append(row)
    return rows


def _measurements(comparison: "Comparison") -> list[str]:
    return list(next(iter(comparison.found.values()))[0].values)


def _verdicts(comparison: "Comparison", arrangement: str) -> dict[str, int]:
    verdicts = [one.verdict for one in comparison.found[arrangement]]
    return {name: verdicts.count(name) for name in ("same", "different", "undecided")}


def _show(comparison: "Comparison", kind: str, console: Console) -> None:
    from ..attention import ARRANGEMENTS, PAIRS

    design = comparison.design
    title = f"area under the curve [95 %], networks {kind}: {design.n_layers} layers of "
    title += f"{design.n_heads} heads and {design.n_sinks} sink, order {design.order:g}"
    pairs = [f"{first} - {second}" for first, second in PAIRS]
    shown = table(title, ("measurement", *pairs), ("measurement",))
    for name in _measurements(comparison):
        areas = (comparison.area(name, pair) for pair in PAIRS)
        shown.add_row(name, *(f"{one.value:.3f} [{one.low:.2f}, {one.high:.2f}]" for one in areas))
    console.print(shown)
    layers = [str(layer + 1) for layer in range(design.n_layers)]
    title = "mean distance by layer, sinks left out, ± standard error over networks"
    shown = table(title, ("arrangement", *layers), ("arrangement",))
    for name in ARRANGEMENTS:
        cells = zip(*comparison.distances(name), strict=True)
        shown.add_row(name, *(f"{number(mean, 3)}±{number(error, 1)}" for mean, error in cells))
    console.print(shown)
    title = "losses of the lines of 5 and 10 tokens over layers"
    columns = ("arrangement", "correlation", "same layers", "different", "undecided")
    shown = table(title, columns, ("arrangement",))
    for name in ARRANGEMENTS:
        mean, stderr = comparison.correlation(name)
        counts = _verdicts(comparison, name)
        cells = [str(count) for count in counts.values()] if any(counts.values()) else [""] * 3
        shown.add_row(name, f"{number(mean, 3)} ± {number(stderr, 2)}", *cells)
    console.print(shown)
    if not any(any(_verdicts(comparison, name).values()) for name in ARRANGEMENTS):
        layers = design.n_layers + design.in_place
        say(console, f"the test needs at least {layers + 2} sequences of each network")
