"""Stochastic parameter decomposition: weights as rank-one components, few of which matter for an input.

After the description by Bushnaq, Braun, Sharkey, "Stochastic Parameter Decomposition" (2025),
arXiv 2506.20790. Every W_k is a sum of components u_c v_c^T. How much component c matters for an
input is g_c = hard sigmoid of a small network of its own, which sees only h_c = v_c . a. What does not
matter may be scaled by anything:

    m_c = g_c + (1 - g_c) r_c,    r_c uniform in 0..1,    W_k(m) = sum_c m_c u_c v_c^T

    loss = faithful sum_k |W_k - sum_c u_c v_c^T|^2 / sum_k |W_k|^2
         + E_r |a(m) - a|^2 / E |a - mean a|^2           all layers masked at once
         + 1/K sum_k the same                            layer k alone masked
         + sparsity sum_k,c |g_c|^p

a is the activity after the last layer. Leaks of the hard sigmoid let gradients through: below 0 in
masks, above 1 in the last term. Components that matter for no sample (g < 0.1) are left out of the
answer: they are what is left over.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..._arrays import root_key
from ..._errors import check
from .._answer import Answer, answer_of
from .._components import dense_pairs, parts_of
from .._export import Export
from ._options import Options, Report
from ._train import descend, Run


_HIDDEN, _LEAK, _POWER = 8, 0.01, 1.0
_FAITHFUL = 10.0
# Components that matter less for all samples are left over.
_MATTERS = 0.1


class Decomposition(NamedTuple):
    """Components of all layers k = 1..K-1, and how much they matter.

    Attributes:
        u: what they write.
        v: what they read.
        first: weights of the small networks' hidden neurons.
        shift: their biases.
        second: weights of the outputs.
        end: biases of the outputs.
    """

    u: Float[Array, "K C D"]
    v: Float[Array, "K C D"]
    first: Float[Array, "K C H"]
    shift: Float[Array, "K C H"]
    second: Float[Array, "K C H"]
    end: Float[Array, "K C"]


class Target(NamedTuple):
    """The network: W_k and b_k of k = 1..K-1, the variance of the last layer, and the weight."""

    weights: Float[Array, "K D D"]
    biases: Float[Array, "K D"]
    variance: Float[Array, ""]
    sparsity: Float[Array, ""]


def _product(one: Array, other: Array) -> Array:
    return jnp.matmul(one, other, precision="highest")


def _gates(params: Decomposition, layer: int, read: Float[Array, "B C"]) -> Float[Array, "B C"]:
    """Return how much components matter, before the hard sigmoid."""
    hidden = read[..., None] * params.first[layer][None] + params.shift[layer][None]
    return (
        jnp.sum(jax.nn.gelu(hidden) * params.second[layer][None], axis=2) + params.end[layer][None]
    )


def _after(target: Target, layer: int, values: Float[Array, "B D"]) -> Float[Array, "B D"]:
    """Return the last layer's activity, from what layers before `layer` made."""
    for k in range(layer, len(target.weights)):
        values = jax.nn.relu(_product(values, target.weights[k].T) + target.biases[k][None])
    return values


def _masked(
    params: Decomposition, target: Target, layer: int, values: Array, mask: Array
) -> Float[Array, "B D"]:
    read = _product(values, params.v[layer].T)
    written = _product(read * mask, params.u[layer])
    return jax.nn.relu(written + target.biases[layer][None])


def decomposition_loss(
    params: Decomposition, batch: Any, key: Any, share: Any, settings: Target
) -> Float[Array, ""]:
    """Return the loss above; batch is the activity of layer 0, (B, D)."""
    del share
    target, depth = settings, len(settings.weights)
    values, before = batch, []
    masks, minimal = [], jnp.zeros(())
    for k in range(depth):
        before.append(values)
        raw = _gates(params, k, _product(values, params.v[k].T))
        lower = jnp.minimum(jnp.where(raw > 0, raw, _LEAK * raw), 1.0)
        upper = jnp.maximum(jnp.where(raw < 1, raw, 1 + _LEAK * (raw - 1)), 0.0)
        drawn = jax.random.uniform(jax.random.fold_in(key, k), raw.shape)
        masks.append(lower + (1 - lower) * drawn)
        minimal = minimal + jnp.mean(jnp.sum(upper**_POWER, axis=1))
        values = jax.nn.relu(_product(values, target.weights[k].T) + target.biases[k][None])
    apart = lambda made: jnp.mean(jnp.sum((made - values) ** 2, axis=1)) / target.variance
    together, alone = before[0], jnp.zeros(())
    for k in range(depth):
        together = _masked(params, target, k, together, masks[k])
        one = _masked(params, target, k, before[k], masks[k])
        alone = alone + apart(_after(target, k + 1, one)) / depth
    sums = jnp.einsum("kci,kcj->kij", params.u, params.v, precision="highest")
    missed = jnp.sum((target.weights - sums) ** 2) / jnp.sum(target.weights**2)
    return _FAITHFUL * missed + apart(together) + alone + target.sparsity * minimal


def gates_loss(
    params: Decomposition, batch: Any, key: Any, share: Any, settings: Target
) -> Float[Array, ""]:
    """Return the same loss, with components that do not learn."""
    fixed = params._replace(u=jax.lax.stop_gradient(params.u), v=jax.lax.stop_gradient(params.v))
    return decomposition_loss(fixed, batch, key, share, settings)


