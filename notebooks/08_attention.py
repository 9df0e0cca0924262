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
# # How far does attention look back?
#
# Do some layers of a transformer attend to what is near, and others to what is far? Two measurements
# have been proposed. One takes the *distances* of the attention patterns themselves. The other cuts the
# context to the last k tokens and asks, layer by layer, how similar the residual streams are to those
# with full context. From such lines one side reads that layers specialise, the other that they do not,
# since "the lines move in almost perfect synchronisation", and since later layers may amplify in place
# what was missing before.
#
# Here both are held against networks whose ranges are built in.

# %%
import tempfile
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jaxsuper import attention
from jaxsuper.plotting import areas_figure, arrangements_figure, distances_figure


design = attention.Design(order=1.0)
shown = lambda h: f"window {h.near}-{h.far}" if h.kind == "window" else f"{h.kind} {h.near}-"
for name in attention.ARRANGEMENTS:
    heads = attention.heads_of(design, name)
    for place, layer in {"first": heads[0], "last": heads[-1]}.items():
        print(f"{name:13} {place:5} layer:", ", ".join(map(shown, layer[:-1])))

# %% [markdown]
# The same heads stand in the order of their ranges (*specialised*: early layers local, late ones
# long-range), against it (*reversed*), or every layer mixes short and long ones (*unspecialised*). Heads
# attend to a window so many tokens back, to earlier copies of their token, or to what followed those;
# one head of each layer is a sink, which attends to the first position alone. A target scores 1, anything
# else 0, in a softmax of temperature 0.1.
#
# ## Distances
#
# One pass over the patterns. A position that most of its later queries attend to is a sink: its mass had
# to go somewhere, and is left out. Only queries count that could look back far enough.

# %%
network = attention.network_of(design, "specialised")
tokens = attention.random_tokens(8, design.n_positions)
patterns = np.asarray(attention.patterns_in(network, jnp.asarray(tokens)))
found = attention.distances_of(attention.patterns_of(patterns), attention.Rule(found=True), 64)
print("mean distance by layer:", found.mean("mean", layers=True).round(1))
distances_figure(found, "specialised")

# %% [markdown]
# What a sink does that is left in: here early layers put part of their attention on the first position,
# as many models do. They are as local as before, and look as long-range as the late ones.

# %%
early = attention.network_of(replace(design, early_sink=1.2), "specialised")
sinking = attention.patterns_of(np.asarray(attention.patterns_in(early, jnp.asarray(tokens))))
for name, rule in {"left in": attention.Rule(), "left out": attention.Rule(found=True)}.items():
    means = attention.distances_of(sinking, rule, 64).mean("mean", layers=True)
    slope = attention.octaves_per_layer(means)
    print(f"sinks {name:9}", means.round(1), f"{slope:+.2f} octaves per layer")

# %% [markdown]
# ## Cut context
#
# Four networks of each arrangement; the second pair of rows has three more layers that attend to nothing,
# and spread differences in place.

# %%
compared = {
    name: attention.compare(each, 4, 4, (1, 5, 10, 20, 50))
    for name, each in {
        "as built": design,
        "amplified": attention.amplified(design, 3, 1.0),
    }.items()
}
arrangements_figure(compared)

# %% [markdown]
# Where the lines fall does show where the long ranges are. That they fall *together* does not show that
# layers do not specialise: they do so most in reversed networks, whose first layers miss nearly all at
# any window. And in the grey layers similarity goes on falling where nothing is attended to at all, just
# as the closed form (c + a²(2/π) arcsin c)/(1 + a²) has it.
#
# How well each measurement tells the arrangements apart was recorded for 20 networks of each
# (`python -m benchmarks.record_attention`): 1/2 is chance, 0 the opposite of what it is said to show.


# %%
def recorded(name: str) -> dict:
    """Return a file of the repository's `benchmarks/results`: this notebook lies in a clone of it."""
    import json

    import jaxsuper

    here, package = Path.cwd(), Path(jaxsuper.__file__).resolve()
    folders = (here, *here.parents, *package.parents)
    files = [folder / "benchmarks" / "results" / name for folder in folders]
    place = next((file for file in files if file.is_file()), None)
    if place is None:
        raise FileNotFoundError(f"{name}: open this notebook in a clone of the repository")
    return json.loads(place.read_text())


rows = recorded("attention-cpu.json")["power"]["rows"]
kinds = ["order 0.5", "order 0.5, in place", "order 0.5, early sinks"]
areas_figure(rows, [*kinds, "order 0.5, early sinks, first kept"])

# %% [markdown]
# With sinks in the early layers the lines move together in *every* arrangement: a cut context has another
# first token, and every layer after misses what it was. Keeping the first token in front of the cut
# context gives most of the power back.
#
# ## Trained
#
# Small transformers, trained on letters that follow from the two before and on brackets that are asked
# for 20 to 30 tokens later: what has to be attended to is known, where is not.

# %%
for place, one in enumerate(recorded("attention-cpu.json")["trained"]["networks"]):
    cut = {k: round(loss, 2) for k, loss in one["answer_cut"].items()}
    print(f"seed {place}: mean distance by layer", np.round(one["layer_means"], 1), end=", ")
    print(f"correlation of the lines of 5 and 10 {one['correlation']:.3f}")
    print("  loss of the answer with the last k tokens (guessing: 2.08)", cut)

# %% [markdown]
# ## A model of your own
#
# `jaxsuper attention FILE` reads patterns that any framework wrote. With `transformers`:
#
# ```python
# import torch
# from safetensors.torch import save_file
# from transformers import AutoModelForCausalLM
#
# model = AutoModelForCausalLM.from_pretrained(NAME, attn_implementation="eager").eval()
# with torch.no_grad():
#     outputs = model(input_ids, output_attentions=True)
# arrays = {f"attention.{i}": each.contiguous() for i, each in enumerate(outputs.attentions)}
# save_file(arrays | {"tokens": input_ids}, "patterns.safetensors")
# ```
#
# Similarity under cut context is measured on streams that were made elsewhere, too:
#
# ```python
# with torch.no_grad():
#     run = lambda ids: torch.stack(model(ids, output_hidden_states=True).hidden_states, 1)
#     streams = lambda ids: run(ids)[:, None, :, -1]  # [sequence, end, layer, width]
#     full, cut = streams(input_ids), [streams(input_ids[:, -k:]) for k in (5, 10)]
# attention.similarity_of(full.numpy(), torch.stack(cut, 1).numpy(), (5, 10)).mean()
# ```
#
# A model that knows absolute positions sees the cut context at the first ones: then even its embeddings
# differ. In plain torch, of your own module: `weights = torch.softmax(scores, -1)` of each layer,
# [sequence, head, query, key], in the same way. A file of numpy does as well; it is read piece by piece,
# and need not fit into memory.

# %%
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "patterns.npz"
    np.savez(file, attention=patterns, tokens=tokens)
    model = attention.distances_of(attention.open_patterns(file))
print("share beyond 20 tokens by layer:", model.mean("beyond 20", layers=True).round(2))
