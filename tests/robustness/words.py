"""Bad command lines: a line that runs, with one thing wrong, by the type of each setting."""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints, Literal

from hypothesis import strategies as st
from jaxsuper import commands

from .case import Case
from .lines import FILES, Files, LINES, NONE_REQUIRED, POSITIONAL


# Settings that may be 0; all other whole numbers start at 1.
_FROM_ZERO = ("seed", "network", "indicator_redundancy", "steps", "process", "in_place")
_FROM_ZERO += ("delimiters",)
# Far from any limit upwards, or bounded by another setting only.
_UNBOUNDED = ("chunk", "evaluate_every", "processes")
_SINGLE = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor")
_SINGLE += ("learning_rate", "indicator_weight")
# Real numbers that are no values of a setting.
_OUTSIDE = {
    "inhibition_factor": st.floats(-1e30, -1e-6),
    "learning_rate": st.floats(-1e30, 0),
    "error_target": st.floats(-1e30, 0),
    "call_seconds": st.floats(-1e30, 0),
    "confidence": st.one_of(st.floats(-10, 0.49), st.floats(1, 10)),
    "tolerance": st.one_of(st.floats(-10, 0), st.floats(1, 10)),
    "indicator_share": st.one_of(st.floats(-10, -1e-3), st.floats(1, 10)),
    "lower_threshold": st.floats(0.7501, 1e30),
    "upper_threshold": st.floats(-1e30, 0.2499),
    "indicator_weight": st.floats(-1e30, -1e-6),
}
_NO_NUMBER = ("many", "", "0x10", "1,000", "12 34", "--", "null", "1e", "½", "1/2", "[3]", "+-1")
_FOLDERS: Files = {"a-folder": None, "a-file": b"", "figs.png/x": b""}
# Where nothing can be written: below a file, into a folder that is none, into the system's.
_NOWHERE = ("a-file/x", "no/such/folder/x", "/proc/x", "/dev/full/x", "")
# What contradicts itself, or another setting of the line.
CONTRADICTIONS = {
    "simulate": [
        "--construction split --inhibition receiver",
        "--construction plain --inhibition-factor 2",
        "--construction split --inhibition-factor 0.5",
        "--construction private",
        "--circuit step --construction private",
        "--circuit step --indicator carried",
        "--circuit rotation --indicator early-guess",
        "--construction cleaned --indicator carried --circuit rotation3",
        "--construction plain --indicator-share 0.5",
        "--construction split --indicator-copies 2",
        "--construction oracle --indicator-redundancy 2",
        "--construction block --redundancy 3 --circuit rotation3",
        "--circuit rotation3",
        "--n-active 1 13",
        "--n-active",
        "--metrics",
        "--n-circuits 2000",
        "--redundancy 26",
        "--allocation balanced-prime-steps --n-circuits 2000",
        "--allocation transversal --n-circuits 20000",
        "--lower-threshold .5 --upper-threshold .5",
        "--lower-threshold .5 --upper-threshold .50000000001",
        "--seed 4294967295 --n-networks 4294967295",
        "--indicator-share .999",
        "--indicator-copies 30",
        "--indicator-redundancy 26 --indicator-share .5",
        "--json out.json --plot out.json",
        "--json x.png --plot x.png",
    ],
    "allocate": [
        "--redundancy 26",
        "--n-circuits 300",
        "--family transversal --n-circuits 3000",
        "--circuit-width 0",
    ],
    "design": [
        "--n-circuits 12 --n-active 12",
        "--n-active 13",
        "--n-circuits 2000000",
        "--network-width 7",
        "--json x.png --plot x.png",
    ],
    "scaling": [
        "--max-circuits 2",
        "--n-active 10",
        "--design",
        "--network-width 4",
        "--json x.png --plot x.png",
    ],
    "tune": [
        "--n-layers 1",
        "--n-circuits 2",
        "--n-active 41",
        "--trained",
        "--construction oracle",
        "--construction private --circuit rotation3",
        "--construction cleaned",
        "--redundancy 21",
        "--n-circuits 4000",
        "--steps 2147483647",
    ],
    "sweep": [
        "--process 0",
        "--processes 2",
        "--process 0 --processes 2",
        "--coordinator localhost:1",
        "--coordinator localhost:1 --processes 2",
        "--coordinator localhost:1 --process 2 --processes 2",
        "--coordinator localhost:0 --process 0 --processes 1",
        "--coordinator localhost:65536 --process 0 --processes 1",
        "--coordinator :80 --process 0 --processes 1",
        "--coordinator localhost --process 0 --processes 1",
        "--shard 0/1",
        "--shard 3/2",
        "--shard 1",
        "--shard 1/0",
        "--shard -1/2",
        "--shard 1/2/3",
        "--shard one/two",
    ],
    "verify": [
        "--only nothing",
        "--only errors.rotation",
        "--seed 1 1",
        "--seed",
        "--seed 1 2 1",
        "--only science errors nothing",
    ],
    "figures": ["--layer 0"],
    "export": [
        "--construction private",
        "--n-active 13",
        "--n-circuits 2000",
        "--redundancy 26",
        "--n-samples 2147483647",
        "--only small",
        "--list",
        "--edges relay --construction block",
        "--loads 0",
    ],
    "attention": [
        "--least-context 40",
        "--leave-out nothing sinks",
        "--leave-out",
        "--delimiters 3",
        "--value-norms",
        "--windows 1 2 3",
        "--windows 5 10 5",
        "--windows 5 10 100",
        "--json x.png --plot x.png",
    ],
    "recover": [
        "--start ideal",
        "--n-units 2147483647",
        "--ridge 0",
        "--sparsity -1",
        "--sparsity 0",
        "--learning-rate -1",
        "--k 0",
        "--out answer.txt",
    ],
    "score": ["--export net net", "--export nowhere", "--export", "--json scores"],
}
_LIMITS = ("0", "-1", "lots", "0GiB", "1e9", "nan", "2 XiB", "1 MiB", "", "1..5GiB", "GiB")