def _start(export: Export, options: Options) -> tuple[Decomposition, list[np.ndarray] | None]:
    """Return the start, and of an ideal one the pairs of its components by layer, -1 for none."""
    config = export.config
    n_neurons = int(config.n_neurons)
    layers = range(1, int(config.n_relu))
    weights = [np.asarray(export.model[f"layers.{k}.weight"]) for k in layers]
    if options.start == "ideal":
        # The pairs, and what is left over by its singular vectors: together they are W.
        found, pairs = [], []
        for k, weight in zip(layers, weights, strict=True):
            u, v = dense_pairs(parts_of(export, k), n_neurons)
            left, sizes, right = np.linalg.svd(weight - u.T @ v)
            root = np.sqrt(sizes)[:, None]
            found.append((np.concatenate([u, left.T * root]), np.concatenate([v, right * root])))
            pairs.append(np.concatenate([np.arange(len(u)), np.full(n_neurons, -1)]))
        most = max(len(u) for u, _ in found)
        filled = [[np.pad(one, ((0, most - len(one)), (0, 0))) for one in both] for both in found]
        u, v = (np.stack([both[side] for both in filled]) for side in (0, 1))
        # Components of equal length on both sides read activity of its own size.
        balance = _balance(u, v)
        u, v = u * balance, v / balance
        pairs = [np.pad(own, (0, most - len(own)), constant_values=-1) for own in pairs]
    else:
        # As many as a rank of c for each circuit takes, and the neurons for the rest.
        most = options.n_units or len(config.channels) * int(config.n_circuits) + n_neurons
        generator = np.random.default_rng(options.seed)
        shape = (len(weights), most, n_neurons)
        u, v = (generator.standard_normal(shape, np.float32) for _ in range(2))
        norms = np.array([np.linalg.norm(weight) for weight in weights], np.float32)
        scale = np.sqrt(norms / (n_neurons * most**0.5))[:, None, None]
        u, v, pairs = u * scale, v * scale, None
    key = root_key(options.seed)
    shape = (*u.shape[:2], _HIDDEN)
    first = jax.random.normal(key, shape)
    second = jax.random.normal(jax.random.fold_in(key, 1), shape) / _HIDDEN
    end = jnp.full(shape[:2], 0.5)
    made = Decomposition(
        jnp.asarray(u, jnp.float32),
        jnp.asarray(v, jnp.float32),
        first,
        jnp.zeros(shape),
        second,
        end,
    )
    return made, pairs


def _balance(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    sizes = [np.linalg.norm(side, axis=2, keepdims=True) for side in (u, v)]
    both = (sizes[0] > 0) & (sizes[1] > 0)
    return np.where(both, np.sqrt(sizes[1] / np.where(both, sizes[0], 1)), 1)


def decomposition(export: Export, options: Options, report: Report) -> Answer:
    """Return the components of all weights that matter for some sample.

    Args:
        export: the network, of ReLU layers.
        options: `n_units` (components of a layer; c T + D if left out),
            `sparsity`, `steps`, `batch_size`, `learning_rate`, `start`: from the ideal one the small
            networks are trained alone first, for as many steps.
        report: of steps.

    Raises:
        ValueError: for a network that is no ReLU network, or has no weights.
    """
    config = export.config
    check(config.activation == "relu", "method", "must be given ReLU networks", config.activation)
    check(config.n_relu > 1, "method", "must be given layers with weights", config.n_relu)
    start, pairs = _start(export, options)
    layers = range(1, int(config.n_relu))
    weights = jnp.asarray(np.stack([export.model[f"layers.{k}.weight"] for k in layers]))
    biases = jnp.asarray(np.stack([export.model[f"layers.{k}.bias"] for k in layers]))
    values = jnp.asarray(np.asarray(export.samples["activations.0"], np.float32))
    last = _after(Target(weights, biases, jnp.ones(()), jnp.ones(())), 0, values)
    variance = jnp.mean(jnp.sum((last - jnp.mean(last, axis=0, keepdims=True)) ** 2, axis=1))
    sparsity = jnp.asarray(options.sparsity or 3e-3, jnp.float32)
    target = Target(weights, biases, jnp.maximum(variance, 1e-12), sparsity)
    run = Run(
        decomposition_loss,
        target,
        values,
        options.steps or 3000,
        float(options.learning_rate or 3e-3),
        options.batch_size,
        options.seed,
        "spd",
    )
    if options.start == "ideal":
        # What matters is not known at the start: learned first, it drives no component away.
        gates = run._replace(objective=gates_loss, name="spd-gates")
        start = descend(start, gates, report, options.checkpoint)
    trained = descend(start, run, report, options.checkpoint)
    found: dict[str, np.ndarray] = {}
    for place, layer in enumerate(layers):
        raw = _gates(trained, place, _product(values, trained.v[place].T))
        matters = np.asarray(jnp.max(raw, axis=0) >= _MATTERS)
        values = _after(
            Target(weights[place : place + 1], biases[place : place + 1], *target[2:]), 0, values
        )
        found[f"components.{layer}.u"] = np.asarray(trained.u[place]) * matters[:, None]
        found[f"components.{layer}.v"] = np.asarray(trained.v[place]) * matters[:, None]
        if pairs is not None:
            found[f"components.{layer}.pair"] = pairs[place]
    return answer_of(found, "spd")
