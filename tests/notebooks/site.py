"""The built site as files: pages, their links and anchors, what they load, clicks from the start."""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


# What a page shows or runs, beside the links that are followed by a click.
_LOADS = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in _LOADS and found.get(_LOADS[tag]) and found.get("rel") not in ("next", "prev"):
            self.loads.append(found[_LOADS[tag]])


class Link(NamedTuple):
    """Where a link leads: a file, and a place in it."""

    file: Path
    anchor: str


@cache
def read(page: Path) -> _Page:
    """Return what a page links to, loads and can be linked at."""
    parser = _Page()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def is_abroad(address: str) -> bool:
    """Tell whether an address is of the network."""
    return bool(urlsplit(address).netloc) or address.startswith(("http:", "https:"))


def target(page: Path, address: str) -> Link:
    """Return what an address on a page leads to."""
    parts = urlsplit(address)
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return Link(file, unquote(parts.fragment))


def broken(page: Path) -> list[str]:
    """Return the addresses on a page that lead to no file, or to no place in it."""
    found = read(page)
    wrong = []
    for address in (*found.links, *found.loads):
        if is_abroad(address) or address.startswith(("data:", "mailto:", "javascript:")):
            continue
        file, anchor = target(page, address)
        if not file.is_file() or (file.suffix == ".html" and anchor not in read(file).ids | {""}):
            wrong.append(address)
    return wrong


def clicks(start: Path) -> dict[Path, int]:
    """Return how many clicks each page is away from the first one."""
    found, edge = {start: 0}, [start]
    while edge:
        nearer, edge = edge, []
        for page in nearer:
            for address in read(page).links:
                if is_abroad(address):
                    continue
                file = target(page, address).file
                if file.suffix == ".html" and file.is_file() and file not in found:
                    found[file] = found[page] + 1
                    edge.append(file)
    return found
