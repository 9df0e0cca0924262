"""Programs: the graph of one sample, and how often programs end in the right circuits."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..programs import Edges
from ..simulation import ProgramSample
from ._style import color_of, key_of, legend_below, style, subplots


# More rows than these cannot be told apart.
_MOST_ROWS = 60
_MEANT, _WRONG = 0, 1
# What designs are called that need not compute which circuits are on.
_TOLD = "told at the input"


def program_figure(
    edges: Edges,
    sample: ProgramSample,
    names: Mapping[int, str] | None = None,
    threshold: float = 0.5,
) -> Figure:
    """Draw which circuits were meant to be on in each layer, which were, and what feeds what.

    Args:
        edges: of the network.
        sample: of `simulation.program_sample`.
        names: of circuits, where a number says little.
        threshold: of the indicator above which a circuit is on.

    Returns:
        The figure, with a row for each circuit that is meant to be on in some layer: rings are
        meant to be on, full marks are, crosses should not be. Below them stands how many other
        circuits are on by mistake. Lines are edges between the rows, dark where source and target
        are meant to be on, light where a source that is meant to be on, or is, might have fed
        another; dashed lines do not open.
    """
    with style():
        on = sample.on(threshold)
        rows = _rows(sample.meant)
        others = [
            len(set(found) - set(rows) - set(wanted))
            for found, wanted in zip(on, sample.meant, strict=True)
        ]
        labels = [(names or {}).get(t, str(t)) for t in rows] + ["others"] * any(others)
        figure, ax = subplots(figsize=(1.8 + 0.9 * len(on), max(1.6 + 0.22 * len(labels), 2.4)))
        _draw_edges(ax, edges, sample.meant, on, rows)
        _draw_circuits(ax, sample.meant, on, rows)
        for layer, count in enumerate(others, start=1):
            if any(others):
                color = color_of(_WRONG) if count else "0.6"
                ax.text(layer, len(rows), str(count), color=color, ha="center", va="center")
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.set_xlim(0.7, len(on) + 0.3)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(xlabel="layer", ylabel="circuit")
        ax.grid(False)
        hidden = len({circuit for layer in sample.meant for circuit in layer} - set(rows))
        if hidden:
            ax.set_title(f"{hidden} more that are meant to be on are not shown")
        legend_below(
            figure,
            {
                "meant to be on": key_of(ax, "o", mec=color_of(_MEANT), ms=9),
                "is on": key_of(ax, "o", color=color_of(_MEANT), mfc=color_of(_MEANT), ms=5),
                "on by mistake": key_of(ax, "x", color=color_of(_WRONG), mec=color_of(_WRONG)),
                "opens": key_of(ax, "-"),
                "does not open": key_of(ax, "--"),
            },
        )
    return figure


def _rows(meant: list[list[int]]) -> dict[int, int]:
    """Return circuit -> row of those that are meant to be on, in order of appearance."""
    order = dict.fromkeys(circuit for layer in meant for circuit in layer)
    shown = [circuit for place, circuit in enumerate(order) if place < _MOST_ROWS]
    return {circuit: row for row, circuit in enumerate(shown)}


def _draw_edges(
    ax: Axes, edges: Edges, meant: list[list[int]], on: list[list[int]], rows: dict[int, int]
) -> None:
    for layer in range(1, len(meant)):
        here, there = set(meant[layer - 1]), set(meant[layer])
        feeding = here | set(on[layer - 1])
        opening = set(edges.pairs(layer, opening=True))
        for source, target in edges.pairs(layer):
            if source not in rows or target not in rows or source not in feeding:
                continue
            taken = source in here and target in there
            ax.plot(
                [layer, layer + 1],
                [rows[source], rows[target]],
                "-" if (source, target) in opening else "--",
                color="0.25" if taken else "0.85",
                linewidth=1.2 if taken else 0.6,
                zorder=1 if taken else 0,
            )


def _draw_circuits(
    ax: Axes, meant: list[list[int]], on: list[list[int]], rows: dict[int, int]
) -> None:
    for layer, (wanted, found) in enumerate(zip(meant, on, strict=True), start=1):
        for circuit in wanted:
            if circuit in rows:
                ax.plot(layer, rows[circuit], "o", mfc="white", mec=color_of(_MEANT), ms=9)
        for circuit in set(found) & rows.keys():
            right = circuit in wanted
            mark, color = ("o", color_of(_MEANT)) if right else ("x", color_of(_WRONG))
            ax.plot(layer, rows[circuit], mark, color=color, ms=5, zorder=3)


def accuracy_figure(result: Mapping[str, Any]) -> Figure:
    """Draw how often an automaton is in the right state, by symbols read, for T circuits.

    Args:
        result: of `benchmarks.record_programs`: `runs` of design, n_circuits, chosen and stderr by
            depth, and `chance`.

    Returns:
        The figure, a panel for each design; error bars are twice the standard error over networks.
    """
    designs = list(dict.fromkeys(run["design"] for run in result["runs"]))
    with style():
        figure, axes = subplots(
            1, len(designs), figsize=(3.6 * len(designs), 3.4), squeeze=False, sharey=True
        )
        handles: dict[str, Any] = {}
        for ax, design in zip(axes[0], designs, strict=True):
            runs = [run for run in result["runs"] if run["design"] == design]
            for place, run in enumerate(runs):
                depths = range(1, len(run["chosen"]) + 1)
                bars = [2 * error for error in run["stderr"]]
                line = ax.errorbar(
                    depths, run["chosen"], bars, fmt="o-", ms=3, color=color_of(place), capsize=2
                )
                handles.setdefault(f"T = {run['n_circuits']}", line)
            ax.axhline(result["chance"], color="0.5", linewidth=1, linestyle=":")
            ax.set(xlabel="symbols read", title=design, ylim=(0, 1.04))
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[0][0].set_ylabel("share in the right state")
        handles["chance"] = key_of(axes[0][0], ":", color="0.5")
        legend_below(figure, handles)
    return figure


def price_figure(result: Mapping[str, Any]) -> Figure:
    """Draw how many circuits designs hold that compute which are on, beside those that are told.

    Args:
        result: of `benchmarks.record_price`: `rows` of design, edges, known, assumes, low and high,
            and `settings`.

    Returns:
        The figure, a row of bars for each design; the bar ends at the T that is confidently under
        the target, the line at that which is over. The dotted lines are the best of each kind.
    """
    rows, settings = result["rows"], result["settings"]
    programs = list(dict.fromkeys(row["edges"] for row in rows if not row["known"]))
    groups = [*programs, _TOLD]
    group_of = lambda row: _TOLD if row["known"] else row["edges"]
    ordered = sorted(rows, key=lambda row: groups.index(group_of(row)))
    with style():
        figure, ax = subplots(figsize=(6.6, 1.4 + 0.24 * len(ordered)))
        handles: dict[str, Any] = {}
        for place, row in enumerate(ordered):
            group = group_of(row)
            color, low = color_of(groups.index(group)), row["low"] or 1
            bar = ax.barh(place, low, height=0.7, color=color)
            handles.setdefault(group if group is _TOLD else f"computed, {group}", bar)
            ax.plot([low, row["high"] or low], [place, place], color="0.2", linewidth=1)
            text = f" {low}" if row["high"] else f" > {low}"
            ax.text(row["high"] or low, place, text, va="center", fontsize=7)
        best = {
            group: max(row["low"] or 1 for row in ordered if group_of(row) == group)
            for group in groups
        }
        for group, most in best.items():
            ax.axvline(most, color=color_of(groups.index(group)), linewidth=0.8, linestyle=":")
        deep = lambda row: f" ({row['assumes']})" if "layers" in row["assumes"] else ""
        ax.set_yticks(range(len(ordered)), [row["design"] + deep(row) for row in ordered])
        ax.set_ylim(len(ordered) - 0.4, -0.6)
        ax.set_xscale("log")
        ax.set_xlim(min(row["low"] or 1 for row in rows) / 2, 2.2 * max(best.values()))
        ax.set_xlabel("circuits, at the target")
        ax.grid(visible=False, axis="y")
        sizes = f"D = {settings['network_width']}, z = {settings['n_active']}"
        target = f"error {settings['error_target']:g} at layer {settings['n_layers']}"
        prices = ", ".join(f"{best[_TOLD] / best[name]:.2g} for {name}" for name in programs)
        ax.set_title(f"{sizes}, {target}\ntold / computed: {prices}", fontsize=8)
        legend_below(figure, handles)
    return figure
