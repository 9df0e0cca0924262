"""Curves of a training run: held-out loss against steps."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..training import HeldOut
from ._style import color_of, style


def plot_tuning(ax: Axes, curve: tuple[HeldOut, ...], reference: float | None = None) -> Axes:
    """Draw held-out errors against steps, with two standard errors, and the start as a line.

    Args:
        ax: where to draw.
        curve: measurements, step 0 first.
        reference: the loss of the hand-built network.

    Returns:
        `ax`.
    """
    steps = np.array([one.step for one in curve])
    for index, name in enumerate(curve[0].names):
        values = np.array([one[name] for one in curve])
        errors = np.array([one.stderr_of(name) for one in curve])
        # A logarithmic axis has no place for 0, nor for errors of a single sample.
        shown = np.isfinite(values) & (values > 0)
        if not shown.any():
            continue
        bars = np.where(np.isfinite(errors), 2 * errors, 0.0)[shown]
        width = 1.8 if name == "loss" else 0.9
        ax.errorbar(
            steps[shown], values[shown], bars, label=name, color=color_of(index), linewidth=width
        )
    if reference is not None and reference > 0:
        ax.axhline(reference, color="0.4", linestyle=":", linewidth=1, label="loss as built")
    ax.set_yscale("log")
    ax.set(xlabel="steps", ylabel="held-out error")
    ax.legend(fontsize=7)
    return ax


def tuning_figure(curve: tuple[HeldOut, ...], title: str, reference: float | None = None) -> Figure:
    """Return a figure of one training run; arguments as in `plot_tuning`.

    Args:
        curve: measurements.
        title: of the figure.
        reference: the loss of the hand-built network.

    Returns:
        The figure.
    """
    with style():
        figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
        plot_tuning(ax, curve, reference)
        ax.set_title(title, fontsize=8)
    return figure
