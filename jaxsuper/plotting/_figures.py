"""Whole figures, put together from panels."""

import numpy as np
from matplotlib.figure import Figure

from ..analytics import ExperimentResult
from ..circuits import layout_of
from ._mse import plot_mse
from ._style import panels, style
from ._trajectories import plot_channel, plot_plane


_QUANTITIES = {
    "on": r"on-indicator, $\mathrm{E}(\hat\alpha-\alpha)^2$",
    "x": r"rotated vector, $\mathrm{E}|\hat x-x|^2$",
}


def simulation_figure(result: ExperimentResult) -> Figure:
    """Draw an experiment: errors by layer, active and inactive, and two sample trajectories.

    Args:
        result: the experiment.

    Returns:
        The figure; points are measured, with the bars of `plot_mse`, lines are predicted.
    """
    layout = layout_of(result.experiment.configuration.circuit)
    readouts = [name for name, _ in layout.readouts][:3]
    z = max(result.experiment.n_active)
    estimated, truth = map(np.asarray, result.trajectories[z])
    n_samples = estimated.shape[-1]
    with style():
        columns = len(readouts) + 1
        figure, axes = panels(2, columns, 3.4, 2.8)
        for row, kind in enumerate(("active", "inactive")):
            for ax, name in zip(axes[row], readouts, strict=False):
                title = f"{kind}: {_QUANTITIES.get(name, name)}"
                plot_mse(ax, result.rows, f"mse_{name}_{kind}", title)
            ax = axes[row, -1]
            sample = min(row, n_samples - 1)  # a batch of one has no second
            title = f"sample {sample}, z = {z}"
            drawn, true = estimated[..., sample], truth[..., sample]
            if "x" in readouts:
                rows = list(dict(layout.readouts)["x"])
                plot_plane(ax, drawn[:, rows], true[:, rows], title)
            else:
                name, channels = layout.readouts[0]
                plot_channel(ax, drawn[:, channels[0]], true[:, channels[0]], name, title)
        axes[0, -1].legend(fontsize=7)
        _share_legend(axes, len(readouts), any("state_evolution" in row for row in result.rows))
        figure.suptitle(_caption(result), fontsize=9)
    return figure


def _share_legend(axes, n_readouts: int, evolved: bool) -> None:
    """Put the legend of the errors into the last panel of errors that shows anything."""
    for ax in reversed(list(axes[:, :n_readouts].flat)):
        handles, labels = ax.get_legend_handles_labels()
        if handles:
            (line,) = ax.plot([], [], color="0.3", linewidth=1.2)
            (dots,) = ax.plot([], [], ":", color="0.3", linewidth=1.2)
            more = [(line, "closed form"), (dots, "state evolution")][: 1 + evolved]
            ax.legend(
                [*handles, *[m[0] for m in more]], [*labels, *[m[1] for m in more]], fontsize=7
            )
            return


def _caption(result: ExperimentResult) -> str:
    given, made = result.experiment.configuration, result.environment
    count = result.experiment.n_networks
    networks, bars = f"{count} networks", "95 % over networks, thick: samples alone"
    if count == 1:
        networks, bars = "this network", "95 % over its samples; lines: mean over networks"
    return (
        f"{given.construction} {given.circuit}, {given.allocation}: D = {given.network_width}, "
        f"T = {given.n_circuits}, S = {given.redundancy}, {given.batch_size} samples, {networks}, "
        f"seed {given.seed}\nbars: {bars}; closed form: without erroneous activation; "
        f"jaxsuper {made['jaxsuper']}, jax {made['jax']}, {made['device']}, "
        f"{made['dtype']} {made['precision']}"
    )
