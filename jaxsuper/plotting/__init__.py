"""Tables and networks in, matplotlib Axes out. Never imported by `jaxsuper` itself."""

from ._figures import simulation_figure
from ._mse import plot_mse
from ._style import color_of, save, style
from ._sweeps import published_figures, sweep_figure
from ._trajectories import plot_channel, plot_plane


__all__ = [
    "color_of",
    "plot_channel",
    "plot_mse",
    "plot_plane",
    "published_figures",
    "save",
    "simulation_figure",
    "style",
    "sweep_figure",
]
