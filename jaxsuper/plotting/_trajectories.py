"""Sample trajectories: true against estimated."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ._style import color_of


def plot_plane(ax: Axes, estimated: np.ndarray, truth: np.ndarray, title: str = "") -> Axes:
    """Draw rotated vectors in the plane, layer by layer.

    Args:
        ax: where to draw.
        estimated: (L, 2, z) estimates of the active circuits of one sample.
        truth: (L, 2, z).
        title: of the panel.

    Returns:
        `ax`.
    """
    around = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(around), np.sin(around), color="0.85", linewidth=1, zorder=0)
    for circuit in range(truth.shape[2]):
        color = color_of(circuit)
        ax.plot(*truth[:, :, circuit].T, "o", mfc="none", color=color, markersize=7)
        ax.plot(*estimated[:, :, circuit].T, "x-", color=color, markersize=4, linewidth=0.7)
        for layer, (x, y) in enumerate(truth[:, :, circuit], start=1):
            ax.annotate(
                str(layer), (1.18 * x, 1.18 * y), color=color, fontsize=6, ha="center", va="center"
            )
    ax.plot([], [], "o", mfc="none", color="0.3", label="true")
    ax.plot([], [], "x-", color="0.3", label="estimated")
    reach = max(1.4, 1.1 * float(np.abs(estimated).max()))
    ax.set(
        xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="$x_0$", ylabel="$x_1$"
    )
    ax.set_title(title)
    return ax


def plot_channel(
    ax: Axes, estimated: np.ndarray, truth: np.ndarray, name: str, title: str = ""
) -> Axes:
    """Draw one channel of the active circuits of one sample over layers.

    Args:
        ax: where to draw.
        estimated: (L, z).
        truth: (L, z).
        name: of the channel.
        title: of the panel.

    Returns:
        `ax`.
    """
    layers = np.arange(1, len(truth) + 1)
    for circuit in range(truth.shape[1]):
        color = color_of(circuit)
        ax.plot(layers, truth[:, circuit], "o", mfc="none", color=color, markersize=7)
        ax.plot(layers, estimated[:, circuit], "x-", color=color, markersize=4, linewidth=0.7)
    ax.plot([], [], "o", mfc="none", color="0.3", label="true")
    ax.plot([], [], "x-", color="0.3", label="estimated")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="layer", ylabel=name)
    ax.set_title(title)
    return ax
