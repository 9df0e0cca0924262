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
# # Circuits that switch each other on
#
# So far every circuit was its own successor: those that are active at the input stay so, and no
# circuit sees another. Here circuits feed each other. Between two layers there is a list of *edges*,
# each of which hands a vector on, switches its target on, or decides whether to; the network has to
# find out in every layer which circuits are on.
#
# A program says in words what feeds what. Its edges become terms of the weights of the large network,
# beside thousands of circuits that do something else.

# %%
import json
from pathlib import Path

import jax
import jaxsuper
from jaxsuper import allocation, circuits, network, simulation
from jaxsuper.plotting import accuracy_figure, price_figure, program_figure
from jaxsuper.programs import automaton, Program, remainders


keys = jax.random.split(jax.random.key(1), 7)
rotations = circuits.Rotation.random(300, key=keys[0])

program = Program(rotations)
program.start(3, 7)
program.relay(3, to=4, layer=1)
program.branch(4, on=lambda x: x[0] > 0, then=5, otherwise=6, margin=0.2, layer=2)
program.relay(6, to=8, layer=4)
program.merge([5, 7], to=8, layer=4)
program.fan_out(8, to=[9, 10], layer=5)
edges = program.compile(n_layers=6)

print("edges from layer to layer:", edges.n_edges.tolist())
print("into circuit 8 from layer 4:", [pair for pair in edges.pairs(4) if pair[1] == 8])

# %% [markdown]
# `layer` is that of the source, counted from 1. Circuit 3 hands its vector on to 4, which looks at it:
# if the first entry is above 0, 5 goes on with the vector, else 6. In the layer in which the network
# decides, the vector waits in 4, since a gate cannot open by a sum that has not been cut yet. Circuits
# that hand nothing on are their own successors: 7 keeps its vector until it is merged, unless 6 came.
#
# One sample: rings say which circuits were meant to be on, as the small circuits are when run alone;
# full marks say which were on in a network of D = 1000 neurons with 300 circuits.

# %%
sets = allocation.allocate(250, 6, 300, "transversal")
large = network.build(rotations, sets, 6, key=keys[1], edges=edges)
sample = simulation.program_sample(large, 1, 2, key=keys[2])
program_figure(edges, sample)

# %% [markdown]
# The exact reference is what errors are measured against: layer by layer, over those circuits that
# are meant to be on there.

# %%
measured = simulation.simulate(large, 1, 200, key=keys[3])
for name in ("mse_on_active", "mse_x_active", "mse_on_inactive"):
    print(f"{name:16}", " ".join(f"{value:8.4f}" for value in measured[name]))

# %% [markdown]
# Programs can be named (`relay`, `branch`, `merge`, `chain`) or read from a TOML file, on the command
# line too: `jaxsuper simulate --edges branch`, `jaxsuper design --edges relay`.
#
# ## Which designs can do this
#
# Those that compute anew in every layer which circuits are on: clipped, cleaned, plain, split, and
# indicators with neurons of their own. What is carried, guessed or addressed at the input cannot
# change later, and says so.

# %%
decided = Program(300).branch(4, on=lambda x: x[0] > 0, then=5, otherwise=6, layer=2).compile(6)
for construction in ("carried", "early-guess", "private", "block"):
    try:
        network.traits_of(construction).check_edges(decided)
    except ValueError as refused:
        print(refused, "\n")

# %% [markdown]
# What that costs was measured at D = 1000, with two groups of circuits that start: T at which the
# error of the vectors passes 0.3 in layer 6, of the best design that must compute which circuits are
# on, beside the best that is told at the input and never asked again.


# %%
def recorded(name: str) -> dict:
    """Return a file of the repository's `benchmarks/results`: this notebook lies in a clone of it."""
    here, package = Path.cwd(), Path(jaxsuper.__file__).resolve()
    folders = (here, *here.parents, *package.parents)
    files = [folder / "benchmarks" / "results" / name for folder in folders]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise FileNotFoundError(f"{name}: open this notebook in a clone of the repository")
    return json.loads(found.read_text())


price_figure(recorded("price-cpu.json"))

# %% [markdown]
# ## An automaton
#
# A regular language, one symbol a layer. A state is a circuit (q, s): the automaton is in q, and s was
# read last. A word lies on a tape of tokens, each of which waits for its layer; the one that is read
# switches off whatever state another symbol would lead to. This one divides a binary number by 3: its
# state is the remainder.

# %%
divider = automaton(300, remainders(3), depth=6, beside=1, n_words=64)
print(divider.n_used, "circuits:", ", ".join(list(divider.names.values())[:9]), "...")

wide = allocation.allocate(500, 4, 300, "transversal")
own = circuits.Rotation.random(300, key=keys[4], lower_threshold=0.35, upper_threshold=0.65)
reader = network.build(own, wide, 7, key=keys[5], edges=divider.edges)
sample = simulation.program_sample(reader, 1, 5, key=keys[6])
program_figure(divider.edges, sample, names=divider.names)

# %% [markdown]
# How often the network is in the right state, by symbols read, at D = 2000 among T circuits: the
# published design, and the best of a search over sets, thresholds and inhibition, on other networks
# than those measured. The last panel gives most neurons to the indicators, which is all that an
# automaton needs; the vectors of the circuits beside it have what is left.

# %%
accuracy_figure(recorded("programs-cpu.json"))
