"""Transcoders: latents that read one layer and write others, each of them a claimed edge.

    f_g = relu(E_g (a_g - c_g) + e_g)
    neighbours:  a'_(g+1) = D_g f_g + b_(g+1)
    across:      a'_m = sum_{g<m} D_(g,m) f_g + b_m

A latent claims an edge from what it reads, the activity of its layer that goes with it, to what it
writes. Of neighbours edges of several hops are made by joining each latent to the one of the next
layer that reads what is nearest to what it writes; of one across layers a latent claims those later
layers in which its decoder has a tenth of its largest norm at least.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._errors import check
from .._answer import Answer, answer_of
from .._export import Export, reported_of
from .._match import unit_rows
from ._autoencoders import (
    Autoencoder,
    kept,
    l1_loss,
    latents,
    random_coders,
    scaled,
    top_k_loss,
)
from ._options import Options, Report, units_of
from ._train import descend, Run


# A decoder below this share of a latent's largest one claims nothing.
_CLAIMS = 0.1


class Across(NamedTuple):
    """Weights of transcoders from each layer to all later ones.

    Attributes:
        coder: encoders by layer g = 0..L-2; its decoders are not used.
        writes: decoders (g, m, C, D) into layers m + 1.
        bias: of layers 1..L-1.
    """

    coder: Autoencoder
    writes: Float[Array, "G G C D"]
    bias: Float[Array, "G D"]


def across_loss(params: Across, batch: Any, key: Any, share: Any, settings: Any) -> Array:
    """Return squared errors of all later layers, and the penalty of the latents."""
    del key, share
    inputs, outputs = batch
    sparsity, later = settings
    codes = jax.vmap(latents)(params.coder, inputs)
    writes = params.writes * later[:, :, None, None]
    sizes = jnp.sqrt(jnp.sum(writes**2, axis=(1, 3)) + 1e-12)
    penalty = jnp.sum(jnp.mean(jnp.sum(codes * sizes[:, None], axis=2), axis=1))
    made = jnp.einsum("gbc,gmcd->mbd", codes, writes, precision="highest")
    wrong = outputs - made - params.bias[:, None]
    return jnp.sum(jnp.mean(jnp.sum(wrong**2, axis=2), axis=1)) + sparsity * penalty


def _tables(export: Export) -> tuple[np.ndarray, np.ndarray]:
    layers = len(reported_of(export))
    check(layers > 1, "method", "must be given two reported layers at least", layers)
    given = [export.samples[f"activations.{layer}"] for layer in reported_of(export)]
    tables, means, _ = scaled(np.stack([np.asarray(each, np.float32) for each in given]))
    return tables, means


def _run(loss: Any, settings: Any, tables: np.ndarray, options: Options, name: str) -> Run:
    data = jnp.asarray(tables)
    rate = float(options.learning_rate or 3e-3)
    steps = options.steps or 2000
    both = data[:-1], data[1:]
    return Run(loss, settings, both, steps, rate, options.batch_size, options.seed, name)


def _reads(codes: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return the activity that goes with each latent: its covariance with the layer it reads."""
    return (codes - codes.mean(axis=0, keepdims=True)).T @ (
        table - table.mean(axis=0, keepdims=True)
    )


def transcoder(export: Export, options: Options, report: Report) -> Answer:
    """Return edges of transcoders between neighbouring layers, joined to edges of several hops.

    Args:
        export: the network, of two reported layers at least.
        options: `n_units`, `k` (TopK; without it L1 with `sparsity`), `steps`, `batch_size`,
            `learning_rate`.
        report: of steps.
    """
    tables, means = _tables(export)
    coders = random_coders(options.seed, units_of(options, export), means[:-1], means[1:])
    settings = jnp.asarray(options.sparsity or 0.1, jnp.float32)
    loss = l1_loss if options.k is None else top_k_loss(options.k)
    coders = descend(
        coders, _run(loss, settings, tables, options, "transcoder"), report, options.checkpoint
    )
    reads, writes = [], []
    for place in range(len(tables) - 1):
        one = jax.tree.map(lambda leaf, i=place: leaf[i], coders)
        codes = latents(one, jnp.asarray(tables[place]))
        codes = np.asarray(codes if options.k is None else kept(codes, options.k))
        fired = codes.any(axis=0)
        reads.append(_reads(codes, tables[place])[fired])
        writes.append(np.asarray(one.decoder)[fired])
    found = {}
    for place in range(len(reads)):
        ends = writes[place]
        own = np.arange(len(ends))
        for hops in range(1, len(reads) - place + 1):
            if hops > 1:
                if not len(reads[place + hops - 1]):
                    break
                near = unit_rows(ends) @ unit_rows(reads[place + hops - 1]).T
                own, ends = own, writes[place + hops - 1][near.argmax(axis=1)]
            if len(own):
                found[f"edges.{place}.{hops}.reads"] = reads[place][own]
                found[f"edges.{place}.{hops}.writes"] = ends
    return _answer(found, "transcoder")


def cross_layer(export: Export, options: Options, report: Report) -> Answer:
    """Return edges of transcoders whose latents write into all later layers, trained together.

    Args:
        export: the network, of two reported layers at least.
        options: `n_units`, `sparsity`, `steps`, `batch_size`, `learning_rate`.
        report: of steps.
    """
    tables, means = _tables(export)
    gaps, units = len(tables) - 1, units_of(options, export)
    coders = random_coders(options.seed, units, means[:-1], means[1:])
    writes = jnp.repeat(coders.decoder[:, None], gaps, axis=1) / gaps
    later = jnp.asarray(np.triu(np.ones((gaps, gaps), np.float32)))
    settings = jnp.asarray(options.sparsity or 0.1, jnp.float32), later
    start = Across(coders, writes, jnp.asarray(means[1:]))
    run = _run(across_loss, settings, tables, options, "cross-layer")
    trained = descend(start, run, report, options.checkpoint)
    found = {}
    for place in range(gaps):
        one = jax.tree.map(lambda leaf, i=place: leaf[i], trained.coder)
        codes = np.asarray(latents(one, jnp.asarray(tables[place])))
        fired, reads = codes.any(axis=0), _reads(codes, tables[place])
        decoders = np.asarray(trained.writes[place, place:])
        sizes = np.linalg.norm(decoders, axis=2)
        for hops in range(1, gaps - place + 1):
            own = fired & (sizes[hops - 1] >= _CLAIMS * sizes.max(axis=0))
            if own.any():
                found[f"edges.{place}.{hops}.reads"] = reads[own]
                found[f"edges.{place}.{hops}.writes"] = decoders[hops - 1][own]
    return _answer(found, "cross-layer")


def _answer(found: dict[str, np.ndarray], name: str) -> Answer:
    return answer_of({key: np.asarray(v, np.float32) for key, v in found.items()}, name)