def settings_of(command: str) -> Any:
    """Return the settings of a command, of `scaling` those of the law that `POSITIONAL` names."""
    module = commands.modules()[command]
    return module.LAWS[POSITIONAL[command][0]] if hasattr(module, "LAWS") else module.Command


@cache
def hints(command: str) -> dict[str, Any]:
    """Return the settings of a command with the types of one value."""
    module, found = settings_of(command), {}
    given = get_type_hints(module, include_extras=True)
    for each in fields(module):
        kind = given[each.name]
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        inner = [part for part in get_args(kind) if part not in (type(None), Ellipsis)]
        if inner and get_origin(kind) is not Literal:
            kind = inner[0]
        others = ("grid", "stores", "directory", "network", "file", "answers", "export")
        if each.name not in others or command == "tune":
            found[each.name] = kind
    return found


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def line(command: str, changes: dict[str, tuple[str, ...]] = {}, drop: str = "") -> list[str]:  # noqa: B006
    """Return the words of a line that runs, with other values of some settings."""
    words = [command, *POSITIONAL.get(command, ())]
    for name, value in LINES[command].items():
        if name not in changes and name != drop:
            words += [flag(name), value] if value else [flag(name)]
    for name, values in changes.items():
        words += [flag(name), *values]
    return words


@st.composite
def misspelled(draw: Any, word: str, known: tuple[str, ...]) -> str:
    """Draw a word that is one slip of the finger from another, and none of those known."""
    place = draw(st.integers(0, len(word) - 1))
    slips = [
        word[:place] + word[place + 1 :],
        word[:place] + word[place] + word[place:],
        word[:place] + draw(st.sampled_from("aeqxz")) + word[place + 1 :],
        word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
        word.upper(),
    ]
    left = [slip for slip in slips if slip and slip not in known and not slip.startswith("-")]
    return draw(st.sampled_from(left))


