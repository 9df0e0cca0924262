"""The ledger's page: complete, self-contained, and shown by a real browser."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from jaxsuper import cli
from jaxsuper.analytics.claims import claims
from jaxsuper.plotting import formula_svg, ledger_page


BROWSER = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome", "chrome")
        if (path := shutil.which(name))
    ),
    "",
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
FLAGS += ("--disable-component-update", "--no-first-run", "--window-size=1200,2400")
SOME = ("bounds.any-encoder", "allocations.uneven-tail", "embeddings.shared-as-published")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("ledger")
    assert cli.main(["verify", "--quick", "--only", *SOME, "--out", str(out)]) == 0
    return out


def test_every_formula_can_be_drawn():
    for entry in claims():
        assert b"<svg" in formula_svg(entry.formula), entry.id
    with pytest.raises(ValueError):
        formula_svg(r"\frac{1")


def test_ledger(folder):
    """A list of claims with evidence and what it was made with."""
    entries = json.loads((folder / "ledger.json").read_text())
    assert {entry["id"] for entry in entries} == set(SOME)
    for entry in entries:
        assert {"id", "statement", "source", "verdict", "expected", "as_expected"} <= set(entry)
        assert {"jax", "device", "precision", "quick", "seed"} <= set(entry["environment"])
        assert entry["evidence"]["points"] and entry["rival"]["judged_the_other_way"]
    (regime,) = [entry for entry in entries if entry["verdict"] == "holds in regime"]
    assert regime["boundary"] == [1.0, 2.0]


class Page(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self):
        super().__init__()
        self.references, self.images, self.tags = [], 0, []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.images += tag == "img"
        self.references += [v for k, v in attrs if k in ("src", "href", "srcset", "action")]


def test_page_needs_nothing_else(folder):
    """Images are inside, links lead to places on the page; no scripts, no addresses in the style."""
    text = (folder / "ledger.html").read_text()
    page = Page()
    page.feed(text)
    assert page.images == 2 * len(SOME)  # a formula and a plot each
    for reference in page.references:
        assert reference.startswith(("data:image/svg+xml;base64,", "#")), reference[:80]
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?://", text)
    for word in ("jax 0", "Python 3", "matrix precision", "family-wise error rate", "Rival"):
        assert word in text, word


def test_text_is_escaped(folder):
    entries = json.loads((folder / "ledger.json").read_text())
    entries[0]["statement"] = "a < b <script>alert(1)</script>"
    text = ledger_page(entries)
    assert "<script" not in text and "a &lt; b &lt;script&gt;" in text


class Browser:
    """Chromium without a window, in a profile of its own."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, address, *flags):
        command = [BROWSER, *FLAGS, f"--user-data-dir={self.folder / 'profile'}", *flags, address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    def shoot(self, address):
        """Return a screenshot (H, W, 3) and the addresses that the page asked for."""
        log, shot = self.folder / "net.json", self.folder / "shot.png"
        self.run(address, f"--log-net-log={log}", f"--screenshot={shot}")
        asked = set(re.findall(r'"url":\s*"(https?://[^"]+)"', log.read_text()))
        # What the browser asks its maker for on its own account.
        own = re.compile(r"https?://[^/]*(google|gstatic|gvt1|chromium)[^/]*/")
        return plt.imread(shot)[..., :3], {url for url in asked if not own.match(url)}


needs_browser = pytest.mark.skipif(not BROWSER, reason="no Chromium found to show the page in")


@needs_browser
def test_in_a_browser(folder, tmp_path):
    """Chromium shows every claim and every image, and asks for nothing from anywhere."""
    browser, address = Browser(tmp_path), (folder / "ledger.html").as_uri()
    picture, asked = browser.shoot(address)
    assert not asked
    assert picture.shape[:2] == (2400, 1200)
    # Ink over the whole height: text, formulas and plots in several colours.
    inked = (picture.min(axis=2) < 0.8).any(axis=1).reshape(24, 100).any(axis=1)
    assert inked[:12].all()
    assert len(np.unique((picture.reshape(-1, 3) * 7).round().astype(int), axis=0)) > 20
    shown = browser.run(address, "--dump-dom")
    for id in SOME:
        assert f'id="{id}"' in shown


@needs_browser
def test_the_browser_notices_what_is_wrong(tmp_path):
    """An empty page has no ink, and a request to another place is seen."""
    page, browser = tmp_path / "wrong.html", Browser(tmp_path)
    page.write_text("<!doctype html><img src='http://127.0.0.1:9/picture.png' alt=''>")
    picture, asked = browser.shoot(page.as_uri())
    assert asked == {"http://127.0.0.1:9/picture.png"}
    assert (picture > 0.99).mean() > 0.999
