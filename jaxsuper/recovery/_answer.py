"""An answer: what a method says it found in a network, as a file that any program can write.

    directions.{k}          (C, D)  after reported layer k, in activation space; signs do not matter
    indicators.{k}          (N, C)  which unit is on in each of the export's samples, larger: rather on
    components.{k}.u        (C, D)  W_k as a sum of u v^T: where it writes
    components.{k}.v        (C, D)  what it reads
    components.{k}.owner    (C,)    optional: components of one unit are taken together
    components.{k}.pair     (C,)    optional: the pair of the truth that it was started at; -1: none
    edges.{g}.{h}.sources   (E,)    from a direction of the g-th reported layer (counted from 0)
    edges.{g}.{h}.targets   (E,)    to one of the (g+h)-th: h hops; or, where units have edges only,
    edges.{g}.{h}.reads     (E, D)  the direction that it reads there
    edges.{g}.{h}.writes    (E, D)  and the one that it writes

Numbers are float16, float32 or float64, indices any integers. All of it is optional, but one of the
first three or an edge has to be there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open, SafetensorError
from safetensors.numpy import save as to_bytes

from .._errors import bad, check
from .._files import check_writable, written_whole
from .._limits import check_cost, Cost
from .._reading import shown
from ._export import Export, reported_of, sizes_of


# Part of a name -> (dimensions, whether it holds numbers rather than indices).
_KINDS = {
    "directions": (2, True),
    "indicators": (2, True),
    "u": (2, True),
    "v": (2, True),
    "reads": (2, True),
    "writes": (2, True),
    "owner": (1, False),
    "pair": (1, False),
    "sources": (1, False),
    "targets": (1, False),
}
_NAME = re.compile(
    r"(?:directions|indicators)\.\d{1,4}|components\.\d{1,4}\.(?:u|v|owner|pair)"
    r"|edges\.\d{1,4}\.\d{1,4}\.(?:sources|targets|reads|writes)"
)
_FORMS = (
    "directions.K, indicators.K, components.K.u|v|owner|pair or "
    "edges.G.H.sources|targets|reads|writes"
)


@dataclass(frozen=True)
class Answer:
    """What a method found.

    Attributes:
        arrays: by the names above; numbers are float32, indices int64.
        source: the file or the method, for errors and tables.
    """

    arrays: Mapping[str, np.ndarray]
    source: str = "answer"

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def layers(self, kind: str) -> list[int]:
        """Return the layers of `directions`, `indicators` or `components`, rising."""
        found = (name.split(".") for name in self.arrays)
        return sorted({int(parts[1]) for parts in found if parts[0] == kind})

    def edges(self) -> list[tuple[int, int]]:
        """Return (place of the first layer, hops) of all edges, rising."""
        found = (name.split(".") for name in self.arrays)
        return sorted({(int(p[1]), int(p[2])) for p in found if p[0] == "edges"})


def answer_of(arrays: Mapping[str, np.ndarray], source: str = "answer") -> Answer:
    """Return an answer of arrays, checked as far as it can be without the network.

    Raises:
        ValueError: for a name, a type, a shape or a number that no answer has.
    """
    check(len(arrays) > 0, source, "must hold an array", "none", f"e.g. {_FORMS}")
    found: dict[str, np.ndarray] = {}
    for name, values in arrays.items():
        if _NAME.fullmatch(name) is None:
            raise bad(source, f"must hold only {_FORMS}", shown(name))
        dimensions, numbers = _KINDS[name.split(".")[0 if name[0] in "di" else -1]]
        kinds, word = ("f", "floating point numbers") if numbers else ("iu", "integers")
        at = f"{source}: {name}"
        check(values.dtype.kind in kinds, at, f"must hold {word}", values.dtype)
        check(values.ndim == dimensions, at, f"must have {dimensions} axes", values.shape)
        check(values.shape[-1] > 0 and values.size > 0, at, "must not be empty", values.shape)
        if numbers:
            check(bool(np.isfinite(values).all()), at, "must be finite", "NaN or infinity")
            with np.errstate(over="ignore"):
                values = values.astype(np.float32)
            check(bool(np.isfinite(values).all()), at, "must be finite in single precision", "more")
        else:
            check(int(values.max()) < 2**31, at, "must be below 2^31", int(values.max()))
        found[name] = values if numbers else values.astype(np.int64)
    answer = Answer(found, source)
    _check_complete(answer)
    return answer


def _check_complete(answer: Answer) -> None:
    for layer in answer.layers("components"):
        _check_same(answer, f"components.{layer}", ("u", "v"), ("owner", "pair"))
    for place, hops in answer.edges():
        stem = f"edges.{place}.{hops}"
        check(hops >= 1, f"{answer.source}: {stem}", "must go over at least 1 hop", hops)
        by_place = f"{stem}.sources" in answer or f"{stem}.targets" in answer
        ends, others = ("sources", "targets"), ("reads", "writes")
        ends, others = (ends, others) if by_place else (others, ends)
        given = [f"{stem}.{end}" for end in others if f"{stem}.{end}" in answer]
        at, rule = f"{answer.source}: {stem}", "must have either indices or directions"
        check(not given, at, rule, "both")
        _check_same(answer, stem, ends, ())


def _check_same(answer: Answer, stem: str, needed: tuple[str, ...], more: tuple[str, ...]) -> None:
    """Check that arrays of one thing are there and equally long."""
    at = f"{answer.source}: {stem}"
    for end in needed:
        check(f"{stem}.{end}" in answer, at, f"must have {' and '.join(needed)}", f"no {end}")
    lengths = {
        end: len(answer[f"{stem}.{end}"]) for end in needed + more if f"{stem}.{end}" in answer
    }
    check(len(set(lengths.values())) == 1, at, "must have equally many of all", lengths)


def read_answer(path: Path) -> Answer:
    """Read an answer.

    Args:
        path: a safetensors file.

    Returns:
        The answer.

    Raises:
        ValueError: if it is no such file, or holds what no answer has: one line.
    """
    check(path.is_file(), "answer", "must be a file", path)
    size = path.stat().st_size
    check(size > 0, "answer", "must not be empty", path)
    check_cost(lambda size: Cost(3 * size), {"size": size})
    try:
        with safe_open(path, framework="numpy") as file:
            return answer_of({name: file.get_tensor(name) for name in file.keys()}, str(path))
    except (SafetensorError, TypeError) as error:
        rule, remedy = "must be a safetensors file", str(error)
        raise bad("answer", rule, path, remedy) from None
    except OSError as error:
        raise bad("answer", "must be readable", path, error.strerror or str(error)) from None


def write_answer(answer: Answer, path: Path) -> None:
    """Write an answer as a safetensors file, whole or not at all; indices as int32."""
    check_writable(path, "out")
    arrays = {
        name: np.ascontiguousarray(values, np.float32 if values.dtype.kind == "f" else np.int32)
        for name, values in answer.arrays.items()
    }
    content = to_bytes(arrays, {"source": answer.source})
    with written_whole(path) as partial:
        partial.write_bytes(content)


def check_fits(answer: Answer, export: Export) -> None:
    """Raise a `ValueError` unless an answer can be one about a network: layers, sizes, indices.

    Args:
        answer: what was handed in.
        export: the network.

    Raises:
        ValueError: one line that names the array.
    """
    n_neurons, n_circuits, n_samples = sizes_of(export)
    for name, (length, rule) in _wanted(answer, export, n_neurons, n_samples):
        at, shape = f"{answer.source}: {name}", answer[name].shape
        if name.startswith("indicators"):
            check(shape[0] == length, at, f"must have {length} rows, {rule}", shape)
        else:
            check(shape[1] == length, at, f"must have {length} columns, {rule}", shape)
    for place, hops in answer.edges():
        _check_ends(answer, export, place, hops)
    for layer in answer.layers("components"):
        name = f"components.{layer}.pair"
        if name in answer:
            count = export.truth[f"pairs.{layer}.part"].shape[0]
            _check_below(answer, name, count, "pairs of the truth", least=-1)
        if (name := f"components.{layer}.owner") in answer:
            _check_below(answer, name, 2**31, "owners")
    # Those of edges are taken in pieces.
    sizes = [1] + [len(values) for name, values in answer.arrays.items() if name[0] in "dc"]
    sizes += [values.shape[1] for name, values in answer.arrays.items() if name[0] == "i"]
    # Found against true: cosines, the assignment's double precision copy, and two on the way; and
    # indicators of both, centred and ranked.
    rows = n_samples if answer.layers("indicators") else 0
    check_cost(
        lambda units, circuits: Cost(24 * units * circuits + 16 * rows * (units + circuits)),
        {"units": max(sizes), "circuits": n_circuits},
        remedy="hand in fewer directions",
    )


def _wanted(
    answer: Answer, export: Export, n_neurons: int, n_samples: int
) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield for each table its fixed length and what that is; check its layer."""
    reported = reported_of(export)
    weights = range(1, int(export.config.n_relu))
    for name in answer.arrays:
        kind, *rest = name.split(".")
        at = f"{answer.source}: {name}"
        if kind == "components":
            rule = f"must be of a layer with weights, 1..{weights[-1] if weights else 0}"
            check(int(rest[0]) in weights, at, rule, rest[0])
        elif kind != "edges":
            known = ", ".join(map(str, reported))
            check(int(rest[0]) in reported, at, f"must be of a reported layer, {known}", rest[0])
        if kind == "indicators":
            yield name, (n_samples, "the export's samples")
        elif kind == "directions" or rest[-1] in ("u", "v", "reads", "writes"):
            yield name, (n_neurons, "the neurons of a layer")


def _check_ends(answer: Answer, export: Export, place: int, hops: int) -> None:
    reported = reported_of(export)
    stem = f"edges.{place}.{hops}"
    rule = f"must lie within the {len(reported)} reported layers, counted from 0"
    check(place + hops < len(reported), f"{answer.source}: {stem}", rule, place + hops)
    if f"{stem}.sources" not in answer:
        return
    for end, of in (("sources", place), ("targets", place + hops)):
        name = f"directions.{reported[of]}"
        at = f"{answer.source}: {stem}.{end}"
        check(name in answer, at, "must point at directions", f"no {name}")
        _check_below(answer, f"{stem}.{end}", len(answer[name]), name)


def _check_below(answer: Answer, name: str, count: int, of: str, least: int = 0) -> None:
    values = answer[name]
    low, high = int(values.min()), int(values.max())
    wrong = low if low < least else high
    rule = f"must lie in {least}..{count - 1}, the {of}"
    check(low >= least and high < count, f"{answer.source}: {name}", rule, wrong)
