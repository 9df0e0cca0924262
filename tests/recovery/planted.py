"""A network with planted truth, made by hand: what is to be found is known without any library."""

from types import SimpleNamespace
from typing import Any

import numpy as np


def planted(
    n_circuits=8,
    copies=3,
    spare=4,
    samples=60,
    n_active=2,
    interference=0.0,
    successor=None,
    seed=0,
) -> Any:
    """Circuits of two rows on neurons of their own, other ones in every layer; three layers.

    Args:
        n_circuits: T.
        copies: neurons that stand for a row.
        spare: neurons that no circuit uses.
        samples: N.
        n_active: z.
        interference: standard deviation of all weights that no circuit uses.
        successor: (T,), which circuit each hands on to, for a program.
        seed: of everything.
    """
    random = np.random.default_rng(seed)
    width, n_layers = 2, 3
    held = n_circuits * width * copies
    n_neurons = held + spare
    rows = np.repeat(np.arange(width), copies).astype(np.int32)
    neurons = [
        random.permutation(n_neurons)[:held].reshape(n_circuits, -1).astype(np.int32)
        for _ in range(n_layers)
    ]
    sources = np.arange(n_circuits, dtype=np.int32)
    targets = sources if successor is None else np.asarray(successor, np.int32)
    model: dict[str, Any] = {}
    truth: dict[str, Any] = {"rows": rows, **{f"neurons.{k}": neurons[k] for k in range(n_layers)}}
    small = random.uniform(0.2, 1, (n_layers, n_circuits, width, width)).astype(np.float32)
    for k in range(1, n_layers):
        weights = np.zeros((n_neurons, n_neurons), np.float32)
        for s, t in zip(sources, targets, strict=True):
            block = small[k, t][rows][:, rows] / copies
            weights[np.ix_(neurons[k][t], neurons[k - 1][s])] = block
        labels = (weights != 0).astype(np.uint8)
        noise = interference * random.standard_normal(weights.shape, np.float32)
        if interference:
            weights, labels = weights + noise * (labels == 0), np.where(labels == 0, 3, labels)
        model[f"layers.{k}.weight"] = weights
        truth[f"labels.{k}"] = labels
        truth[f"parts.{k}.sources"], truth[f"parts.{k}.targets"] = sources, targets
        truth[f"parts.{k}.weights"] = small[k, targets] / copies
        truth[f"pairs.{k}.part"] = np.repeat(sources, width)
        truth[f"pairs.{k}.u"] = np.swapaxes(small[k, targets], 1, 2).reshape(-1, width)
        truth[f"pairs.{k}.v"] = np.tile(np.eye(width, dtype=np.float32) / copies, (n_circuits, 1))
        truth[f"edges.{k - 1}.sources"], truth[f"edges.{k - 1}.targets"] = sources, targets
    for k in range(n_layers):
        model[f"layers.{k}.bias"] = np.zeros(n_neurons, np.float32)
        model[f"readout.{k}.neurons"] = neurons[k]
    one_hot = (rows[:, None] == np.arange(width)[None]).astype(np.float32)
    model["embedding.neurons"] = neurons[0]
    model["embedding.weight"] = np.tile(one_hot, (n_circuits, 1, 1))
    model["readout.weight"] = one_hot.T / copies
    model["readout.shared"] = np.zeros((width, n_neurons), np.float32)
    model["readout.constant"] = np.zeros(width, np.float32)
    truth |= {f"hops.{h}.layers": np.zeros(n_circuits, np.int32) for h in (1, 2)}
    truth |= {f"hops.{h}.sources": sources for h in (1, 2)}
    truth |= {"hops.1.targets": targets, "hops.2.targets": targets[targets]}
    active = np.stack([random.permutation(n_circuits)[:n_active] for _ in range(samples)])
    inputs = random.uniform(0.5, 1.5, (samples, n_active, width)).astype(np.float32)
    on, values, exact = [active], [inputs], inputs
    for k in range(1, n_layers):
        on.append(targets[on[-1]])
        exact = np.einsum("nzij,nzj->nzi", small[k][on[-1]], exact)
        values.append(exact)
    layers = np.zeros((samples, n_neurons), np.float32)
    for n in range(samples):
        for circuit, given in zip(active[n], inputs[n], strict=True):
            layers[n, neurons[0][circuit]] += given[rows]
    stored = {"activations.0": layers}
    for k in range(1, n_layers):
        layers = np.maximum(layers @ model[f"layers.{k}.weight"].T, 0)
        stored[f"activations.{k}"] = layers
    return SimpleNamespace(
        config=SimpleNamespace(
            n_neurons=n_neurons,
            n_circuits=n_circuits,
            circuit_width=width,
            redundancy=width * copies,
            n_layers=n_layers,
            n_relu=n_layers,
            reported=[0, 1, 2],
            n_active=n_active,
            n_samples=samples,
            channels=["on", "x"],
            activation="relu",
            program=successor is not None,
        ),
        model=model,
        truth=truth,
        samples={
            "active": np.stack(on, axis=1).astype(np.int32),
            "embedded": active.astype(np.int32),
            "inputs": inputs,
            "truth": np.stack(values, axis=1).astype(np.float32),
            **stored,
        },
    )
