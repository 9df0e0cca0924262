"""Causal transformers whose attention is set by hand: what a layer attends to is known.

A layer adds to each residual stream, brought to length sqrt(width), what its heads attended to, each
through a random orthogonal map, so that streams carry it on. Then come layers that attend to nothing,
and spread differences in place: x + a W2 sign(W1 x) with random W1 and W2. Two streams of cosine c have
the cosine (2/pi) asin c behind the sign, so c becomes (c + a^2 (2/pi) asin c) / (1 + a^2) in wide
layers (theory.amplified_cosine).

Scores know tokens and distances, no absolute positions: what is cut off in front does not shift the
rest. The first position, a sink, is that of what is given, cut off or not.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import check_key
from .._errors import check
from .._limits import check_index, check_number, check_positive
from .._types import KeyScalar, Scalar
from ._heads import Head, scores_of


_WIDER = 4  # neurons in place for each of the stream


class HandSet(eqx.Module):
    """A causal transformer with hand-set attention.

    Attributes:
        embedding: (V, D), of the tokens.
        by_distance: (L, H, T), as `Scores`, and so the next four.
        outputs: (L, H, D, D), orthogonal.
        into: (M, 4 D, D), W1 of the layers in place.
        back: (M, D, 4 D), W2.
        temperature: t of the softmax.
        gain: of what all heads of a layer add, against the stream.
        amplification: a of the layers in place.
    """

    embedding: Float[Array, "V D"]
    by_distance: Float[Array, "L H T"]
    match: Float[Array, "L H"]
    induction: Float[Array, "L H"]
    near: Float[Array, "L H"]
    sink: Float[Array, "L H"]
    outputs: Float[Array, "L H D D"]
    into: Float[Array, "M F D"]
    back: Float[Array, "M D F"]
    temperature: Scalar
    gain: Scalar
    amplification: Scalar

    @classmethod
    def random(
        cls,
        layers: Sequence[Sequence[Head]],
        n_positions: int,
        *,
        key: KeyScalar,
        n_tokens: int = 50,
        width: int = 48,
        temperature: float | int = 0.1,
        gain: float | int = 1.0,
        in_place: int = 0,
        amplification: float | int = 1.0,
    ) -> "HandSet":
        """Return a network with random embeddings and maps.

        Args:
            layers: heads of the layers that attend.
            n_positions: T, at most; shorter contexts pass.
            key: of all that is random.
            n_tokens: V.
            width: D.
            temperature: t; 1/t is how far a target's score stands out.
            gain: length of what a layer adds, of orthogonal contributions, against the stream's.
            in_place: layers behind that attend to nothing.
            amplification: a, of these.
        """
        check_key("key", key)
        for name, size in (("n_positions", n_positions), ("n_tokens", n_tokens), ("width", width)):
            check_index(name, size, 2)
        check_index("in_place", in_place, 0)
        check_positive("temperature", temperature)
        for name, number in (("gain", gain), ("amplification", amplification)):
            check_number(name, number)
            check(0 <= number < 1e6, name, "must be finite and not negative", number)
        scores = scores_of(layers, n_positions)
        # Drawn on the host: to compile what draws a small network takes longer than to run it.
        draws = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        normal = lambda *shape: draws.normal(size=shape)
        hidden = _WIDER * width
        outputs = np.linalg.qr(normal(*scores.match.shape, width, width))[0]
        into, back = normal(in_place, hidden, width), normal(in_place, width, hidden)
        single = lambda values: jnp.asarray(values, jnp.float32)
        return cls(
            embedding=single(normal(n_tokens, width)),
            **{name: jnp.asarray(each) for name, each in vars(scores).items()},
            outputs=single(outputs),
            into=single(into),
            back=single(back / hidden**0.5),
            temperature=single(temperature),
            gain=single(gain),
            amplification=single(amplification),
        )

    @property
    def n_layers(self) -> int:
        """Layers that attend, and those in place."""
        return len(self.outputs) + len(self.into)

    def patterns(self, tokens: Int[Array, " n"]) -> Float[Array, "L H n n"]:
        """Return the attention of the layers that attend.

        Args:
            tokens: 0..V-1, at most T.
        """
        n = len(tokens)
        distance = (jnp.arange(n)[:, None] - jnp.arange(n)[None, :])[None]
        before = jnp.concatenate([jnp.full(1, -1, tokens.dtype), tokens[:-1]])
        same = ((tokens[:, None] == tokens[None, :])[None] & (distance > 0)).astype(jnp.float32)
        followed = ((tokens[:, None] == before[None, :])[None] & (distance >= 0)).astype(
            jnp.float32
        )
        first = (jnp.arange(n) == 0).astype(jnp.float32)[None, None]
        reach = jnp.clip(distance[0], 0, self.by_distance.shape[-1] - 1)
        back = distance.astype(jnp.float32)

        def layer(by_distance, *rest):
            match, induction, near, sink = (each[:, None, None] for each in rest)
            content = match * same + induction * followed
            score = jnp.where(back >= near, content, 0.0) + by_distance[:, reach]
            score = jnp.maximum(score, sink * first)
            score = jnp.where(distance >= 0, score / self.temperature, -jnp.inf)
            return jax.nn.softmax(score, axis=-1)

        parts = (self.by_distance, self.match, self.induction, self.near, self.sink)
        return jax.lax.map(lambda part: layer(*part), parts)

    def __call__(self, tokens: Int[Array, " n"]) -> Float[Array, "layers n D"]:
        """Return the residual streams: embeddings first, then behind each layer.

        Args:
            tokens: 0..V-1, at most T.
        """
        stream = _brought(self.embedding[tokens])

        def attend(stream, part):
            pattern, outputs = part
            seen = jnp.einsum("hqk,kd->hqd", pattern, stream, precision="highest")
            added = jnp.einsum("hqd,hde->qe", seen, outputs, precision="highest")
            after = _brought(stream + self.gain * added / outputs.shape[0] ** 0.5)
            return after, after

        def spread(stream, part):
            into, back = part
            signs = jnp.sign(jnp.matmul(stream, into.T, precision="highest"))
            moved = jnp.matmul(signs, back.T, precision="highest")
            after = _brought(stream + self.amplification * moved)
            return after, after

        last, behind = jax.lax.scan(attend, stream, (self.patterns(tokens), self.outputs))
        _, later = jax.lax.scan(spread, last, (self.into, self.back))
        return jnp.concatenate([stream[None], behind, later])


def _brought(stream: Float[Array, "n D"]) -> Float[Array, "n D"]:
    """Return streams of length sqrt(D)."""
    square = jnp.mean(stream**2, axis=-1, keepdims=True)
    return stream / jnp.sqrt(square + 1e-12)


def random_tokens(
    n_sequences: int, n_positions: int, n_tokens: int = 50, *, seed: int = 0
) -> Int[np.ndarray, "S T"]:
    """Return sequences of independent tokens behind a first one, 0, that stands nowhere else.

    Args:
        n_sequences: S.
        n_positions: T.
        n_tokens: V.
        seed: of the draws.
    """
    drawn = np.random.default_rng([seed, 17]).integers(1, n_tokens, (n_sequences, n_positions))
    drawn[:, 0] = 0
    return drawn.astype(np.int32)