def _values(name: str, kind: Any) -> Iterator[tuple[str, st.SearchStrategy[str]]]:
    """Yield families of bad values of a setting."""
    if kind is int:
        least = 0 if name in _FROM_ZERO else 1
        yield "type", st.sampled_from((*_NO_NUMBER, "3.5", "1e3"))
        yield "not finite", st.sampled_from(("nan", "inf", "-inf", "NaN"))
        yield "range", st.one_of(st.just(least - 1), st.integers(-(10**30), -1)).map(str)
        if name not in _UNBOUNDED:
            most = 2**32 if name in ("seed", "network") else 2**31
            yield "size", st.one_of(st.integers(most, 10**40).map(str), st.just("1" + 5000 * "0"))
    elif kind is float:
        yield "type", st.sampled_from(_NO_NUMBER)
        yield "not finite", st.sampled_from(("nan", "inf", "-inf", "1e999"))
        if name in _SINGLE:
            yield "size", st.floats(3.5e38, 1e308).map(repr)
        if name in _OUTSIDE:
            yield "range", _OUTSIDE[name].map(repr)
    elif get_origin(kind) is Literal:
        known = get_args(kind)
        yield "name", st.sampled_from(known).flatmap(lambda word: misspelled(word, known))
        yield "type", st.sampled_from(("", "1", "none", "*"))


def _written(name: str) -> st.SearchStrategy[str]:
    """Draw where a result cannot go."""
    ending = {"json": ".json", "plot": ".png"}.get(name)
    if ending is None:  # a folder
        return st.sampled_from(("a-file", "a-file/x", "/proc/x", "/dev/full"))
    nowhere = st.sampled_from(_NOWHERE[:-1]).map(lambda path: path + ending)
    return st.one_of(st.just("a-folder"), nowhere)


@st.composite
def bad_lines(draw: Any, command: str) -> Case:
    """Draw a line that runs with one thing wrong."""
    files, given = FILES.get(command, {}), hints(command)

    def make(family: str, words: list[str], named: tuple[str, ...] = (), more: Files = {}) -> Case:  # noqa: B006
        return Case(command, family, tuple(words), files={**files, **more}, named=named)

    settings = [(n, f, s) for n, kind in given.items() for f, s in _values(n, kind)]
    outputs = [name for name in given if name in ("json", "plot", "out")]
    outputs = [name for name in outputs if (command, name) != ("figures", "out")]
    ways = ["value"] * 12 + ["flag", "missing", "surplus", "command", "limit"]
    ways += ["file"] * (2 * bool(outputs)) + ["contradiction"] * 5
    way = draw(st.sampled_from(ways))
    if way == "value" and settings:
        name, family, values = draw(st.sampled_from(settings))
        value = draw(values)
        return make(family, line(command, {name: (value,)}), (name, flag(name)))
    if way == "file":
        name = draw(st.sampled_from(outputs))
        return make("file", line(command, {name: (draw(_written(name)),)}), (name,), _FOLDERS)
    if way == "contradiction":
        return make("contradiction", [*line(command), *draw(_contradiction(command)).split()])
    if way == "limit":
        limit = draw(st.sampled_from(_LIMITS))
        return make("limit", [*line(command), "--memory-limit", limit], ("memory",))
    if way == "flag":
        name = draw(st.sampled_from(sorted(given)))
        known = tuple(given) + ("cache", "memory-limit", "memory", "help")
        known += tuple(name.replace("_", "-") for name in known)
        other = draw(misspelled(name.replace("_", "-"), known).filter(lambda slip: "_" not in slip))
        return make("flag", [*line(command), f"--{other}", "1"], ("Unrecognized",))
    if way == "missing":
        if draw(st.booleans()) or command in NONE_REQUIRED:
            last = draw(st.sampled_from(sorted(n for n, k in given.items() if k in (int, float))))
            return make("missing", [*line(command, drop=last), flag(last)], (flag(last), last))
        name = draw(st.sampled_from(_required(command)))
        return make("missing", line(command, drop=name), (flag(name), name))
    if way == "command":
        other = draw(misspelled(command, commands.NAMES))
        return make("name", [other, *line(command)[1:]], ("COMMAND", other))
    return make("surplus", [*line(command), draw(st.sampled_from(("5", "x.toml", "-5", "-q")))])


def _contradiction(command: str) -> st.SearchStrategy[str]:
    return st.sampled_from(CONTRADICTIONS[command])


def _required(command: str) -> list[str]:
    from dataclasses import MISSING

    module = settings_of(command)
    required = [f.name for f in fields(module) if f.default is MISSING]
    return [name for name in required if name in LINES[command]]
