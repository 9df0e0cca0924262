"""Sparse autoencoders of activations, those of all layers side by side in one program.

    f = relu(E (a - b_d) + b_e)        or the k largest of it
    a' = D f + b_d

    L1:    |a - a'|^2 + sparsity sum_c f_c |D_c|
    TopK:  |a - a'|^2 + 1/32 |a - a' - D f_dead|^2,  f_dead: the largest of latents that are not kept

Activations are scaled by layer so that |a - mean|^2 is 1 in the mean, and so `sparsity` means the same
everywhere. The penalty takes the size of the decoder with it (no norms are held); the second term of
TopK keeps latents from dying (Gao et al. 2024).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._arrays import root_key
from .._answer import Answer, answer_of
from .._export import Export, reported_of
from .._truth import templates
from ._options import Options, Report, units_of
from ._train import descend, Run


_AUXILIARY = 1 / 32
# Latents that stand in for the dead ones, in units of those that are kept.
_SPARES = 4


class Autoencoder(NamedTuple):
    """Weights of one dictionary, or with one axis more in front of several."""

    encoder: Float[Array, "*L C D"]
    gate: Float[Array, "*L C"]
    decoder: Float[Array, "*L C O"]
    centre: Float[Array, "*L D"]
    bias: Float[Array, "*L O"]


def _reached(coder: Autoencoder, inputs: Float[Array, "B D"]) -> Float[Array, "B C"]:
    """Return what reaches the latents, before their ReLU."""
    return _product(inputs - coder.centre[None], coder.encoder.T) + coder.gate[None]


def latents(coder: Autoencoder, inputs: Float[Array, "B D"]) -> Float[Array, "B C"]:
    """Return what the latents are before any are left out."""
    return jax.nn.relu(_reached(coder, inputs))


def decoded(coder: Autoencoder, codes: Float[Array, "B C"]) -> Float[Array, "B O"]:
    """Return what latents stand for."""
    return _product(codes, coder.decoder) + coder.bias[None]


def _product(one: Array, other: Array) -> Array:
    return jnp.matmul(one, other, precision="highest")


def kept(codes: Float[Array, "B C"], k: int) -> Float[Array, "B C"]:
    """Return the k largest latents of each sample; ties are kept."""
    if k >= codes.shape[1]:
        return codes
    least = jax.lax.top_k(codes, k)[0][:, -1:]
    return jnp.where(codes >= least, codes, 0.0)


def _squares(wrong: Float[Array, "B O"]) -> Float[Array, ""]:
    return jnp.mean(jnp.sum(wrong**2, axis=1))


def l1_loss(params: Any, batch: Any, key: Any, share: Any, settings: Any) -> Float[Array, ""]:
    """Return the L1 loss, summed over dictionaries; batch is (inputs, outputs), (L, B, D or O)."""
    del key, share

    def one(coder: Autoencoder, inputs: Array, outputs: Array) -> Array:
        codes = latents(coder, inputs)
        sizes = jnp.linalg.norm(coder.decoder, axis=1)
        penalty = jnp.mean(jnp.sum(codes * sizes[None], axis=1))
        return _squares(outputs - decoded(coder, codes)) + settings * penalty

    return jnp.sum(jax.vmap(one)(params, *batch))


def top_k_loss(k: int) -> Any:
    """Return the TopK loss of so many latents, the same function at every call."""
    if k not in _TOP_K:

        def loss(params: Any, batch: Any, key: Any, share: Any, settings: Any) -> Array:
            del key, share, settings

            def one(coder: Autoencoder, inputs: Array, outputs: Array) -> Array:
                reached = _reached(coder, inputs)
                units = reached.shape[1]
                # One sort for both: the k largest, and those that come next.
                largest = jax.lax.top_k(reached, min((1 + _SPARES) * k, units))[0]
                first, last = largest[:, min(k, units) - 1, None], largest[:, -1:]
                best = jnp.where(reached >= first, jax.nn.relu(reached), 0.0)
                wrong = outputs - decoded(coder, best)
                # Also below their threshold, so that dead ones learn.
                next_ones = (reached < first) & (reached >= last)
                spare = jnp.where(next_ones, jax.nn.softplus(reached), 0.0)
                mended = jax.lax.stop_gradient(wrong) - _product(spare, coder.decoder)
                return _squares(wrong) + _AUXILIARY * _squares(mended)

            return jnp.sum(jax.vmap(one)(params, *batch))

        _TOP_K[k] = loss
    return _TOP_K[k]


_TOP_K: dict[int, Any] = {}


def scaled(tables: Float[np.ndarray, "L N D"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return activations whose |a - mean|^2 is 1 in the mean, the means, and the factors."""
    means = tables.mean(axis=1)
    spread = ((tables - means[:, None]) ** 2).sum(axis=2).mean(axis=1)
    factors = (1 / np.sqrt(np.where(spread > 0, spread, 1))).astype(np.float32)
    return tables * factors[:, None, None], means * factors[:, None], factors


