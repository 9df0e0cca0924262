"""Curves of a training run: held-out loss against steps."""

import numpy as np
from matplotlib.figure import Figure

from ..training import HeldOut
from ._style import color_of, style, subplots


# What a metric is called in a legend; others keep their names.
_NAMES = {"loss": "loss (what is descended)"} | {
    f"mse_{name}_{kind}": f"{quantity}, {kind} circuits"
    for name, quantity in (("on", "on-indicator"), ("x", "rotated vector"))
    for kind in ("active", "inactive")
}


def tuning_figure(curve: tuple[HeldOut, ...], title: str, reference: float | None = None) -> Figure:
    """Draw held-out errors against steps, with two standard errors, and the start as a line.

    Args:
        curve: measurements, step 0 first.
        title: of the figure.
        reference: the loss of the hand-built network.

    Returns:
        The figure.
    """
    steps = np.array([measured.step for measured in curve])
    with style():
        figure, ax = subplots(figsize=(5.6, 3.6))
        for index, name in enumerate(curve[0].names):
            values = np.array([measured[name] for measured in curve])
            stderr = np.array([measured.stderr_of(name) for measured in curve])
            # A logarithmic axis has no place for 0, nor a bar for the error of a single sample.
            shown = np.isfinite(values) & (values > 0)
            if not shown.any():
                continue
            ax.errorbar(
                steps[shown],
                values[shown],
                np.where(np.isfinite(stderr), 2 * stderr, 0.0)[shown],
                label=_NAMES.get(name, name),
                color=color_of(index),
                linewidth=1.8 if name == "loss" else 0.9,
            )
        if reference is not None and reference > 0:
            ax.axhline(reference, color="0.4", linestyle=":", linewidth=1, label="loss as built")
        ax.set_yscale("log")
        ax.set(xlabel="steps", ylabel="held-out mean squared error")
        ax.legend(fontsize=7)
        ax.set_title(title, fontsize=8)
    return figure
