"""Exports to test, and plain NumPy that runs them."""

from typing import Any

import numpy as np
from jaxsuper import network, simulation
from jaxsuper.testbed import export, read_export


# The parameters that each construction is made with, besides its circuits.
SETTINGS: dict[str, dict[str, Any]] = {
    "block": {"redundancy": 1, "n_circuits": 100},
    "private": {"redundancy": 3, "gate_bias": 4.0},
    "carried": {"redundancy": 3},
    "early-guess": {"redundancy": 3},
    "separate": {"redundancy": 3},
}


def settings(construction, **changes):
    kind = network.traits_of(construction).needs.kind
    given: dict[str, Any] = {
        "network_width": 96,
        "n_circuits": 40,
        "redundancy": 3,
        "n_layers": 3,
        "n_active": 2,
        "allocation": "transversal",
        "circuit": kind,
        "construction": construction,
    }
    return simulation.Configuration(**(given | SETTINGS.get(construction, {}) | changes))


def exported(construction, folder, n_samples=24, **changes):
    configuration = settings(construction, **changes)
    made = simulation.prepare(configuration)
    options: dict[str, Any] = {
        "n_active": configuration.n_active,
        "n_samples": n_samples,
        "loads": (1, 2),
    }
    export(made, folder, settings=configuration, measured=32, **options)
    return made, read_export(folder, verify=True)


def run(model, samples, n_relu, mask=None):
    """Return A_0..A_K-1 of all samples, as the card says it: no jaxsuper."""
    at, into = model["embedding.neurons"], model["embedding.weight"]
    ids = np.minimum(samples["embedded"], len(at) - 1)
    A = np.repeat(model["layers.0.bias"][None], len(ids), axis=0)
    for slot in range(ids.shape[1]):
        given = np.einsum("nrd,nd->nr", into[ids[:, slot]], samples["inputs"][:, slot])
        np.add.at(A, (np.arange(len(ids))[:, None], at[ids[:, slot]]), given)
    act = (lambda A, k: np.maximum(A, 0)) if mask is None else mask
    layers = [act(A, 0)]
    for k in range(1, n_relu):
        before = layers[-1] @ model[f"layers.{k}.weight"].T + model[f"layers.{k}.bias"]
        layers.append(act(before, k))
    return layers