def random_coders(
    seed: int, units: int, means: Float[np.ndarray, "L D"], outputs: Float[np.ndarray, "L O"]
) -> Autoencoder:
    """Return dictionaries of random directions, encoders like decoders where both are as wide."""
    layers, width = means.shape
    key = root_key(seed)
    encoder = jax.random.normal(key, (layers, units, width))
    encoder = encoder / jnp.linalg.norm(encoder, axis=2, keepdims=True)
    decoder = encoder
    if means is not outputs:
        decoder = jax.random.normal(jax.random.fold_in(key, 1), (layers, units, outputs.shape[1]))
        decoder = decoder / jnp.linalg.norm(decoder, axis=2, keepdims=True)
    gate = jnp.zeros((layers, units))
    return Autoencoder(encoder, gate, 0.3 * decoder, jnp.asarray(means), jnp.asarray(outputs))


def _coders(
    export: Export,
    options: Options,
    report: Report,
    name: str,
    loss: Any,
    settings: Any,
    rate: float,
) -> tuple[Autoencoder, np.ndarray]:
    """Train the dictionaries of all layers; return them and what they were trained on."""
    layers = reported_of(export)
    given = [np.asarray(export.samples[f"activations.{k}"], np.float32) for k in layers]
    tables, means, factors = scaled(np.stack(given))
    coders = random_coders(options.seed, units_of(options, export), means, means)
    if options.start == "ideal":
        coders = _ideal(export, means, factors)
    data = jnp.asarray(tables)
    run = Run(
        loss,
        settings,
        (data, data),
        options.steps or 2000,
        float(options.learning_rate or rate),
        options.batch_size,
        options.seed,
        name,
    )
    return descend(coders, run, report, options.checkpoint), tables


def _ideal(export: Export, means: np.ndarray, factors: np.ndarray) -> Autoencoder:
    """Return dictionaries of the circuits' mean activities, read where they are written.

    The threshold is half of what an active circuit alone reaches, and nothing is subtracted.
    """
    found = [templates(export, layer) for layer in reported_of(export)]
    true = jnp.asarray(np.stack(found))
    # Of unit directions the median size over layers, in scaled activations.
    size = float(np.median(factors)) * 2.0
    gate = jnp.full(true.shape[:2], -0.5 * size)
    zero = jnp.zeros_like(jnp.asarray(means))
    return Autoencoder(true, gate, 2.0 * true, zero, zero)


def _answer(export: Export, coders: Autoencoder, codes: np.ndarray, name: str) -> Answer:
    found = {}
    for place, layer in enumerate(reported_of(export)):
        fired = codes[place].any(axis=0)
        decoder = np.asarray(coders.decoder[place])
        # Latents that never are on claim nothing.
        found[f"directions.{layer}"] = decoder * fired[:, None]
        found[f"indicators.{layer}"] = codes[place] * np.linalg.norm(decoder, axis=1)[None]
    return answer_of({key: np.asarray(v, np.float32) for key, v in found.items()}, name)


def l1_autoencoder(export: Export, options: Options, report: Report) -> Answer:
    """Return decoders and latents of sparse autoencoders with an L1 penalty.

    Args:
        export: the network.
        options: `n_units`, `sparsity`, `steps`, `batch_size`, `learning_rate`, `start`.
        report: of steps.
    """
    settings = jnp.asarray(options.sparsity or 0.1, jnp.float32)
    coders, tables = _coders(export, options, report, "sae-l1", l1_loss, settings, 3e-3)
    return _answer(export, coders, _codes(coders, tables, None), "sae-l1")


def top_k_autoencoder(export: Export, options: Options, report: Report) -> Answer:
    """Return decoders and latents of TopK sparse autoencoders.

    Args:
        export: the network.
        options: `n_units`, `k` (the network's z), `steps`, `batch_size`, `learning_rate`, `start`.
        report: of steps.
    """
    k = options.k or int(export.config.n_active)
    none = jnp.zeros(())
    coders, tables = _coders(export, options, report, "sae-topk", top_k_loss(k), none, 3e-3)
    return _answer(export, coders, _codes(coders, tables, k), "sae-topk")


def _codes(coders: Autoencoder, tables: np.ndarray, k: int | None) -> np.ndarray:
    """Return the latents of all samples, (L, N, C)."""
    found = []
    for place, table in enumerate(tables):
        codes = latents(jax.tree.map(lambda leaf, i=place: leaf[i], coders), jnp.asarray(table))
        found.append(np.asarray(codes if k is None else kept(codes, k)))
    return np.stack(found)
