"""Attention patterns of a model: arrays in memory or in a file, read head by head.

In a file the patterns are one array `attention` [sequence, layer, head, query, key] (or without the
axis of sequences, of one), or an array [sequence, head, query, key] for each layer, whose names end in
the layer's number: `attention.0`, `attention.1`, ... (or `arr_0`, ..., as `numpy.savez` has it).
Beside them there may be `tokens` [sequence, position], `value_norms` [sequence, layer, head, key] and
`lengths` [sequence], positions from which on a sequence is padding.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._errors import bad, check, Shown
from ._tensors import floats, open_tensors, Tensor


_NAMES = ("attention", "attentions", "patterns")
_NUMBERED = re.compile(r"(?P<stem>.*?)[._]?(?P<number>\d+)")


@dataclass(frozen=True)
class Patterns:
    """Attention patterns of some sequences, of equal length, and what is known of these.

    Attributes:
        parts: one array [sequence, layer, head, query, key], or one for each layer without its axis.
        tokens: [sequence, position], None if not known.
        value_norms: [sequence, layer, head, key], lengths of the vectors that are attended to.
        lengths: [sequence], positions that are no padding.
        origin: the file, in errors.
    """

    parts: tuple[Any, ...]
    tokens: Int[np.ndarray, "S T"] | None = None
    value_norms: Float[np.ndarray, "S L H T"] | None = None
    lengths: Int[np.ndarray, " S"] | None = None
    origin: str = ""
    by_layer: bool = field(default=False)

    def __post_init__(self):
        axes = "[sequence, head, query, key]" if self.by_layer else "five axes"
        for part in self.parts:
            rule = f"must have the axes {axes}" if self.by_layer else f"must have {axes}"
            check(len(part.shape) == (4 if self.by_layer else 5), "attention", rule, part.shape)
            same = part.shape == self.parts[0].shape
            check(same, "attention", "must have one shape in all layers", part.shape)
            check(min(part.shape) > 0, "attention", "must not be empty", part.shape)
            remedy = "patterns of a cache, of the last queries only, are no causal squares"
            square = part.shape[-1] == part.shape[-2]
            check(square, "attention", "must have as many keys as queries", part.shape, remedy)
            check(part.shape[-1] >= 2, "attention", "must have two positions", part.shape)
        S, L, H, T = self.shape
        for name, wanted in (("tokens", (S, T)), ("value_norms", (S, L, H, T)), ("lengths", (S,))):
            given = getattr(self, name)
            if given is not None:
                rule = f"must have the shape {wanted} of the patterns"
                check(given.shape == wanted, name, rule, given.shape)
        if self.value_norms is not None:
            good = np.isfinite(self.value_norms).all() and self.value_norms.min() >= 0
            check(good, "value_norms", "must be finite and not negative", Shown(self.value_norms))
        if self.lengths is not None:
            good = self.lengths.min() >= 2 and self.lengths.max() <= T
            check(good, "lengths", f"must lie in 2..{T}", Shown(self.lengths))

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Sequences S, layers L, heads H and positions T."""
        first = self.parts[0].shape
        if self.by_layer:
            return first[0], len(self.parts), first[1], first[2]
        return first[0], first[1], first[2], first[3]

    @property
    def in_order(self) -> bool:
        """Whether pieces must be read in their order, by one thread."""
        return any(getattr(part, "compressed", False) for part in self.parts)

    @property
    def coarse(self) -> bool:
        """Whether numbers are of half precision, so that rows sum to one less exactly."""
        kind = getattr(self.parts[0], "kind", None) or str(self.parts[0].dtype)
        return kind in ("bfloat16", "float16") or np.dtype(kind).itemsize == 2

    def length(self, sequence: int) -> int:
        """Return how many positions of a sequence are no padding."""
        return self.shape[3] if self.lengths is None else int(self.lengths[sequence])

    def read(self, sequence: int, layer: int, head: int, count: int) -> np.ndarray:
        """Return the patterns of some heads.

        Args:
            sequence: which one.
            layer: which one.
            head: the first of them.
            count: how many.

        Returns:
            (count, query, key), float32 or float64, which the caller may write into.
        """
        _, L, H, T = self.shape
        part = self.parts[layer if self.by_layer else 0]
        if not isinstance(part, Tensor):
            index = (sequence,) if self.by_layer else (sequence, layer)
            return np.array(part[(*index, slice(head, head + count))], _kind_of(part))
        before = sequence * H if self.by_layer else (sequence * L + layer) * H
        raw = part.read((before + head) * T * T, count * T * T)
        return floats(raw, part.kind).reshape(count, T, T)

    def close(self) -> None:
        """Close the file."""
        for part in self.parts:
            if isinstance(part, Tensor):
                part.close()


