"""What comes from outside, read with its types: the error is one line with place, rule and value.

Shapes and types are those of `msgspec`: no `true` as a number, no "3", no unknown keys where a type
forbids them. A file is UTF-8, whatever the locale.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ._errors import bad, cut


_Wanted = TypeVar("_Wanted")
# Of the library's messages "Expected `int`, got `str` - at `$.curve[0].step`".
_PLACE = re.compile(r"^(?P<rule>.*?)(?: - at `\$\.?(?P<place>.*)`)?$", re.DOTALL)
# The library takes time with the square of a dotted key's parts: more of them are refused before.
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}){{100}}")
_TYPES = {
    "array": "a list",
    "bool": "a boolean",
    "float": "a number",
    "int": "an integer",
    "null": "nothing",
    "object": "a table",
    "str": "a string",
}
# Longer values are cut in errors, which are one line.
_SHOWN = 60


def shown(value: object) -> str:
    """Return a value as it stands in an error: on one line, cut if it is long."""
    return cut(repr, value, _SHOWN)


def typed(kind: type[_Wanted], given: object, place: str) -> _Wanted:
    """Return plain data as a value of a type.

    Args:
        kind: a type that `msgspec` knows.
        given: numbers, strings, lists and tables.
        place: what is converted, in the error.

    Returns:
        The value.

    Raises:
        ValueError: if the data are of another type or shape: names the place, and both types.
    """
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise _fault(str(error), place) from None
    except RecursionError:
        raise bad(place, "must not be nested so deep", "more levels than can be read") from None


def from_json(kind: type[_Wanted], content: bytes, place: str) -> _Wanted:
    """Return JSON as a value of a type; as `typed`, and for what is no JSON."""
    return _decoded(msgspec.json.Decoder(kind), content, place, "JSON")


def from_binary(kind: type[_Wanted] | Any, content: bytes, place: str) -> _Wanted:
    """Return MessagePack as a value of a type, or of a union; as `typed`, and for no MessagePack."""
    return _decoded(msgspec.msgpack.Decoder(kind), content, place, "MessagePack")


def _decoded(decoder: Any, content: bytes, place: str, language: str) -> Any:
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        raise _fault(str(error), place) from None
    except msgspec.DecodeError as error:
        raise bad(place, f"must be {language}", _one_line(error)) from None
    except RecursionError:
        raise bad(place, "must not be nested so deep", "more levels than can be read") from None


def from_toml(text: str, place: str) -> dict[str, Any]:
    """Return TOML as plain data.

    Raises:
        ValueError: for what is no TOML, or nested deeper than can be read.
    """
    if _DEEP_KEY.search(text):
        raise bad(place, "must not be nested so deep", "a key of more than 100 parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise bad(place, "must not be nested so deep", "more levels than can be read") from None
    except ValueError as error:
        raise ValueError(f"`{place}` must be TOML: {_one_line(error)}") from None


def text_of(path: Path, argument: str) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        ValueError: if it cannot be read or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad(argument, "must be UTF-8", f"byte {error.start} of {path}") from None
    except OSError as error:
        raise bad(argument, "must be readable", path, error.strerror or str(error)) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _fault(message: str, place: str) -> ValueError:
    """Return the error of the library's message, with its place put after ours."""
    match = _PLACE.match(message)
    assert match is not None
    inner = match["place"] or ""
    where = place + ("." if place and inner and inner[0] != "[" else "") + inner
    wrong = re.fullmatch(r"Expected `([^`]+)`(.*?)(?:, got `(.+)`)?", match["rule"])
    key = re.fullmatch(r"Object (missing required|contains unknown) field (`.+`)", match["rule"])
    if wrong is not None:
        kinds = " or ".join(_TYPES.get(kind, kind) for kind in wrong[1].split(" | "))
        given = f", got {_TYPES.get(wrong[3], wrong[3])}" if wrong[3] else ""
        rule = f"be {kinds}{wrong[2]}{given}"
    elif key is not None:
        rule = f"{'have' if key[1].startswith('missing') else 'not have'} the key {key[2]}"
    else:
        rule = f"fit its type: {match['rule']}"
    return ValueError(f"`{where}` must {' '.join(rule.split())}")
