"""Small transformers trained on a language of known ranges: what attention does that nobody built.

Heads know distances by a bias of their own, no absolute positions, so that a context that is cut off
looks to them as the same tokens did. Several seeds are trained side by side.
"""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from .._arrays import root_key
from .._limits import check_index
from .._types import KeyScalar, Scalar
from ._distances import distances_of
from ._drops import drop_correlation
from ._language import batch, Language, losses
from ._patterns import patterns_of
from ._scan import Rule
from ._truncation import truncation_similarity


_CHUNK = 50  # steps between two reports


class Small(eqx.Module):
    """A causal transformer of L layers with H heads.

    Attributes:
        embedding: (V, D).
        bias: (L, H, T), by distance.
        attend: (L, 4, D, D), queries, keys, values and outputs.
        into: (L, D, 4 D).
        back: (L, 4 D, D).
        read: (D, V).
    """

    embedding: Float[Array, "V D"]
    bias: Float[Array, "L H T"]
    attend: Float[Array, "L 4 D D"]
    into: Float[Array, "L D F"]
    back: Float[Array, "L F D"]
    read: Float[Array, "D V"]

    @classmethod
    def random(
        cls, language: Language, n_layers: int, n_heads: int, width: int, *, key: KeyScalar
    ) -> "Small":
        """Return an untrained network."""
        keys = jax.random.split(key, 5)
        normal = lambda key, *shape: jax.random.normal(key, shape) / shape[-2] ** 0.5
        return cls(
            jax.random.normal(keys[0], (language.n_tokens, width)),
            jnp.zeros((n_layers, n_heads, language.positions)),
            normal(keys[1], n_layers, 4, width, width),
            normal(keys[2], n_layers, width, 4 * width),
            normal(keys[3], n_layers, 4 * width, width) / n_layers**0.5,
            normal(keys[4], width, language.n_tokens),
        )

    def run(self, tokens: Int[Array, " n"]) -> tuple[Array, Array, Array]:
        """Return streams (L + 1, n, D), patterns (L, H, n, n) and scores (n, V)."""
        n, (_, H, most), D = len(tokens), self.bias.shape, self.embedding.shape[1]
        distance = jnp.arange(n)[:, None] - jnp.arange(n)[None, :]
        reach = jnp.clip(distance, 0, most - 1)

        def layer(stream, part):
            bias, attend, into, back = part
            seen = _normed(stream)
            q, k, v = (
                jnp.matmul(seen, each).reshape(n, H, D // H).swapaxes(0, 1) for each in attend[:3]
            )
            score = jnp.matmul(q, k.swapaxes(1, 2)) / (D // H) ** 0.5 + bias[:, reach]
            pattern = jax.nn.softmax(jnp.where((distance >= 0)[None], score, -jnp.inf), axis=-1)
            mixed = jnp.matmul(pattern, v).swapaxes(0, 1).reshape(n, D)
            stream = stream + jnp.matmul(mixed, attend[3])
            stream = stream + jnp.matmul(jax.nn.gelu(jnp.matmul(_normed(stream), into)), back)
            return stream, (stream, pattern)

        first = self.embedding[tokens]
        parts = (self.bias, self.attend, self.into, self.back)
        last, (streams, patterns) = jax.lax.scan(layer, first, parts)
        scores = jnp.matmul(_normed(last), self.read)
        return jnp.concatenate([first[None], streams]), patterns, scores

    def __call__(self, tokens: Int[Array, " n"]) -> Float[Array, "layers n D"]:
        """Return the residual streams: embeddings first, then behind each layer."""
        return self.run(tokens)[0]


def _normed(stream: Float[Array, "n D"]) -> Float[Array, "n D"]:
    return stream / jnp.sqrt(jnp.mean(stream**2, axis=-1, keepdims=True) + 1e-6)


@eqx.filter_jit
def _chunk(
    nets: Small,
    states: optax.OptState,
    keys: Array,
    start: Int[Array, ""],
    steps: Int[Array, ""],
    language: Language,
    size: int,
) -> tuple[Small, optax.OptState, Float[Array, "N 2"]]:
    """Take some steps of each network; return the mean losses of the last one."""

    def course(net, state, key):
        def step(carried, number):
            net, state = carried
            tokens, places = batch(language, size, key=jax.random.fold_in(key, number))

            def loss(net):
                each = jax.vmap(lambda t, p: losses(net.run(t)[2], t, p))(tokens, places)
                # The answer is one token of many: alone it would be learnt late.
                whole, answer = (jnp.mean(part) for part in each)
                return whole + 0.3 * answer, (whole, answer)

            slope, (whole, answer) = jax.grad(loss, has_aux=True)(net)
            done = number.astype(jnp.float32) / steps.astype(jnp.float32)
            rate = jnp.minimum(done * 20, 1.0) * 0.5 * (1 + jnp.cos(jnp.pi * done))
            with jax.numpy_dtype_promotion("standard"):  # optax mixes weak and integer types
                change, state = _ADAM.update(slope, state, net)
            move = lambda old, new: old - 3e-3 * rate * new
            return (jax.tree.map(move, net, change), state), jnp.stack([whole, answer])

        carried, found = jax.lax.scan(step, (net, state), start + jnp.arange(_CHUNK))
        return *carried, found[-1]

    return jax.vmap(course)(nets, states, keys)


_ADAM = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam(b2=0.98))


def train_language(
    language: Language,
    seeds: list[int],
    steps: int = 1500,
    *,
    n_layers: int = 3,
    n_heads: int = 4,
    width: int = 64,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Small, Float[np.ndarray, "chunks N 2"]]:
    """Train networks side by side.

    Args:
        language: what they are trained on.
        seeds: of the networks, one each, and their samples.
        steps: of Adam, rounded up to chunks of 50.
        n_layers: L.
        n_heads: H; the width is a multiple.
        width: D.
        batch_size: fresh sequences of each step.
        progress: called with (steps done, steps in all).

    Returns:
        The networks, stacked; and the losses of all tokens and of answers, in nats.
    """
    for name, size in (("steps", steps), ("n_layers", n_layers), ("batch_size", batch_size)):
        check_index(name, size)
    keys = jnp.stack([root_key(seed) for seed in seeds])
    make = lambda key: Small.random(language, n_layers, n_heads, width, key=key)
    nets = eqx.filter_jit(eqx.filter_vmap(make))(keys)
    states, found = jax.vmap(_ADAM.init)(nets), []
    chunks = -(-steps // _CHUNK)
    for chunk in range(chunks):
        place = (jnp.int32(chunk * _CHUNK), jnp.int32(chunks * _CHUNK))
        samples = jax.vmap(lambda key: jax.random.fold_in(key, 7))(keys)
        nets, states, loss = _chunk(nets, states, samples, *place, language, batch_size)
        found.append(np.asarray(loss))
        if progress is not None:
            progress((chunk + 1) * _CHUNK, chunks * _CHUNK)
    return nets, np.array(found)


@dataclass(frozen=True)
class Learnt:
    """What a trained network does.

    Attributes:
        loss: of all tokens, held out, in nats.
        answer: loss of the answers.
        answer_cut: window -> loss of the answers with the last so many tokens only.
        looked: most attention of a head from the mark to the bracket, by layer.
        means: mean distance of each head, (L, H), sinks left out.
        layer_means: by layer.
        similarity: cosine, (K, layers).
        windows: the K lengths of context.
        correlation: of the losses of the lines of 5 and 10 tokens over layers.
        correlation_stderr: jackknife over sequences.
    """

    loss: float
    answer: float
    answer_cut: dict[int, float]
    looked: list[float]
    means: list[list[float]]
    layer_means: list[float]
    similarity: list[list[float]]
    windows: list[int]
    correlation: float
    correlation_stderr: float


def learnt(net: Small, language: Language, windows: list[int], *, seed: int = 0) -> Learnt:
    """Return what a trained network does on 32 held-out sequences.

    Args:
        net: one of `train_language`.
        language: what it was trained on.
        windows: lengths of the cut context, 5 and 10 among them.
        seed: of the sequences.
    """
    key = jax.random.fold_in(root_key(seed), 1_000_003)
    tokens, places = batch(language, 32, key=key)
    patterns, each, looked = _looked(net, tokens, places)
    found = distances_of(
        patterns_of(np.asarray(patterns)), Rule(found=True, least_queries=16), language.far
    )
    similarity = truncation_similarity(net, np.asarray(tokens), windows, n_ends=8)
    drops = similarity.drops()
    lines = [drops[:, windows.index(k)] for k in (5, 10)]
    value, error = drop_correlation(lines[0], lines[1])
    return Learnt(
        float(each[0].mean()),
        float(each[1].mean()),
        {k: float(_answer_cut(net, tokens, places, k)) for k in windows},
        np.asarray(looked).tolist(),
        found.mean("mean").tolist(),
        found.mean("mean", layers=True).tolist(),
        similarity.mean().tolist(),
        windows,
        value,
        error,
    )


@eqx.filter_jit
def _looked(net: Small, tokens: Int[Array, "S T"], places: Int[Array, "S 2"]):
    _, patterns, scores = jax.vmap(net.run)(tokens)
    each = jax.vmap(losses)(scores, tokens, places)
    at = jax.vmap(lambda pattern, place: pattern[:, :, place[1], place[0]])(patterns, places)
    return patterns, each, jnp.max(jnp.mean(at, 0), axis=-1)


@eqx.filter_jit
def _answer_cut(net: Small, tokens: Int[Array, "S T"], places: Int[Array, "S 2"], k: int) -> Scalar:
    """Return the loss of the answer with the last k tokens, the mark among them, only.

    Where there are not so many before the mark, what is left is the beginning of the sequence.
    """

    def one(sequence, place):
        start = jnp.maximum(place[1] - k + 1, 0)
        piece = jax.lax.dynamic_slice(sequence, (start,), (k,))
        said = jax.nn.log_softmax(net.run(piece)[2][place[1] - start])
        return -said[sequence[place[1] + 1]]

    return jnp.mean(jax.vmap(one)(tokens, places))
