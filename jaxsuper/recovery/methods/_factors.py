"""Factorisations of activations: A = codes directions, by layer, of what well-kept libraries have.

PCA and SVD are NumPy's, semi-NMF is a few lines; the rest is scikit-learn's (extra `recovery`).
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from .._answer import Answer, answer_of
from .._export import Export
from ._options import activations_by_layer, Options, Report, units_of


Factored = tuple[Float[np.ndarray, "C D"], Float[np.ndarray, "N C"]]
_TINY = 1e-9


def sklearn_decomposition() -> Any:
    """Return `sklearn.decomposition`.

    Raises:
        ValueError: if scikit-learn is not installed.
    """
    try:
        import sklearn.decomposition as decomposition
    except ImportError:
        wanted = "this method needs scikit-learn: pip install 'jaxsuper[recovery]'"
        raise ValueError(f"`method`: {wanted}") from None
    return decomposition


def _factors(name: str, factor: Callable[..., Factored]) -> Callable[..., Answer]:
    """Return the method that factors the activations of every reported layer."""

    def method(export: Export, options: Options, report: Report) -> Answer:
        found = {}
        for layer, values in activations_by_layer(export, report):
            directions, codes = factor(values, units_of(options, export), options)
            # A source that is seldom on has its long tail where it is.
            centred = codes - codes.mean(axis=0, keepdims=True)
            sign = np.where((centred**3).sum(axis=0) < 0, -1, 1).astype(np.float32)
            found[f"directions.{layer}"] = directions * sign[:, None]
            found[f"indicators.{layer}"] = codes * sign[None]
        return answer_of({name: np.asarray(v, np.float32) for name, v in found.items()}, name)

    method.__doc__ = factor.__doc__
    return method


def _pca(values: np.ndarray, units: int, options: Options) -> Factored:
    """Principal components: the directions of largest variance, at most D."""
    return _svd(values - values.mean(axis=0, keepdims=True), units, options)


def _svd(values: np.ndarray, units: int, options: Options) -> Factored:
    """Right singular vectors of the activations as they are, at most D."""
    _, vectors = np.linalg.eigh(values.T @ values)
    directions = vectors[:, ::-1][:, : min(units, values.shape[1])].T
    return directions, values @ directions.T


def _fast_ica(values: np.ndarray, units: int, options: Options) -> Factored:
    """Independent components (FastICA), directions are the columns of the mixing matrix."""
    living = int((values.std(axis=0) > 0).sum())
    model = sklearn_decomposition().FastICA(
        min(units, living, len(values) - 1),
        whiten="unit-variance",
        random_state=options.seed,
        max_iter=options.steps or 200,
        tol=1e-3,
    )
    codes = _quietly(model.fit_transform, values)
    return model.mixing_.T, codes


def _nmf(values: np.ndarray, units: int, options: Options) -> Factored:
    """Non-negative matrix factorisation, by coordinate descent from NNDSVD or a random start."""
    least = min(values.shape)
    model = sklearn_decomposition().NMF(
        units,
        init="nndsvda" if units <= least else "random",
        random_state=options.seed,
        max_iter=options.steps or 200,
        alpha_W=options.sparsity or 0.0,
    )
    codes = _quietly(model.fit_transform, np.maximum(values, 0))
    return model.components_, codes


def _dictionary(values: np.ndarray, units: int, options: Options) -> Factored:
    """Dictionary learning with sparse codes, in minibatches (Mairal et al. 2009)."""
    model = sklearn_decomposition().MiniBatchDictionaryLearning(
        units,
        alpha=options.sparsity or 1.0,
        batch_size=options.batch_size,
        random_state=options.seed,
        max_iter=options.steps or 10,
        transform_algorithm="lasso_cd",
        fit_algorithm="cd",
    )
    codes = _quietly(model.fit_transform, values)
    return model.components_, codes


def _semi_nmf(values: np.ndarray, units: int, options: Options) -> Factored:
    """Semi-NMF (Ding, Li, Jordan 2010): codes not negative, directions of any sign.

    With A = G F, G >= 0, in turns F = (G'G)^-1 G'A and
    G <- G sqrt(((A F')+ + G (F F')-) / ((A F')- + G (F F')+)), from the clusters of k-means + 0.2.
    """
    codes = _nearest(values, units, np.random.default_rng(options.seed)) + np.float32(0.2)
    directions = np.zeros((units, values.shape[1]), np.float32)
    for _ in range(options.steps or 200):
        square = codes.T @ codes
        square[np.diag_indices(units)] += np.float32(1e-6 * np.trace(square) / units + _TINY)
        directions = np.linalg.solve(square, codes.T @ values)
        mixed, inner = values @ directions.T, directions @ directions.T
        up = np.maximum(mixed, 0) + codes @ np.maximum(-inner, 0)
        down = np.maximum(-mixed, 0) + codes @ np.maximum(inner, 0)
        codes = codes * np.sqrt(up / (down + np.float32(_TINY)))
    return directions, codes


def _nearest(values: np.ndarray, units: int, generator: np.random.Generator) -> np.ndarray:
    """Return 1 for the cluster of each sample, (N, C): ten steps of k-means from random samples."""
    centres = values[generator.integers(0, len(values), units)]
    near = np.zeros(len(values), int)
    for _ in range(10):
        apart = (centres**2).sum(axis=1)[None] - 2 * values @ centres.T
        near = apart.argmin(axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, near, values)
        counts = np.bincount(near, minlength=units)[:, None]
        centres = np.where(counts > 0, sums / np.maximum(counts, 1), centres).astype(np.float32)
    return np.eye(units, dtype=np.float32)[near]


def _quietly(fit: Callable[..., Any], values: np.ndarray) -> np.ndarray:
    """Fit; that iterations ran out is said by the score."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit(values)


pca = _factors("pca", _pca)
svd = _factors("svd", _svd)
fast_ica = _factors("fast-ica", _fast_ica)
nmf = _factors("nmf", _nmf)
semi_nmf = _factors("semi-nmf", _semi_nmf)
dictionary = _factors("dictionary", _dictionary)
