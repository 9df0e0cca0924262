"""Tables and networks in, matplotlib Axes out. Never imported by `jaxsuper` itself.

A figure loads what it draws, and not what the others do.
"""

from typing import TYPE_CHECKING

from .._lazy import lazy


if TYPE_CHECKING:
    from ._article import claim_article
    from ._attention import areas_figure, arrangements_figure, distances_figure
    from ._branches import branch_figure
    from ._changes import changes_figure, plot_changes
    from ._checked import claim_figure
    from ._conjunctions import conjunctions_figure
    from ._designs import capacity_figure, design_figure
    from ._every_design import every_design_figure
    from ._export import export_figure
    from ._figures import simulation_figure
    from ._formula import formula_mathml
    from ._formulas import formula_figure
    from ._hysteresis import hysteresis_figure
    from ._levels import levels_figure
    from ._mse import plot_mse
    from ._page import ledger_page
    from ._payload import payload_figure
    from ._programs import accuracy_figure, price_figure, program_figure
    from ._published import published_figures
    from ._recovery import recovery_figure
    from ._recovery_page import score_page
    from ._scaling import critical_figure, optimum_figure, transition_figure
    from ._style import color_of, save, style, subplots
    from ._sweeps import sweep_figure, sweep_name
    from ._trained import shares_figure, trained_figure
    from ._trajectories import plot_channel, plot_plane
    from ._tuning import tuning_figure

__getattr__, __dir__ = lazy(
    __name__,
    {
        "_article": ("claim_article",),
        "_attention": ("areas_figure", "arrangements_figure", "distances_figure"),
        "_branches": ("branch_figure",),
        "_changes": ("changes_figure", "plot_changes"),
        "_checked": ("claim_figure",),
        "_conjunctions": ("conjunctions_figure",),
        "_designs": ("capacity_figure", "design_figure"),
        "_every_design": ("every_design_figure",),
        "_export": ("export_figure",),
        "_figures": ("simulation_figure",),
        "_formula": ("formula_mathml",),
        "_formulas": ("formula_figure",),
        "_hysteresis": ("hysteresis_figure",),
        "_levels": ("levels_figure",),
        "_mse": ("plot_mse",),
        "_page": ("ledger_page",),
        "_payload": ("payload_figure",),
        "_programs": ("accuracy_figure", "price_figure", "program_figure"),
        "_published": ("published_figures",),
        "_recovery": ("recovery_figure",),
        "_recovery_page": ("score_page",),
        "_scaling": ("critical_figure", "optimum_figure", "transition_figure"),
        "_style": ("color_of", "save", "style", "subplots"),
        "_sweeps": ("sweep_figure", "sweep_name"),
        "_trained": ("shares_figure", "trained_figure"),
        "_trajectories": ("plot_channel", "plot_plane"),
        "_tuning": ("tuning_figure",),
    },
)


__all__ = [
    "accuracy_figure",
    "areas_figure",
    "arrangements_figure",
    "branch_figure",
    "capacity_figure",
    "changes_figure",
    "claim_article",
    "claim_figure",
    "color_of",
    "conjunctions_figure",
    "critical_figure",
    "design_figure",
    "distances_figure",
    "every_design_figure",
    "export_figure",
    "formula_figure",
    "formula_mathml",
    "hysteresis_figure",
    "ledger_page",
    "levels_figure",
    "optimum_figure",
    "payload_figure",
    "plot_changes",
    "plot_channel",
    "plot_mse",
    "plot_plane",
    "price_figure",
    "program_figure",
    "published_figures",
    "recovery_figure",
    "save",
    "score_page",
    "shares_figure",
    "simulation_figure",
    "style",
    "subplots",
    "sweep_figure",
    "sweep_name",
    "trained_figure",
    "transition_figure",
    "tuning_figure",
]
