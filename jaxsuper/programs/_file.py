"""Programs as TOML files: an array of tables for each word of the language.

statements = 2          # optional: how many there are, so that a torn file is noticed
own_successors = true   # optional: whether circuits that hand nothing on keep to themselves

[[relay]]
source = 3
to = 4
layer = 2               # left out: of every layer

[[branch]]
circuit = 4
direction = [1.0, 0.0]
threshold = 0.0
margin = 0.2
then = 5
otherwise = 6
layer = 3
"""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from .._errors import bad, check, one_of
from .._files import check_writable, written_whole
from .._reading import from_toml, text_of, typed
from ..circuits import AbstractCircuits
from ._condition import Condition
from ._edge import Decision
from ._program import Program


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Relay(_Table):
    source: int
    to: int
    layer: int | None = None


class _Keep(_Table):
    circuit: int
    layer: int | None = None


class _Stop(_Table):
    circuit: int
    layer: int


class _FanOut(_Table):
    source: int
    to: list[int]
    layer: int | None = None


class _Merge(_Table):
    sources: list[int]
    to: int
    layer: int | None = None
    scale: float | None = None


class _Branch(_Table):
    circuit: int
    direction: list[float]
    then: int
    otherwise: int
    layer: int
    threshold: float = 0.0
    margin: float = 0.2


class _Unless(_Table):
    source: int
    target: int
    layer: int | None = None


class _Start(_Table):
    circuits: list[int]


class _Edge(_Table):
    source: int
    target: int
    layer: int | None = None
    opens: bool = True
    share: float = 1.0
    mean_share: float = 0.0
    weight: list[list[float]] | None = None
    to_layer: int | None = None


_WORDS: dict[str, type[_Table]] = {
    "relay": _Relay,
    "keep": _Keep,
    "stop": _Stop,
    "fan_out": _FanOut,
    "merge": _Merge,
    "branch": _Branch,
    "unless": _Unless,
    "start": _Start,
    "edge": _Edge,
}
_SAID = {"stop": ("circuit",), "keep": ("circuit",), "relay": ("source",), "fan_out": ("source",)}
_SAID |= {"merge": ("sources",), "branch": ("circuit",), "unless": ("source",)}
_SAID |= {"edge": ("source", "target")}


def _say(program: Program, word: str, arguments: dict[str, Any]) -> None:
    """Say one statement of a file."""
    if word == "start":
        program.start(*arguments["circuits"])
        return
    if word == "branch":
        given = tuple(arguments.pop("direction")), arguments.pop("threshold")
        arguments["on"] = Condition(*given)
    first = [arguments.pop(name) for name in _SAID[word]]
    getattr(program, word)(*first, **arguments)


def read_program(text: str, circuits: AbstractCircuits | int, place: str = "edges") -> Program:
    """Return the program that a TOML text states.

    Args:
        text: of the file.
        circuits: that it is about, or how many there are.
        place: what the text is called in errors.

    Raises:
        ValueError: for what is no TOML, unknown words, values of the wrong type, or fewer or more
            statements than it says it has; names the place.
    """
    content = from_toml(text, place)
    count = content.pop("statements", None)
    own = typed(bool, content.pop("own_successors", True), f"{place}: own_successors")
    program = Program(circuits, own_successors=own)
    said = 0
    for word, tables in content.items():
        one_of((*_WORDS, "statements", "own_successors"), word, place)
        rows = typed(list, tables, f"{place}: {word}")
        for number, row in enumerate(rows):
            where = f"{place}: {word}[{number}]"
            table = typed(_WORDS[word], row, where)
            try:
                _say(program, word, msgspec.structs.asdict(table))
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            said += 1
    if count is not None:
        rule = f"must hold the {typed(int, count, f'{place}: statements')} statements that it says"
        check(said == count, place, rule, f"{said}", "the file is torn, or was edited")
    check(said > 0, place, "must hold at least one statement", "none")
    program.place = place
    return program


def load_program(path: Path, circuits: AbstractCircuits | int) -> Program:
    """Return the program of a TOML file; errors name the file.

    Raises:
        ValueError: if it cannot be read, and as `read_program`.
    """
    return read_program(text_of(path, "edges"), circuits, str(path))


def toml_of(program: Program) -> str:
    """Return a program as TOML, which `read_program` reads again.

    Raises:
        ValueError: for an edge with a decision of its own, which a file says as a branch.
    """
    lines = [f"statements = {len(program.statements)}"]
    if not program.own_successors:
        lines.append("own_successors = false")
    for word in dict.fromkeys(word for word, _ in program.statements):
        for said, arguments in program.statements:
            if said == word:
                lines += ["", f"[[{word}]]"]
                lines += [f"{name} = {_value(value)}" for name, value in arguments.items()]
    return "\n".join(lines) + "\n"


def save_program(path: Path, program: Program) -> None:
    """Write a program to a TOML file, whole or not at all."""
    check_writable(path, "path")
    with written_whole(path) as part:
        part.write_text(toml_of(program), encoding="utf-8")


def _value(value: Any) -> str:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Decision):
        raise bad("decision", "must be left out of a file", value, "say a branch")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)
