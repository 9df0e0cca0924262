"""Files of this folder inside a page, and how its policy lets the browser load them."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from ._style import color_of


def inlined(name: str) -> tuple[str, str]:
    """Return a file of this folder and how the page's policy names it."""
    text = files("jaxsuper.plotting").joinpath(name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        text += "".join(f".s{index} {{ color: {color_of(index)}; }}\n" for index in range(7))
    return text, f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
