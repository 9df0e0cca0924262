"""Bad files: grids, checkpoints and stores that are right but for one thing."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st
from jaxsuper._settings import Configuration

from ..sweep.test_bad_grids import written
from .case import Case
from .lines import Files, OK_GRID
from .words import line, misspelled


NAMES = tuple(vars(Configuration()))
_CHOICES = ("circuit", "construction", "allocation", "indicator", "inhibition", "precision")
_REAL = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor", "indicator_share")
_WHOLE = tuple(name for name in NAMES if name not in (*_CHOICES, *_REAL))
_SIZES = ("network_width", "n_circuits", "redundancy", "n_active", "n_layers", "batch_size")
FOREIGN = {
    "nothing": b"",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "zeros": bytes(4096),
    "a program": b"#!/bin/sh\nexit 0\n",
    "JSON": b'{"config": {}, "rows": []}\n',
    "an archive": b"PK\x03\x04" + bytes(range(256)),
    "another language": "größe = 3\n".encode("latin-1"),
    "parquet": b"PAR1" + bytes(40) + b"PAR1",
    "deep": b"[" * 100_000,
    "a long line": b"x" * 1_000_000,
}


def _grid(text: bytes | str, family: str, named: tuple[str, ...] = (), note: str = "") -> Case:
    content = text if isinstance(text, bytes) else text.encode()
    words = tuple(line("sweep"))
    shown = note or " ".join(content[:200].decode("utf-8", "replace").split())
    return Case("grid", family, words, files={"ok.toml": content}, named=named, note=shown)


def _toml(content: dict[str, Any]) -> str:
    return "\n".join(f"{key} = {written(value)}" for key, value in content.items())


# What no whole number, no number and no text may be.
_ANYTHING = [[], [[1]], {}, {"a": 1}, True]
_NOT_WHOLE = [*_ANYTHING, "x", "3", 3.5, float("inf"), float("nan"), 2**40, -(2**40), 10**80]
_NOT_REAL = [*_ANYTHING, "x", "0.5", float("inf"), float("nan"), 1e39, -1e300]
_NOT_TEXT = [*_ANYTHING, 1, 0.5, float("nan")]


@st.composite
def _bad_setting(draw: Any) -> tuple[str, Any]:
    """Draw a setting with a value that it cannot have."""
    name = draw(st.sampled_from(NAMES))
    if name in _CHOICES:
        right = getattr(Configuration(), name)
        slip = misspelled(right, (right,))
        return name, draw(st.sampled_from(_NOT_TEXT) | slip)
    if name in _REAL:
        return name, draw(st.sampled_from(_NOT_REAL))
    least = 1 if name in _SIZES else 0
    return name, draw(st.sampled_from(_NOT_WHOLE) | st.integers(-(2**31), least - 1))


def _base() -> dict[str, Any]:
    return tomllib.loads(OK_GRID)


@st.composite
def bad_grids(draw: Any) -> Case:
    """Draw a grid with one thing wrong."""
    grid, way = _base(), draw(st.sampled_from(("setting", "shape", "key", "filter", "text")))
    if way == "setting":
        name, value = draw(_bad_setting())
        place = draw(st.sampled_from(("base", "product", "list", "zip")))
        if place == "base":
            grid["base"][name] = value
        elif place == "list":
            grid["list"] = [{name: value}]
        else:
            good = getattr(Configuration(), name)
            table = grid["product"] if place == "product" else grid["zip"][0]
            table[name] = [value] if place == "product" else [good, value]
        return _grid(_toml(grid), "setting", (name,))
    if way == "shape":
        place = draw(st.sampled_from(tuple(grid)))
        wrong = st.sampled_from([1, True, "x", 1.5, [[]], ["x"], [1], {"a": {}}])
        grid[place] = draw(wrong.filter(lambda value: not _fits(place, value)))
        return _grid(_toml(grid), "nesting", (place, "setting"))
    if way == "key":
        table = draw(st.sampled_from(("", "base", "product")))
        if not table:
            grid[draw(misspelled(draw(st.sampled_from(tuple(grid))), tuple(grid)))] = 1
            return _grid(_toml(grid), "name", ("key",))
        grid[table][draw(misspelled(draw(st.sampled_from(NAMES)), NAMES))] = 1
        return _grid(_toml(grid), "name", ("setting",))
    if way == "filter":
        grid["filters"] = [draw(_filters())]
        return _grid(_toml(grid), "filter", ("filter",))
    return draw(_bad_text())


def _fits(place: str, value: Any) -> bool:
    return (place == "filters" and value == ["x"]) or (place == "repeats" and value == 1)


_LEFT = ("T", "n_circuits", "capacity", "S + 1", "n_active * 2")


@st.composite
def _filters(draw: Any) -> str:
    """Draw a filter that says nothing, or nothing that can be answered."""
    left, number = draw(st.sampled_from(_LEFT)), draw(st.integers(2, 9))
    name = draw(misspelled("n_circuits", NAMES))
    return draw(
        st.sampled_from(
            (
                f"{left} <",
                f"{left} = {number}",
                f"({left} > {number}",
                f"{name} > {number}",
                f"{left} > 'a'",
                f"circuit > {number}",
                f"circuit * {number} == 'a'",
                f"{left} / 0 > {number}",
                f"{left} % (S - S) > {number}",
                f"{number} ** {number} ** {number} ** 99 > {left}",
                f"{left}.real > {number}",
                f"__import__('os').system('{name}')",
                f"[{left}] == [{number}]",
                f"{left} > {number} if T else S",
                f"lambda: {left} > {number}",
                f"{left}",
                f"not {left}",
                f"{number} < {number + 1}",
                f"{left} > {'9' * 400}",
                f"construction == '{name}'",
                f"{left} > {number}" + f" and {left} > {number}" * 3000,
                "(" * 500 + left + ")" * 500 + f" > {number}",
                f"{left} > {10**9 * number}",
            )
        )
    )


@st.composite
def _bad_text(draw: Any) -> Case:
    """Draw a file that is no TOML, or none of ours."""
    text = OK_GRID.strip()
    way = draw(st.sampled_from(("torn", "byte", "foreign", "twice", "range")))
    if way == "foreign":
        name = draw(st.sampled_from(tuple(FOREIGN)))
        return _grid(FOREIGN[name], "foreign", note=name)
    if way == "byte":
        place = draw(st.integers(0, len(text) - 1))
        content = bytearray(text.encode())
        content[place] = draw(st.integers(128, 255))
        return _grid(bytes(content), "flipped", ("UTF-8",))
    if way == "twice":
        table = draw(st.sampled_from(("base", "product")))
        return _grid(f"{text}\n[{table}]\nseed = {draw(st.integers(0, 9))}", "torn", ("grid",))
    if way == "range":
        name, span = draw(st.sampled_from((*_REAL, *_WHOLE))), draw(_ranges())
        return _grid(f"[product]\n{name} = {span}", "range", (name,))
    cuts = [place for place in range(1, len(text)) if not _parses(text[:place])]
    return _grid(text[: draw(st.sampled_from(cuts))], "torn", ("grid", "TOML"))


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


@st.composite
def _ranges(draw: Any) -> str:
    first, number = draw(st.integers(0, 5)), draw(st.integers(1, 9))
    return draw(
        st.sampled_from(
            (
                f"{{from = {first + number}, to = {first}, step = 1}}",
                f"{{from = {first}, to = 9, step = 0}}",
                f"{{from = {first}, to = 9, step = -{number}}}",
                f"{{from = {first}, to = 9, step = 1e-{300 + number}}}",
                f"{{from = {first}, to = inf, step = {number}}}",
                f"{{from = nan, to = {number}, count = 3}}",
                f"{{from = {first}, to = 9, count = 0}}",
                f"{{from = {first}, to = 9, count = {number}.5}}",
                f"{{from = {first}, to = 9, count = {10**9 * number}}}",
                f"{{from = {first}, to = 9, count = '{number}'}}",
                f"{{from = {first}, to = 9, count = {number}, step = 1}}",
                f"{{from = {first}, to = 9}}",
                f"{{from = 'a', to = {number}, step = 1}}",
                f"{{start = {first}, to = {number}, step = 1}}",
                f"{{from = {first}, to = 1e{300 + number}, step = 1e300}}",
                "[]",
            )
        )
    )


# ---- checkpoints ----

_CHECKPOINT = "tuned/checkpoint.eqx"
_HEAD = b"jaxsuper checkpoint 1\n"
_FORGED: list[dict[str, Any]] = [
    {"step": "1"},
    {"step": None},
    {"step": 1.5},
    {"step": True},
    {"step": -1},
    {"step": 2**62},
    {"step": 3},
    {"step": 1},
    {"curve": 3},
    {"curve": []},
    {"curve": [1]},
    {"curve": {"step": 0}},
    {"curve": [{"step": 0}]},
    {"identity": 3},
    {"identity": ""},
    {"identity": "0" * 64},
    {"state": ""},
    {"state": b""},
    {"state": b"\x93NUMPY\x01"},
    {"state": None},
    {"more": 1},
]


def _checkpoint(files: Files, content: bytes | None, family: str, note: str) -> Case:
    words = tuple(line("tune"))
    more = {_CHECKPOINT: content}
    return Case("checkpoint", family, words, files=more, named=("checkpoint",), note=note)


@st.composite
def bad_checkpoints(draw: Any, files: Files) -> Case:
    """Draw a checkpoint that is torn, altered, foreign, of another version or forged."""
    whole = files[_CHECKPOINT]
    assert whole is not None
    ways = ("torn", "flipped", "flipped", "more", "foreign", "newer", "forged", "forged", "folder")
    way = draw(st.sampled_from(ways))
    make = lambda content, note: _checkpoint(files, content, way, note)
    if way == "torn":
        size = draw(st.integers(0, len(whole) - 1))
        return make(whole[:size], f"the first {size} of {len(whole)} bytes")
    if way == "flipped":
        place, bit = draw(st.integers(0, len(whole) - 1)), draw(st.integers(0, 7))
        other = bytes([whole[place] ^ (1 << bit)])
        return make(
            whole[:place] + other + whole[place + 1 :], f"bit {bit} of byte {place} flipped"
        )
    if way == "more":
        more = draw(st.binary(min_size=1, max_size=8))
        return make(whole + more, f"{more!r} behind it")
    if way == "foreign":
        name = draw(st.sampled_from(tuple(FOREIGN)))
        return make(FOREIGN[name], name)
    if way == "newer":
        number = draw(st.integers(2, 99))
        return make(whole.replace(b"checkpoint 1\n", b"checkpoint %d\n" % number), f"of {number}")
    if way == "folder":
        return make(None, "a folder in its place")
    record = msgspec.msgpack.decode(whole[len(_HEAD) + 32 :])
    if draw(st.booleans()):
        change = draw(st.sampled_from(_FORGED))
        record |= change
    else:
        name = draw(st.sampled_from(tuple(record)))
        del record[name]
        change = f"without {name}"
    content = msgspec.msgpack.encode(record)
    return make(_HEAD + hashlib.sha256(content).digest() + content, f"forged: {change}"[:80])


# ---- stores ----

_MANIFESTS = [
    b"",
    b"{",
    b"{}",
    b"[1]",
    b"1",
    b"null",
    b'{"format": "1"}',
    b'{"format": true}',
    b'{"format": 1.0}',
    b'{"format": 0}',
    b'{"format": -1}',
    b'{"format": null}',
    b'{"format": [1]}',
    b'{"format": NaN}',
    b'{"format": 1} {"format": 1}',
    b'{"form": 1}',
    None,
]


@st.composite
def bad_stores(draw: Any, files: Files) -> Case:
    """Draw a store that is none, or of another version, for what writes and for what reads it."""
    store = {name: content for name, content in files.items() if name.startswith("store")}
    grid = {"ok.toml": OK_GRID.encode()}
    reads = draw(st.booleans())
    words = tuple(line("figures" if reads else "sweep"))
    ways = ("manifest", "manifest", "newer", "flipped", "foreign", "file", "other", "parts")
    way = draw(st.sampled_from(ways))
    note = ""
    if way == "manifest":
        store["store/manifest.json"] = draw(st.sampled_from(_MANIFESTS))
        note = f"manifest {store['store/manifest.json']!r}"
    elif way == "newer":
        number = draw(st.integers(2, 10**12))
        store["store/manifest.json"] = json.dumps({"format": number}).encode()
        note = f"of format {number}"
    elif way == "flipped":
        whole = store["store/manifest.json"]
        assert whole is not None
        place = whole.index(b"format") + draw(st.integers(0, 5))
        flipped = bytes([whole[place] ^ draw(st.sampled_from((1, 2, 4)))])
        store["store/manifest.json"] = whole[:place] + flipped + whole[place + 1 :]
        note = f"byte {place} of the manifest altered"
    elif way == "foreign":
        name = draw(st.sampled_from(tuple(FOREIGN)))
        store["store/manifest.json"], note = FOREIGN[name], f"manifest is {name}"
    elif way == "file":
        store, note = {"store": draw(st.binary(max_size=9))}, "a file in its place"
    elif way == "other":
        name = draw(st.sampled_from(("notes.txt", "main.py", "a/b.csv", "model.safetensors")))
        store, note = {f"store/{name}": b"mine"}, f"a folder with {name}"
    else:
        return _without_parts(draw, store, grid)
    named = ("out", "stores")
    return Case("store", way, words, files={**grid, **store}, named=named, note=note)


def _without_parts(draw: Any, store: dict[str, bytes | None], grid: Files) -> Case:
    """Return a store of which no part can be trusted, for what reads it."""
    for name, content in store.items():
        if not name.endswith(".parquet") or content is None:
            continue
        place = draw(st.integers(0, len(content) - 1))
        torn = content[:place]
        altered = torn + bytes([content[place] ^ 16]) + content[place + 1 :]
        store[name] = draw(st.sampled_from((torn, altered)))
    words, note = tuple(line("figures")), "all parts torn or altered"
    return Case("store", "parts", words, files={**grid, **store}, named=("stores",), note=note)


def made_by_commands(folder: Path) -> dict[str, bytes | None]:
    """Return a checkpoint, a store, a network and an answer, as commands write them, by path."""
    from jaxsuper import cli

    from .driver import snapshot

    (folder / "ok.toml").write_text(OK_GRID)
    for command in ("tune", "sweep", "export", "recover"):
        assert cli.main(line(command)) == 0
    found = snapshot(folder)
    return {name: content for name, content in found.items() if content is not None}
