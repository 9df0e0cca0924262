"""A formula as MathML, which browsers lay out themselves."""

import re
import unicodedata
from xml.etree import ElementTree

from latex2mathml.converter import convert

from .._errors import bad


_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
_CHILDREN = {
    "mfrac": 2,
    "msub": 2,
    "msup": 2,
    "mover": 2,
    "munder": 2,
    "msubsup": 3,
    "munderover": 3,
}
_KINDS = {"Ll": "SMALL", "Lu": "CAPITAL"}


def formula_mathml(formula: str) -> str:
    """Return a formula as a block of MathML.

    Args:
        formula: LaTeX.

    Returns:
        One `math` element.

    Raises:
        ValueError: if it does not parse.
    """
    # The converter sets single upright letters in italics, and words letter by letter.
    words = r"\\mathrm\{((?:[^{}\\_^]|\\ )+)\}"
    text = re.sub(words, lambda found: rf"\text{{{found[1].replace(chr(92), '')}}}", formula)
    try:
        root = ElementTree.fromstring(convert(text, display="block"))
    except Exception as error:  # the converter's own have no common ancestor
        raise bad("formula", "must be LaTeX", formula, type(error).__name__) from error
    for element in root.iter():
        element.tag = element.tag.removeprefix(_NAMESPACE)
        # What it does not know or finish, the converter hands through.
        known = element.tag == "mo" or not re.search(r"[\\{}]", element.text or "")
        if not known or len(element) != _CHILDREN.get(element.tag, len(element)):
            raise bad("formula", "must be complete LaTeX", formula)
        if element.text in (";", ":"):
            element.tag, element.attrib["lspace"] = "mo", "0em"
        if element.attrib.get("mathvariant") == "bold":
            # Browsers know no other variant than the normal one, but bold characters.
            del element.attrib["mathvariant"]
            element.text = "".join(map(_bold, element.text or ""))
    return ElementTree.tostring(root, encoding="unicode")


def _bold(letter: str) -> str:
    """Return a letter or digit in bold; what has no bold form as it is."""
    kind = _KINDS.get(unicodedata.category(letter))
    name = f"{kind} {letter}" if kind else unicodedata.name(letter)
    try:
        return unicodedata.lookup(f"MATHEMATICAL BOLD {name}")
    except KeyError:
        return letter
