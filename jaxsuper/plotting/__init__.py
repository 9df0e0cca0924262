"""Tables and networks in, matplotlib Axes out. Never imported by `jaxsuper` itself."""

from ._changes import changes_figure, plot_changes
from ._claims import claim_figure, plot_claim
from ._designs import capacity_figure, design_figure
from ._figures import simulation_figure
from ._mse import plot_mse
from ._page import claim_article, formula_svg, ledger_page
from ._style import color_of, save, style
from ._sweeps import published_figures, sweep_figure
from ._trajectories import plot_channel, plot_plane
from ._tuning import tuning_figure


__all__ = [
    "capacity_figure",
    "changes_figure",
    "claim_article",
    "claim_figure",
    "color_of",
    "design_figure",
    "formula_svg",
    "ledger_page",
    "plot_changes",
    "plot_channel",
    "plot_claim",
    "plot_mse",
    "plot_plane",
    "published_figures",
    "save",
    "simulation_figure",
    "style",
    "sweep_figure",
    "tuning_figure",
]
