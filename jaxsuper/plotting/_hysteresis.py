"""The figure of the seizure's hysteresis: activity against T from both starts."""

import numpy as np
from matplotlib.figure import Figure

from ..analytics.scaling import HysteresisLaw
from ._style import color_of, style, subplots


# What has fallen silent altogether is drawn here.
_FLOOR = 1e-4


def hysteresis_figure(law: HysteresisLaw) -> Figure:
    """Draw inactive indicators' error at layer L against T, from a quiet and a seized start.

    Args:
        law: what was measured.

    Returns:
        The figure: dots single networks, circles their means, lines density evolution; shaded, between
        the measured loads, what is stable in both states.
    """
    with style():
        figure, ax = subplots(figsize=(6.8, 4.4))
        counts = np.array(law.n_circuits, float)
        starts = (
            ("started quiet", law.quiet, law.theory_quiet),
            ("started seized", law.seized, law.theory_seized),
        )
        for index, (label, networks, theory) in enumerate(starts):
            color, values = color_of(index), np.maximum(networks, _FLOOR)
            ax.plot(np.repeat(counts, values.shape[1]), values.ravel(), ".", color=color, alpha=0.3)
            ax.plot(counts, np.maximum(networks.mean(1), _FLOOR), "o", color=color, label=label)
            ax.plot(counts, np.maximum(theory, _FLOOR), "-", color=color, linewidth=1)
        if law.down.side == law.up.side == 0:
            both = f"both stable: T = {law.down.at:.0f} to {law.up.at:.0f}"
            ax.axvspan(law.down.at, law.up.at, color="0.5", alpha=0.15, linewidth=0, label=both)
        for at, said in ((law.theory_down, "way down"), (law.theory_up, "way up")):
            ax.axvline(at, color="0.4", linestyle="--", linewidth=0.8)
            ax.annotate(
                f"{said}, theory", (at, 1.02), xycoords=("data", "axes fraction"), fontsize=7
            )
        ax.set(yscale="log", xlabel="circuits T", ylabel="inactive indicators, mean square")
        ax.legend(fontsize=7)
        lo, hi = law.thresholds
        sizes = f"n = {law.block_width}, S = {law.redundancy}, {lo:g}/{hi:g}"
        ax.set_title(
            f"{sizes}, layer {law.n_layers}: points measured, lines density evolution",
            fontsize=9,
            pad=14,
        )
    return figure
