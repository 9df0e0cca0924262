"""Errors of embeddings over every single input, and embeddings of all kinds to try."""

import numpy as np

from ... import features


def exact_error(embedding: features.Embedding, readout: features.Linear, z: int) -> float:
    """Return the mean squared error over every single input, in double precision."""
    sets = features.active_sets(embedding.n_features, z)
    inputs = np.zeros((len(sets), embedding.n_features))
    np.put_along_axis(inputs, sets, 1, axis=1)
    vectors = np.asarray(embedding.vectors, np.float64)
    outputs = inputs @ vectors @ np.asarray(readout.weights, np.float64).T
    return float(((inputs - outputs) ** 2).sum(axis=1).mean())


def some_embeddings(T: int, D: int, key) -> dict[str, features.Embedding]:
    """Return embeddings of all kinds that exist for T features in D neurons."""
    return {
        "random": features.random_unit(T, D, key=key),
        "shared": features.shared_neurons(T, D, key=key),
        "tight": features.tight_frame(T, D, key=key),
        "dedicated": features.one_per_neuron(T, D),
    }
