"""Sample trajectories: true against estimated.

Layers have shades and circuits have marks, so that no colour is that of a number of active circuits.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ._style import key_of, shades


_MARKS = "os^Dv<>ph"


def _mark(circuit: int) -> str:
    return _MARKS[circuit % len(_MARKS)]


def plot_plane(ax: Axes, estimated: np.ndarray, truth: np.ndarray, title: str = "") -> Axes:
    """Draw rotated vectors in the plane: a mark for each circuit, a shade for each layer.

    Args:
        ax: where to draw.
        estimated: (L, 2, z) estimates of the active circuits of one sample.
        truth: (L, 2, z).
        title: of the panel.

    Returns:
        `ax`. Open marks are true, full ones estimated; a line between them is the error.
    """
    around = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(around), np.sin(around), color="0.85", linewidth=1, zorder=0)
    n_layers, _, n_circuits = truth.shape
    for layer, color in enumerate(shades(n_layers)):
        for circuit in range(n_circuits):
            true, found = truth[layer, :, circuit], estimated[layer, :, circuit]
            ax.plot(*np.stack([true, found], 1), "-", color=color, linewidth=0.7, alpha=0.6)
            ax.plot(*true, _mark(circuit), mfc="none", color=color, markersize=7)
            ax.plot(*found, _mark(circuit), color=color, markersize=4)
    reach = max(1.4, 1.1 * float(np.nanmax(np.abs(estimated))))
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
        `ax`. Open marks are true, full ones estimated.
    """
    layers = np.arange(1, len(truth) + 1)
    for circuit in range(truth.shape[1]):
        mark = _mark(circuit)
        ax.plot(layers, truth[:, circuit], mark, mfc="none", color="0.2", markersize=7)
        ax.plot(layers, estimated[:, circuit], f"{mark}-", color="0.2", markersize=4, linewidth=0.7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    # Room for 0 and 1, whatever of an indicator is seen.
    both = np.stack([estimated, truth])
    low, high = min(-0.1, np.nanmin(both)), max(1.1, np.nanmax(both))
    ax.set(xlabel="layer", ylabel=name, ylim=(1.05 * low, 1.05 * high))
    ax.set_title(title)
    return ax


def sample_keys(ax: Axes, n_layers: int | None) -> dict[str, object]:
    """Return label -> handle of what sample trajectories show.

    Args:
        ax: any.
        n_layers: how many shades there are, None if layers have a place of their own.
    """
    found = {"sample: true": key_of(ax, "o", markersize=7)}
    found["estimated"] = key_of(ax, "o", markersize=4, mfc="0.3")
    for layer, color in enumerate(shades(n_layers or 0), 1):
        if layer in (1, n_layers):
            found[f"layer {layer}"] = key_of(ax, "o", markersize=6, color=color, mfc=color)
    return found
