# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The published experiment
#
# *Rotations in Superposition* measures its construction on a grid: 41 sizes (D, T) and z = 1 to 4
# active circuits, S = 6, four layers, 500 samples each (figures 8 to 11). Here the quarter with two
# active circuits is simulated and laid over what the published code measured. On a shell all of it is
#
# ```bash
# jaxsuper sweep published --out published        # 164 configurations; the same command resumes
# jaxsuper figures published --out .              # the figures, with state evolution; minutes
# ```

# %%
import tempfile
from pathlib import Path

from jaxsuper import analytics, sweep
from jaxsuper.plotting import published_figures


store = Path(tempfile.mkdtemp())
grid = sweep.load_grid("published").configurations()
sweep.run_sweep([one for one in grid if one.n_active == 2], store)

# %% [markdown]
# The store is one table, with a row for each configuration, layer and metric; `with_predictions`
# adds what theory says. `state_evolution=True`, left out here, takes about a second for each size.

# %%
rows = sweep.read_store(store)
table = analytics.with_predictions(rows, state_evolution=False)
shown = ["network_width", "n_circuits", "layer", "value", "stderr", "closed_form"]
table.filter(metric="mse_x_active", network_width=1000).select(shown)

# %% [markdown]
# **Figure 9, two active circuits.** Points are this grid, diamonds the published code's, lines the
# closed forms, in which nothing fires by mistake. Rows: errors of active and inactive circuits'
# indicators and vectors; a column for each layer, a colour for each D. Where points leave the lines
# the network seizes: inactive circuits switch each other on, from layer 2 on the left.

# %%
figure = published_figures(table)["figure-9"]
figure

# %% [markdown]
# The line above the figure says how close the two codes are: the median of the ratio of what is
# measured here to what the published code measured, and the factor within which 95 % of the cells
# lie. Both are of few networks each, which scatter once they seize.
#
# **Which single size?** At D = 1000, T = 557 (figures 5 to 7) by layer, with state evolution, which
# predicts the seizure too: the last figure of the [quickstart](00_quickstart.py). Why the design ends
# there, and what goes further: [designs](02_designs.py).
