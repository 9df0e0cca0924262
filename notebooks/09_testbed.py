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
# # Does a sparse autoencoder find the circuits?
#
# Of a network that was written by hand everything is known: which circuits it holds, on which
# neurons, and which are on in a sample. So a method can be asked to find them again, and be told how
# well it did. Here a network is exported, a sparse autoencoder is trained on its samples in PyTorch
# (`pip install torch`), and its dictionary is scored. Any other method can take its place: nothing
# but files goes in and out.

# %%
import tempfile
from pathlib import Path

import jaxsuper
import torch
from jaxsuper import recovery
from safetensors.torch import load_file, save_file


folder = Path(tempfile.mkdtemp())
settings = jaxsuper.Configuration(
    network_width=200, n_circuits=60, redundancy=3, n_layers=3, allocation="transversal"
)
network = jaxsuper.simulation.prepare(settings)
jaxsuper.export(network, folder / "net", n_active=2, n_samples=8000, seed=1)
print(*sorted(path.name for path in (folder / "net").iterdir()))

# %% [markdown]
# Sixty circuits of four neurons in two hundred. The folder holds weights, truth and samples; its
# `README.md` is a card that says how good the network is. What a method may look at are the samples
# of the activations.

# %%
samples = load_file(folder / "net" / "samples.safetensors")
activations = samples["activations.1"]
scale = activations.norm(dim=1).mean()
print(tuple(activations.shape), f"mean norm {scale:.2f}")

# %% [markdown]
# ## The autoencoder
#
# As published: an encoder with a ReLU, a dictionary of unit rows, mean squared error and an L1
# penalty.

# %%
torch.manual_seed(0)
n_units = 240
inputs = activations / scale
dictionary = torch.nn.functional.normalize(torch.randn(n_units, 200), dim=1)
decoder = torch.nn.Parameter(dictionary.clone())
encoder = torch.nn.Parameter(dictionary.T.clone())
bias = torch.nn.Parameter(torch.zeros(n_units))
optimizer = torch.optim.Adam([decoder, encoder, bias], lr=3e-3)
for step in range(2000):
    batch = inputs[torch.randint(len(inputs), (512,))]
    codes = torch.relu(batch @ encoder + bias)
    error = ((codes @ decoder - batch) ** 2).sum(dim=1).mean()
    loss = error + 0.06 * codes.sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        decoder.div_(decoder.norm(dim=1, keepdim=True))
    if step % 500 == 499:
        on = (codes > 0).float().sum(dim=1).mean()
        print(f"step {step + 1}: error {error:.4f}, {on:.1f} units on")

# %% [markdown]
# ## The score
#
# The answer is one more file. `jaxsuper score answer.safetensors --export net` prints the same in the
# shell.

# %%
answer = folder / "answer.safetensors"
save_file({"directions.1": decoder.detach().contiguous()}, answer)
score = recovery.score(answer, jaxsuper.read_export(folder / "net"))
for row in score.rows:
    if row.layer == 1:
        ends = f"random {row.random:.3f}, truth {row.oracle:.3f}"
        print(f"{row.metric:28} {row.value:6.3f}   ({ends})")

# %% [markdown]
# A circuit counts as found (`recall`) if the dictionary has a direction of its own for it whose
# cosine with the span of the circuit's four directions is at least 0.9. A random dictionary has none,
# the truth all. Of the four units that each circuit could have only one is matched, which bounds the
# precision. The penalty matters: with a third of it the same dictionary has three times as many units
# on, and finds a quarter of the circuits. `benchmarks/README.md` has what other methods find, at
# several distances from the seizure and numbers of active circuits.

# %%
found = score.value("recall", 1)
print(f"found {found:.0%} of the circuits")
assert found > 0.9
