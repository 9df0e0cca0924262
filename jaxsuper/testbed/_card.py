"""The model card of an exported network: what it is, how well it does, and how to load it."""

from collections.abc import Sequence
from typing import Any

from ._format import Config


_NUMPY = '''import numpy as np
from safetensors.numpy import load_file
model, data = map(load_file, ("model.safetensors", "samples.safetensors"))
ids = np.minimum(data["embedded"], len(model["embedding.weight"]) - 1)
A = np.tile(model["layers.0.bias"], (len(ids), 1))
for s in range(ids.shape[1]):
    given = np.einsum("nrd,nd->nr", model["embedding.weight"][ids[:, s]], data["inputs"][:, s])
    np.add.at(A, (np.arange(len(A))[:, None], model["embedding.neurons"][ids[:, s]]), given)
layers = [np.maximum(A, 0)]
for k in range(1, sum(name.endswith(".bias") for name in model)):
    layers.append(np.maximum(layers[-1] @ model[f"layers.{k}.weight"].T + model[f"layers.{k}.bias"], 0))
'''
_JAX = '''import jax, jax.numpy as jnp
from safetensors.flax import load_file
model, data = map(load_file, ("model.safetensors", "samples.safetensors"))
ids = jnp.minimum(data["embedded"], len(model["embedding.weight"]) - 1)
A = jnp.tile(model["layers.0.bias"], (len(ids), 1))
with jax.default_matmul_precision("highest"):
    for s in range(ids.shape[1]):
        given = jnp.einsum("nrd,nd->nr", model["embedding.weight"][ids[:, s]], data["inputs"][:, s])
        A = A.at[jnp.arange(len(A))[:, None], model["embedding.neurons"][ids[:, s]]].add(given)
    layers = [jax.nn.relu(A)]
    for k in range(1, sum(name.endswith(".bias") for name in model)):
        layers.append(jax.nn.relu(layers[-1] @ model[f"layers.{k}.weight"].T + model[f"layers.{k}.bias"]))
'''
_TORCH = '''import torch
from safetensors.torch import load_file
model, data = map(load_file, ("model.safetensors", "samples.safetensors"))
ids = data["embedded"].long().clamp(max=len(model["embedding.weight"]) - 1)
A = model["layers.0.bias"].repeat(len(ids), 1)
for s in range(ids.shape[1]):
    given = torch.einsum("nrd,nd->nr", model["embedding.weight"][ids[:, s]], data["inputs"][:, s])
    A.scatter_add_(1, model["embedding.neurons"][ids[:, s]].long(), given)
layers = [A.relu()]
for k in range(1, sum(name.endswith(".bias") for name in model)):
    layers.append((layers[-1] @ model[f"layers.{k}.weight"].T + model[f"layers.{k}.bias"]).relu())
'''
_MASKED = """The construction is no ReLU network: after every layer all neurons are set to 0 but those of the
circuits in `active` (`neurons.{k}` of `truth.safetensors`), and nothing else is done to them. In the lines
below put this mask in the place of the ReLU.
"""
# Errors that the card shows by layer.
_SHOWN = ("mse", "frac_samples", "frac_inactive")


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _errors(config: Config) -> str:
    """Return errors by layer: metrics down, layers across."""
    names = list(dict.fromkeys(row["metric"] for row in config.measured))
    rows = []
    for name in names:
        if name.startswith(_SHOWN):
            cells = [row for row in config.measured if row["metric"] == name]
            rows.append(
                [f"`{name}`", *(f"{_number(c['value'])} ± {_number(c['stderr'])}" for c in cells)]
            )
    return _table(["", *(f"layer {l + 1}" for l in range(config.n_layers))], rows)


def _position(config: Config) -> str:
    one = config.position
    if not one:
        return (
            "The theory of the seizure does not speak of this network: circuits that switch each other, or "
            "a construction whose indicators are not computed by a step of the clipped sum."
        )
    ends = {
        "seizure": "the network seizes: noise switches on circuits that are off",
        "dying": "active circuits die",
        "sets": "the sets hold no more circuits",
    }[one["ends_by"]]
    return (
        f"T / T_c = **{one['distance']:.3g}** for z = {one['n_active']}, where T_c = "
        f"{one['critical']:.4g} is the T beyond which {ends} within {config.n_layers} layers (density "
        "evolution with the loads of this design's sets). Below 1 the network is quiet."
    )