def _kind_of(part: Any) -> Any:
    return np.float64 if part.dtype == np.float64 else np.float32


def patterns_of(
    attention: Any,
    tokens: Any = None,
    value_norms: Any = None,
    lengths: Any = None,
) -> Patterns:
    """Return patterns in memory.

    Args:
        attention: an array [sequence, layer, head, query, key] or without the first axis, or a list
            of one [sequence, head, query, key] for each layer, as transformers returns it.
        tokens: [sequence, position].
        value_norms: [sequence, layer, head, key].
        lengths: [sequence], positions that are no padding.

    Raises:
        ValueError: for shapes that do not fit each other.
    """
    by_layer = isinstance(attention, list | tuple)
    parts = tuple(map(np.asarray, attention)) if by_layer else (np.asarray(attention),)
    check(len(parts) > 0, "attention", "must have layers", "none")
    for part in parts:
        check(part.dtype.kind == "f", "attention", "must hold real numbers", part.dtype)
    if not by_layer and parts[0].ndim == 4:
        parts = (parts[0][None],)
    return _made(parts, by_layer, tokens, value_norms, lengths, "")


def open_patterns(path: Path) -> Patterns:
    """Return the patterns in a file; they are read as they are asked for.

    Args:
        path: a .npz or .safetensors file, with names as this module says.

    Raises:
        ValueError: if it holds no patterns, or shapes do not fit each other.
    """
    tensors = open_tensors(path)
    single = next((name for name in _NAMES if name in tensors), None)
    if single is not None:
        one = tensors[single]
        if len(one.shape) == 4:
            one.shape = (1, *one.shape)
        parts: tuple[Tensor, ...] = (one,)
    else:
        parts = _numbered(tensors, path)
    for part in parts:
        kind = "f" if part.kind == "bfloat16" else part.raw.kind
        check(kind == "f", "attention", "must hold real numbers", f"{part.name} of {part.kind}")
    rest = {
        name: tensors[name].whole()
        for name in ("tokens", "value_norms", "lengths")
        if name in tensors
    }
    if "value_norms" not in rest:
        layers = _stem(tensors, "value_norms")
        if layers:
            rest["value_norms"] = np.stack([layers[i].whole() for i in sorted(layers)], 1)
    return _made(parts, single is None, origin=str(path), **rest)


def _numbered(tensors: Mapping[str, Tensor], path: Path) -> tuple[Tensor, ...]:
    """Return the arrays whose names differ by the layer's number, in its order."""
    found = next(
        (layers for stem in (*_NAMES, "attn", "layer", "arr") if (layers := _stem(tensors, stem))),
        None,
    )
    if found is None:
        names = Shown(sorted(tensors))
        rule = "must hold `attention`, or `attention.0`, `attention.1`, ... by layer"
        raise bad("file", rule, f"{names} in {path}")
    numbers = sorted(found)
    first = numbers[0]
    whole = first in (0, 1) and numbers == [*range(first, first + len(numbers))]
    check(whole, "file", "must hold every layer once, from 0 or 1 on", numbers)
    return tuple(found[number] for number in numbers)


def _stem(tensors: Mapping[str, Tensor], stem: str) -> dict[int, Tensor]:
    """Return the arrays of a stem by the number that ends their names."""
    matches = {name: _NUMBERED.fullmatch(name) for name in tensors}
    return {
        int(match["number"]): tensors[name]
        for name, match in matches.items()
        if match is not None and match["stem"] == stem
    }


def _made(
    parts: tuple[Any, ...],
    by_layer: bool,
    tokens: Any = None,
    value_norms: Any = None,
    lengths: Any = None,
    origin: str = "",
) -> Patterns:
    whole = {"tokens": tokens, "lengths": lengths}
    for name, given in whole.items():
        if given is not None:
            given = np.asarray(given)
            check(given.dtype.kind in "iu", name, "must be integers", given.dtype)
            whole[name] = given.astype(np.int64)
    if value_norms is not None:
        value_norms = np.asarray(value_norms)
        check(value_norms.dtype.kind == "f", "value_norms", "must be numbers", value_norms.dtype)
        value_norms = value_norms.astype(np.float64)
    return Patterns(parts, whole["tokens"], value_norms, whole["lengths"], origin, by_layer)
