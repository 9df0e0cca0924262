"""Similarity of residual streams with full context and with the last k tokens only, layer by layer.

The model sees the last k tokens as a context of their own: it numbers positions from 0 again. Where it
knows absolute positions they shift by what was cut off, and part of the difference is that of
positions; relative ones, as of the networks made here or of rotary embeddings, do not. What attends
to the first position now finds the first of the k tokens there; `keep_first` puts the sequence's own
first token (a delimiter) in front of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._errors import check, Shown
from .._limits import check_cost, check_index, Cost


WINDOWS = (1, 2, 5, 10, 20, 50)
KINDS = ("cosine", "centred cosine", "distance", "centred distance")


@dataclass(frozen=True)
class Similarity:
    """Similarities of streams with full and cut context, the sequence as the unit.

    Attributes:
        values: kind -> (S, K, layers), mean over the ends in a sequence. "cosine"; "distance": length
            of the difference over that of the full stream; "centred": both less their own mean over
            all ends of all sequences, so that what all streams share says nothing.
        windows: the K lengths of context.
    """

    values: dict[str, Float[np.ndarray, "S K layers"]]
    windows: tuple[int, ...]

    def mean(self, kind: str = "cosine") -> Float[np.ndarray, "K layers"]:
        """Return the mean over sequences."""
        return self.values[kind].mean(0)

    def stderr(self, kind: str = "cosine") -> Float[np.ndarray, "K layers"]:
        """Return the standard error of `mean` over sequences; NaN for one."""
        given = self.values[kind]
        if len(given) < 2:
            return np.full(given.shape[1:], np.nan)
        return given.std(0, ddof=1) / len(given) ** 0.5

    def drops(self, kind: str = "cosine") -> Float[np.ndarray, "S K L"]:
        """Return how much similarity each layer loses, of each sequence; negative where it gains."""
        sign = -1 if "cosine" in kind else 1
        return sign * np.diff(self.values[kind], axis=-1)


def truncation_similarity(
    model: Callable[..., Float[Array, "layers n D"]],
    tokens: Any,
    windows: Sequence[int] = WINDOWS,
    n_ends: int = 16,
    *,
    keep_first: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Similarity:
    """Return how similar streams with full context are to those with the last tokens only.

    Args:
        model: tokens (n,) -> residual streams (layers, n, D), in JAX, for any n up to T; compiled
            once for each window. Arrays that it holds are arguments if it is a pytree.
        tokens: (S, T) integers, sequences of equal length.
        windows: lengths k of context, each below T.
        n_ends: positions in each sequence at which streams are compared, spread evenly over those
            that have more than the longest window before them.
        keep_first: put the first token of the sequence in front of the last k.
        progress: called with (windows done, windows in all).

    Returns:
        The similarities.

    Raises:
        ValueError: for tokens and windows that do not fit each other.
    """
    check(callable(model), "model", "must be callable", Shown(model))
    tokens = np.asarray(tokens)
    check(tokens.ndim == 2, "tokens", "must have the axes [sequence, position]", tokens.shape)
    check(tokens.dtype.kind in "iu", "tokens", "must be integers", tokens.dtype)
    S, T = tokens.shape
    windows = tuple(windows)
    check(len(windows) > 0, "windows", "must not be empty", "none")
    for window in windows:
        check_index("windows", window)
    check(len({*windows}) == len(windows), "windows", "must differ", windows)
    longest = max(windows)
    check(longest < T - 1, "windows", f"must be below {T - 1}, the tokens before the last", longest)
    check_index("n_ends", n_ends)
    room = T - longest - 1
    check(n_ends <= room, "n_ends", f"must be at most {room}, the ends there are", n_ends)
    ends = np.unique(np.linspace(longest + 1, T - 1, n_ends).round().astype(int))
    shape = eqx.filter_eval_shape(model, jax.ShapeDtypeStruct((T,), tokens.dtype))
    good = len(shape.shape) == 3 and shape.shape[1] == T
    check(good, "model", f"must return the shape (layers, {T}, width)", shape.shape)
    layers, width = shape.shape[0], shape.shape[2]
    cost = lambda ends: Cost(8.0 * ends * layers * width * (longest + 3 * S * len(windows)))
    check_cost(cost, {"ends": len(ends)})
    drawn, places = jnp.asarray(tokens), jnp.asarray(ends)
    full, cut = np.asarray(_full(model, drawn, places)), []
    for done, window in enumerate(windows):
        cut.append(np.asarray(_cut(model, drawn, places, window, keep_first)))
        if progress is not None:
            progress(done + 1, len(windows))
    return similarity_of(full, np.stack(cut, 1), windows)


@eqx.filter_jit
def _full(model: Any, tokens: Int[Array, "S T"], ends: Int[Array, " E"]):
    """Return (S, E, layers, D) of whole sequences."""
    return jax.lax.map(lambda each: model(each)[:, ends].swapaxes(0, 1), tokens)


@eqx.filter_jit
def _cut(
    model: Any, tokens: Int[Array, "S T"], ends: Int[Array, " E"], window: int, keep_first: bool
):
    """Return (S, E, layers, D) at the ends of contexts of their own."""

    def at(sequence, end):
        piece = jax.lax.dynamic_slice(sequence, (end - window + 1,), (window,))
        if keep_first:
            piece = jnp.concatenate([sequence[:1], piece])
        return model(piece)[:, -1]

    return jax.lax.map(lambda each: jax.vmap(lambda end: at(each, end))(ends), tokens)


def similarity_of(
    full: Float[np.ndarray, "S E layers D"],
    cut: Float[np.ndarray, "S K E layers D"],
    windows: Sequence[int],
) -> Similarity:
    """Return the similarities of streams that were made elsewhere.

    Args:
        full: with full context.
        cut: with each of the K windows.
        windows: their lengths.

    Raises:
        ValueError: for shapes that do not fit each other, and streams that are not finite.
    """
    full, cut = np.asarray(full, np.float64), np.asarray(cut, np.float64)
    wanted = (full.shape[0], len(windows), *full.shape[1:])
    fits = full.ndim == 4 and cut.shape == wanted
    check(fits, "cut", f"must have the shape {wanted} of full streams and windows", cut.shape)
    for name, given in (("full", full), ("cut", cut)):
        check(np.isfinite(given).all(), name, "must be finite", Shown(given))
    whole = full[:, None]
    shared, own = full.mean((0, 1)), cut.mean((0, 2))[:, None]
    values = {}
    for name, one, other in (("", whole, cut), ("centred ", whole - shared, cut - own)):
        length, other_length = (np.sqrt((each**2).sum(-1)) for each in (one, other))
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = (one * other).sum(-1) / (length * other_length)
            distance = np.sqrt(((one - other) ** 2).sum(-1)) / length
        # Streams of length 0 have no direction: equal ones are taken for similar.
        alike = np.all(one == other, -1)
        cosine = np.where(np.isfinite(cosine), cosine, alike.astype(float))
        distance = np.where(np.isfinite(distance), distance, 1.0 - alike)
        values |= {f"{name}cosine": cosine.mean(2), f"{name}distance": distance.mean(2)}
    return Similarity({kind: values[kind] for kind in KINDS}, tuple(windows))