def _baseline(config: Config) -> str:
    """Return the naive baseline beside the network: one row for each z, of the last layer."""
    shown = [name for name in config.readouts if name != "on"] or list(config.readouts)
    rows = []
    for row in config.baseline:
        if row["readout"] not in shown:
            continue
        better = row["naive"] / row["active"] if row["active"] and row["naive"] is not None else None
        every = row["naive_every"] / row["gated"] if row["gated"] and row["naive_every"] else None
        rows.append(
            [
                row["n_active"],
                row["layer"],
                f"{_number(row['active'])} ± {_number(row['active_stderr'])}",
                _number(row["naive"]),
                _number(better),
                _number(row["naive_every"]),
                _number(row["every"]),
                _number(row["gated"]),
                _number(every),
            ]
        )
    head = [
        "z",
        "layer",
        "network, active",
        "naive, active",
        "times better",
        "naive, all T",
        "network, all T",
        "the same, gated",
        "times better",
    ]
    return _table(head, rows)


def _labels(config: Config) -> str:
    names = list(config.labels[0]) if config.labels else []
    rows = [[k, *(one[name] for name in names)] for k, one in enumerate(config.labels, 1)]
    return _table(["into layer", *names], rows)


def card_of(config: Config) -> str:
    """Return the card as Markdown.

    Args:
        config: all that it says.
    """
    neurons, width = config.n_neurons, config.circuit_width
    naive = neurons // width
    each = "circuits that switch each other on" if config.program else "circuits"
    settings = ", ".join(f"`{name}` {value}" for name, value in config.settings.items())
    labels = (
        "`own` belongs to one circuit or edge, `shared` to several, `interference` to none, `machinery` is "
        "what all circuits need (gates, copies); the parts of `truth.safetensors` and what is left over add "
        "up to W."
    )
    return f"""---
library_name: safetensors
tags: [computation-in-superposition, interpretability, ground-truth, synthetic]
---

# {config.n_circuits} {each} in {neurons} neurons

A network of {config.n_relu} layers of D = {neurons} neurons, in which T = {config.n_circuits} circuits of d =
{width} neurons compute in superposition, {config.n_layers} layers deep (construction `{config.construction}`, made
by jaxsuper {config.made_with.get("jaxsuper", "")}). Nothing was trained. {config.n_active} of them start in a
sample. One network with each circuit on neurons of its own would hold {naive}. Which circuit is where, which
weight is whose, and what is on in every sample stands in `truth.safetensors` and `samples.safetensors`: it is for
scoring, and no method is to look at it. Idea and published construction: Linsefors and Bushnaq, "Rotations in
Superposition" (2025), and "Circuits in Superposition 2" (2025); hand-coded networks for parameter decomposition
before: Gibson, the ping-pong construction (2025), 64 circuits in 64 neurons.

## Where it stands

{_position(config)}

Errors by layer, {config.n_active} active, of samples other than the exported ones:

{_errors(config)}

## Against the naive baseline

The baseline computes D/d = {naive} of the circuits exactly and answers 0 for the others: its error per active
circuit is (1 - D/(d T)) |q|^2. The network's are of what it is read as, per active circuit, and summed over all
{config.n_circuits} circuits per sample, where everything that is read of a circuit that is off counts; `gated`
reads a circuit only where its own indicator is above 1/2, which is no linear readout.

{_baseline(config)}

## Whose the weights are

{_labels(config)}

{labels}

## Load it

NumPy (`layers[k]` are the activations of layer k of all samples; those reported are in `samples.safetensors`, and
agree to 1e-5):

```python
{_NUMPY}```

JAX:

```python
{_JAX}```

PyTorch:

```python
{_TORCH}```

{_MASKED if config.activation == "masked" else ""}`hooked.py` is the same as a `torch.nn.Module`, its state dict that of `model.safetensors`, with a module
`hooks.k` for every layer that hooks, caches and libraries can be put on. Names, shapes and types of all arrays:
`jaxsuper.testbed`, file `_format.py`; all integers are int32, all numbers float32, nothing is pickled. What
`inputs` hold: {config.inputs}.

## Settings

Samples: {config.n_samples}, seed {config.seed}. {settings or "Made by hand."}
"""
