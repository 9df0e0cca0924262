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
# # Quickstart: from small circuits to the headline figure
#
# A *rotation circuit* has four neurons: two carry an on-indicator alpha, two a vector x. While
# alpha = 1 every layer rotates x by the circuit's own angle; while alpha = 0 all four are silent.
# We store T = 557 of them, 2228 neurons' worth, in a network of D = 1000 neurons per layer, and
# let z = 1, 2 or 3 of them be active at a time.

# %%
import equinox as eqx
import jax
import jax.numpy as jnp
import jaxsuper
import numpy as np


key = jax.random.key(0)
circuits = jaxsuper.Rotation.random(557, key=jax.random.fold_in(key, 0))

# %% [markdown]
# One circuit on its own: the indicator stays at 1, the vector turns by the same angle each layer.

# %%
start = circuits.sample_input(key=jax.random.fold_in(key, 1))[None]
alone = jaxsuper.exact_trajectory(circuits, jnp.array([7]), start, 3)
channels = jaxsuper.circuits.exact_channels(circuits, alone)[:, 0]
turned = np.diff(np.unwrap(np.arctan2(channels[:, 2], channels[:, 1])))
print("alpha", channels[:, 0], " turned by", turned, " angle", circuits.angles[0, 7])

# %% [markdown]
# An *allocation* says which S = 6 of the 250 neurons of a block carry which circuit, such that no
# two circuits share more than one neuron. The prime steps hold exactly 557.

# %%
allocation = jaxsuper.allocate(250, 6, 557, "prime-steps")
print(jaxsuper.allocation.diagnostics(allocation))

# %% [markdown]
# The network is a pytree. No D x D matrix is needed to run it, but it can be had, and gives the
# same activations. One `filter_jit` around them makes one program of all.

# %%
network = jaxsuper.build(circuits, allocation, 5, key=jax.random.fold_in(key, 2))


@eqx.filter_jit
def both(network, key):
    inputs = jaxsuper.sample_inputs(network.circuits, 2, 5, jnp.arange(32), key=key)
    dense = jaxsuper.dense_layers(network)
    reference = jaxsuper.simulation.dense_forward(network, dense, inputs)
    return dense, jaxsuper.forward(network, inputs).activations - reference.activations


dense, difference = both(network, jax.random.fold_in(key, 3))
print("W", dense.weights.shape, " B", dense.biases.shape)
print("largest difference", float(jnp.abs(difference).max()))

# %% [markdown]
# Measure it, layer by layer, with standard errors, beside what theory says of this network: the
# closed forms leave erroneous activation out, state evolution follows it.

# %%
measured = jaxsuper.simulate(network, 2, 1000, key=jax.random.fold_in(key, 4))
prediction = jaxsuper.predict(network, 2)
metric = "mse_x_active"
for layer in range(5):
    value, stderr = measured[metric][layer], measured.stderr_of(metric)[layer]
    said = [f"{form.theory} {form.values[metric][layer]:.3f}" for form in prediction.forms]
    print(f"layer {layer + 1}: {value:.3f} ± {stderr:.3f}", *said, sep=", ")

# %% [markdown]
# The same as one experiment, for z = 1, 2, 3 and on eight networks: the figure of README, and the
# setting of figures 5 to 7 of *Rotations in Superposition*; diamonds are what the published code
# measured. The closed forms hold for two layers. Then inactive circuits switch on erroneously
# (lower row), their noise switches on more of them, and the network *seizes*, as state evolution
# predicts.

# %%
from jaxsuper.plotting import save, simulation_figure


experiment = jaxsuper.Experiment.of(n_active=(1, 2, 3))
result = jaxsuper.run_experiment(experiment, state_evolution=True)
simulation_figure(result)

# %% [markdown]
# Results print in short. Their rows are a table for polars (`result.to_polars()`, and
# `measured.to_frame()` of one measurement) or pandas (`.to_pandas()` of either, with pandas
# installed), and figures go into a file of any name.

# %%
import tempfile
from pathlib import Path


folder = Path(tempfile.mkdtemp())
save(simulation_figure(result), folder / "headline.png")
print(result, f"drawn into {folder}", sep="\n")
result.to_polars().filter(metric="mse_x_active", layer=2)
