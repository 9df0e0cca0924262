"""The figure of the payload's budget: errors along each of its four sizes."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ..analytics.scaling import PayloadLaw
from ._style import color_of, style, subplots


_LABELS = {
    "n_circuits": "circuits T",
    "n_active": "active circuits z",
    "rotations": "rotations l - 1",
    "network_width": "width D",
}


def payload_figure(law: PayloadLaw) -> Figure:
    """Draw errors of active vectors against T, z, l - 1 and D on logarithmic axes.

    Args:
        law: measured points, 95 % intervals over networks.

    Returns:
        The figure: points measured, lines the closed form, dotted the slope of T z l (d/D)^2.
    """
    with style():
        figure, axes = subplots(2, 2, figsize=(8.0, 6.6))
        designs = list(dict.fromkeys(axis.design for axis in law.axes))
        for ax, (along, label) in zip(np.ravel(axes), _LABELS.items(), strict=True):
            for axis in (one for one in law.axes if one.along == along):
                color = color_of(designs.index(axis.design))
                sizes, errors = np.array(axis.sizes, float), np.array(axis.errors)
                ends = np.abs(np.array([axis.low, axis.high]) - errors)
                said = f"{axis.design}: {axis.fit.exponent:.2f}, closed form {axis.theory:.2f}"
                slope = errors[0] * (sizes / sizes[0]) ** axis.limit
                ax.errorbar(
                    sizes, errors, ends, fmt="o", color=color, markersize=4, capsize=2, label=said
                )
                ax.plot(sizes, axis.closed, "-", color=color, linewidth=1)
                ax.plot(sizes, slope, ":", color="0.5", linewidth=1)
            shown = sorted({size for one in law.axes if one.along == along for size in one.sizes})
            ax.set(xscale="log", yscale="log", xlabel=label, ylabel="E|x_est - x|^2")
            ax.set_xticks(shown, [f"{size:g}" for size in shown])
            ax.xaxis.set_minor_locator(NullLocator())
            if ax.get_legend_handles_labels()[0]:
                ax.legend(fontsize=7, title="exponent", title_fontsize=7)
        width, circuits, z, layers = law.base
        figure.suptitle(
            f"around D = {width}, T = {circuits}, z = {z}, layer {layers}: points measured, lines "
            "closed form,\ndotted T z l (d/D)^2",
            fontsize=9,
        )
    return figure
