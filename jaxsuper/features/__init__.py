"""Feature embeddings without computation: vectors, readouts, losses, learnt ones, geometry."""

from ._autoencoder import Autoencoders, train
from ._codes import sparse_code
from ._consistency import balanced, Consistency, consistency, flat_directions
from ._embedding import Embedding
from ._exact import cross_polytope, equiangular, polygon, simplex
from ._frames import tight_frame
from ._geometry import (
    cosines,
    count_geometries,
    dispersion,
    max_overlap,
    mean_square_overlap,
    sorted_cosines,
)
from ._harmonic import harmonic_frame
from ._linear import (
    best_feature_scales,
    best_scale,
    least_squares,
    linear_mse,
    optimal_scale,
    scaled,
    second_moments,
)
from ._losses import enumerate_losses, Estimate, Losses, measure
from ._neurons import one_per_neuron, shared_neurons
from ._objectives import loss_names, silent_loss
from ._random import random_unit
from ._readouts import AbstractReadout, Linear, Rectified, Threshold
from ._registry import kinds, make
from ._samples import active_sets, all_features, sample_features
from ._scans import scan_threshold


__all__ = [
    "AbstractReadout",
    "Autoencoders",
    "Consistency",
    "Embedding",
    "Estimate",
    "Linear",
    "Losses",
    "Rectified",
    "Threshold",
    "active_sets",
    "all_features",
    "balanced",
    "best_feature_scales",
    "best_scale",
    "consistency",
    "cosines",
    "count_geometries",
    "cross_polytope",
    "dispersion",
    "enumerate_losses",
    "equiangular",
    "flat_directions",
    "harmonic_frame",
    "kinds",
    "least_squares",
    "linear_mse",
    "loss_names",
    "make",
    "max_overlap",
    "mean_square_overlap",
    "measure",
    "one_per_neuron",
    "optimal_scale",
    "polygon",
    "random_unit",
    "sample_features",
    "scaled",
    "scan_threshold",
    "second_moments",
    "shared_neurons",
    "silent_loss",
    "simplex",
    "sorted_cosines",
    "sparse_code",
    "tight_frame",
    "train",
]
