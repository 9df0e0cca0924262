"""The ledger's page: complete, self-contained, filtered, narrow, and shown by a real browser."""

import json
import re
import subprocess
from base64 import b64encode
from hashlib import sha256
from html import escape
from html.parser import HTMLParser
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from jaxsuper import cli
from jaxsuper.analytics.claims import _registry as registry, claims, Point, Run, settle, TIERS
from jaxsuper.plotting import claim_article, formula_mathml, ledger_page
from jaxsuper.plotting._claims import claim_svg

from ..analytics.ledgers import claim_of, evidence, fails, in_regime, mean_of
from ..notebooks.browser import BROWSER, FLAGS


def bound(run):
    points = [Point(x, 3.0, 1.0, rival=9.0, relation="at least") for x in (1, 2)]
    return evidence(*points, note="Three is more than one.")


MADE_UP = (
    claim_of("means.near", gather=mean_of(1, spread=0.01, tolerance=0.08)),
    claim_of("means.undecided", "undecided", gather=mean_of(1.3, tolerance=0.3)),
    claim_of("means.regime", "established in regime", in_regime, tier="algebra"),
    claim_of("bounds.met", gather=bound, tier="inequality"),
    claim_of("bounds.refuted", "refuted", mean_of(2, spread=0.01, tolerance=0.08), tier="guard"),
    claim_of("bounds.broken", gather=fails, tier="guard"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A ledger of all verdicts at two seeds; "undecided" and "error" are not as expected."""
    out = tmp_path_factory.mktemp("ledger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_CLAIMS", {entry.id: entry for entry in MADE_UP})
        assert cli.main(["verify", "--out", str(out), "--seed", "0", "1"]) == 1
    return out


def entry_of(gather, **settings) -> dict[str, Any]:
    return settle(claim_of("a.b", gather=gather, **settings), Run()).to_json()


class TestFormulas:
    def test_every_formula_of_the_registry(self):
        for entry in claims():
            text = formula_mathml(entry.formula)
            assert text.startswith('<math display="block">') and "\\" not in text, entry.id

    @pytest.mark.parametrize(
        "wrong", [r"\frac{1", r"\frac{1}", r"\nothing x", "a_", r"\left( x", "}", "a & b"]
    )
    def test_what_does_not_parse(self, wrong):
        with pytest.raises(ValueError, match="`formula`"):
            formula_mathml(wrong)

    def test_what_the_converter_gets_wrong(self):
        """Upright letters and words, bold characters, punctuation."""
        assert "<mtext>E</mtext>" in formula_mathml(r"\mathrm{E} x")
        assert "<mtext>top\N{NO-BREAK SPACE}fifth</mtext>" in formula_mathml(r"\mathrm{top\ fifth}")
        assert formula_mathml(r"\mathbf{1aZ}").count("mathvariant") == 0
        assert all(letter in formula_mathml(r"\mathbf{1aZ}") for letter in "𝟏𝐚𝐙")
        assert '<mo lspace="0em">;</mo>' in formula_mathml("f(x; y)")
        assert "<msub><mtext>frac</mtext>" in formula_mathml(r"\mathrm{frac}_{on}")


def places(svg: str, name: str) -> np.ndarray:
    """Return where the marks of one kind stand, (n, 2), in pixels."""
    (way,) = re.findall(rf'class="{name}" d="([^"]*)"', svg)
    return np.array(re.findall(r"M([\d.]+) ([\d.]+)", way), float)


class TestPlot:
    def test_marks_stand_where_values_are(self):
        points = [Point(x, x**2, x**2 + (x == 3), rival=0) for x in (1.0, 2.0, 3.0, 5.0)]
        svg = claim_svg(entry_of(lambda run: evidence(*points, tolerance=0.05)))
        dots, said, rival = (places(svg, name) for name in ("dot", "said", "rival"))
        x, y = dots.T
        np.testing.assert_allclose(np.diff(x) / (x[1] - x[0]), [1, 1, 2], rtol=5e-3)
        np.testing.assert_allclose((y[0] - y) / (y[0] - y[1]), [0, 1, 8 / 3, 8], rtol=5e-2)
        off = np.abs(dots - said).max(axis=1)
        assert (off[[0, 1, 3]] < 0.11).all() and off[2] > 5  # the wrong one is seen
        assert (rival[:, 1] > y).all() and np.ptp(rival[:, 1]) == 0
        # One square, around the point that is outside.
        np.testing.assert_array_equal(places(svg, "outside"), dots[2:3])
        assert 'class="undecided"' not in svg

    def test_logarithmic_axes(self):
        points = [Point(10.0**k, 100.0**k, 100.0**k, rival=1.0) for k in range(4)]
        settings = {"log_x": True, "log_y": True}
        svg = claim_svg(entry_of(lambda run: evidence(*points, **settings)))
        steps = np.diff(places(svg, "dot"), axis=0)
        np.testing.assert_allclose(steps, np.tile(steps[0], (3, 1)), atol=0.2)
        assert ">10²<" in svg
        linear = claim_svg(entry_of(lambda run: evidence(*points)))
        assert np.ptp(np.diff(places(linear, "dot"), axis=0)[:, 0]) > 50

    def test_errors_and_what_is_allowed(self):
        point = Point(1.0, 1.2, 1.0, stderr=0.1, freedom=9, rival=3.0)
        svg = claim_svg(entry_of(lambda run: evidence(point, tolerance=0.4)))

        def span(name):
            ((low, high),) = re.findall(rf'class="{name}" d="M[\d.]+ ([\d.]+)V([\d.]+)', svg)
            return float(low) - float(high)

        assert span("band") / span("spread") == pytest.approx(0.8 / 0.2, rel=0.02)
        assert 'class="undecided"' in svg

    def test_a_far_rival_does_not_flatten_the_rest(self):
        points = [Point(x, x, x, rival=1e6) for x in (1.0, 2.0)]
        svg = claim_svg(entry_of(lambda run: evidence(*points)))
        (low, high), (far, _) = places(svg, "dot")[:, 1], places(svg, "rival")[:, 1]
        assert low - high > 60 and far < high

    def test_regime(self):
        """Shaded from one end of the boundary to the other."""
        svg = claim_svg(entry_of(in_regime))
        ((start, width),) = re.findall(r'class="edge" x="([\d.]+)" y="\d+" width="([\d.]+)"', svg)
        x = places(svg, "dot")[:, 0]
        assert [float(start), float(start) + float(width)] == pytest.approx([x[1], x[3]], abs=0.2)

    def test_nothing_to_draw(self):
        assert claim_svg(entry_of(lambda run: evidence(Point(0, np.nan, 1, rival=2)))) == ""

    @pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 12345.0, 1e9])
    def test_ticks_differ(self, scale):
        points = [Point(x, scale * (1 + x / 7), scale, rival=scale) for x in (0, 1)]
        svg = claim_svg(entry_of(lambda run: evidence(*points)))
        labels = re.findall(r'class="v"[^>]*>([^<]*)<', svg)
        assert 3 <= len(labels) == len(set(labels)) <= 8 and max(map(len, labels)) < 12


class TestArticle:
    def test_power_in_words(self):
        near = claim_article(entry_of(mean_of(1, spread=0.001, tolerance=0.12)))
        assert "A formula that is 20 % off would be noticed: refuted." in near
        assert "<td>–</td><td>–</td><td>refuted</td>" in near
        met = claim_article(entry_of(bound))
        assert "A bound that claims 100 % more would be established just as well." in met
        refuted = claim_article(entry_of(mean_of(2, spread=0.001, tolerance=0.12)))
        assert "would be" not in refuted and 'class="power"' not in refuted

    def test_rival_counts_its_points(self):
        """Those of the regime, where it says something."""
        article = claim_article(entry_of(in_regime))
        assert "outside at 2 of 2" in article
        assert "expected after 2 and not beyond 4. Found: all is within up to 2" in article

    def test_effort(self):
        gather = mean_of(1, first=16, spread=0.1, tolerance=0.1)
        assert "2 times those of the first look" in claim_article(entry_of(gather))
        gather = mean_of(1, first=16, spread=0.001, tolerance=0.1)
        assert "first look" not in claim_article(entry_of(gather))

    def test_tolerances_and_places(self):
        article = claim_article(
            entry_of(lambda run: evidence(Point(0, 1.5, 1, rival=9), factor=2.0))
        )
        assert "allowed: a factor 2" in article and "<td>✓ </td>" in article
        entry = entry_of(mean_of(1.3, tolerance=0.3))
        assert "<td>? </td>" in claim_article(entry)
        within = entry["evidence"]["standard_errors_within"][0]
        assert f"allowed: 30 % of the predicted value; within if inside that by {within:.1f}" in (
            claim_article(entry)
        )

    def test_small(self):
        """110 claims with 15 points each come to less than 2 MB."""
        points = [
            Point(x / 3, np.sin(x), np.sin(x), stderr=0.01, rival=2 / 3, series=f"series {x % 4}")
            for x in range(15)
        ]
        article = claim_article(entry_of(lambda run: evidence(*points, tolerance=0.1)))
        assert len(article.encode()) < 2e6 / 110 * 0.6


class Page(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self):
        super().__init__()
        self.references, self.tags, self.handlers = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [v for k, v in attrs if k in ("src", "href", "srcset", "action")]
        self.handlers += [k for k, _ in attrs if k.startswith("on") or k == "style"]


def test_page_needs_nothing_else(folder):
    """Links lead to places on the page; nothing is loaded; one script, allowed by its hash."""
    text = (folder / "ledger.html").read_text()
    page = Page()
    page.feed(text)
    assert page.references and all(reference[0] == "#" for reference in page.references)
    assert not {"link", "iframe", "object", "img"} & set(page.tags) and not page.handlers
    assert not re.search(r"url\(|@import|https?://", text)
    assert page.tags.count("svg") == len(MADE_UP) - 1 and page.tags.count("math") == len(MADE_UP)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = b64encode(sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_page_says_all(folder):
    text = (folder / "ledger.html").read_text()
    for words in (
        "science: measured against theory",
        "family-wise error rate, shared among 5000 comparisons",
        "any false claim is established is at most 1 % as well, shared among 200 claims",
        "jax 0",
        "Python 3",
        "matrix precision",
        "(and the verdicts of seeds 0, 1)",
        "2 NOT as expected",
        "ZeroDivisionError",
        "Three is more than one.",
        "Every claim has the same verdict at all of them.",
    ):
        assert words in text, words
    rows = re.findall(r"<tr>(<td>.*?)</tr>", text[: text.index("</table>")])
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows]
    # Tier, established, in regime, refuted, undecided, error.
    assert [cell[0] for cell in cells] == [*TIERS, "all"]
    assert cells[3][1:] == ["", "", "1", "", "1"] and cells[-1] == ["all", *"21111"]


def test_text_is_escaped(folder):
    entries = json.loads((folder / "ledger.json").read_text())
    for name in ("statement", "source", "regime", "reason"):
        entries[0][name] = "a < b <script>alert(1)</script>"
    entries[0]["evidence"] |= {"x_label": "<b>", "y_label": '"<i>', "note": ""}
    entries[0]["evidence"]["points"][0]["series"] = "<u>"
    text = ledger_page(entries)
    assert text.count("<script") == 1 and "a &lt; b &lt;script&gt;" in text
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in text


class Browser:
    """Chromium without a window, in a profile of its own."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, address, *flags):
        command = [BROWSER, *FLAGS, f"--user-data-dir={self.folder / 'profile'}", *flags, address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    def shoot(self, address, width=1200):
        """Return a screenshot (H, W, 3) and the addresses that the page asked for."""
        log, shot = self.folder / "net.json", self.folder / "shot.png"
        size = f"--window-size={width},2400"
        self.run(address, size, f"--log-net-log={log}", f"--screenshot={shot}")
        asked = set(re.findall(r'"url":\s*"(https?://[^"]+)"', log.read_text()))
        # What the browser asks its maker for on its own account.
        own = re.compile(r"https?://[^/]*(google|gstatic|gvt1|chromium)[^/]*/")
        return plt.imread(shot)[..., :3], {url for url in asked if not own.match(url)}

    def width(self, text, window):
        """Return how wide a page is that is shown in a window of some width."""
        page = self.folder / "measured.html"
        text = re.sub(r"<meta http-equiv[^>]*>", "", text)
        # Windows are at least 500 pixels wide, frames are not.
        page.write_text(
            f'<!doctype html><iframe width="{window}" height="2400" srcdoc="{escape(text)}" '
            'onload="const page = this.contentDocument.documentElement; document.title = '
            '`${page.scrollWidth}/${this.contentWindow.innerWidth}`"></iframe>'
        )
        shown = self.run(page.as_uri(), "--window-size=1200,2400", "--dump-dom")
        ((wide, inner),) = re.findall(r"<title>(\d+)/(\d+)", shown)
        return int(wide), int(inner)


needs_browser = pytest.mark.skipif(not BROWSER, reason="no Chromium found to show the page in")


@needs_browser
def test_in_a_browser(folder, tmp_path):
    """Chromium shows every claim, in colour, and asks for nothing from anywhere."""
    browser, address = Browser(tmp_path), (folder / "ledger.html").as_uri()
    picture, asked = browser.shoot(address)
    assert not asked
    assert picture.shape[:2] == (2400, 1200)
    # Ink over the whole height: text, formulas and plots in several colours.
    inked = (picture.min(axis=2) < 0.8).any(axis=1).reshape(24, 100).any(axis=1)
    assert inked[:12].all()
    assert len(np.unique((picture.reshape(-1, 3) * 7).round().astype(int), axis=0)) > 20
    shown = browser.run(address, "--dump-dom")
    for entry in MADE_UP:
        assert f'<article id="{entry.id}"' in shown


@needs_browser
def test_on_a_narrow_screen(folder, tmp_path):
    """At 400 pixels what is too wide scrolls by itself, not the page."""
    text, browser = (folder / "ledger.html").read_text(), Browser(tmp_path)
    wide, inner = browser.width(text, 400)
    assert wide <= inner <= 400
    # A table that does not scroll by itself would be seen.
    wide, inner = browser.width(text.replace(".scroll { overflow-x: auto; }", ""), 400)
    assert wide > inner


def shown_of(dom: str) -> set[str]:
    """Return the ids of the articles that are not hidden."""
    tags = re.findall(r'<article id="([^"]*)"([^>]*)>', dom)
    assert {id for id, _ in tags} == {entry.id for entry in MADE_UP}
    return {id for id, rest in tags if " hidden" not in rest}


@needs_browser
@pytest.mark.parametrize(
    "query, shown",
    [
        ("", {entry.id for entry in MADE_UP}),
        ("tier=guard", {"bounds.refuted", "bounds.broken"}),
        ("verdict=established", {"means.near", "bounds.met"}),
        ("verdict=not+as+expected", {"means.undecided", "bounds.broken"}),
        ("subject=means&tier=science", {"means.near", "means.undecided"}),
        ("search=three+more", {"bounds.met"}),
    ],
)
def test_filters(folder, tmp_path, query, shown):
    """What the address asks for is chosen; sections without claims are hidden, with their lines."""
    address = (folder / "ledger.html").as_uri() + f"?{query}"
    dom = Browser(tmp_path).run(address, "--dump-dom")
    assert shown_of(dom) == shown
    assert f"{len(shown)} of {len(MADE_UP)} claims" in dom and "<form hidden" not in dom
    lines = re.findall(r'<li data-of="([^"]*)"([^>]*)>', dom)
    assert {id for id, rest in lines if " hidden" not in rest} == shown
    subjects = {id.split(".")[0] for id in shown}
    assert dom.count("<section hidden") == 2 - len(subjects)


@needs_browser
def test_without_scripts_all_is_shown(folder, tmp_path):
    """And a script that is not the page's own does not run."""
    text = (folder / "ledger.html").read_text()
    assert "<form hidden>" in text and not re.search(r"<(article|section|li)[^>]* hidden", text)
    page = tmp_path / "changed.html"
    page.write_text(text.replace("<script>", "<script>document.title = 'other';"))
    dom = Browser(tmp_path).run(f"{page.as_uri()}?tier=guard", "--dump-dom")
    assert "<title>other" not in dom and shown_of(dom) == {entry.id for entry in MADE_UP}


@needs_browser
def test_the_browser_notices_what_is_wrong(tmp_path):
    """An empty page has no ink, and a request to another place is seen."""
    page, browser = tmp_path / "wrong.html", Browser(tmp_path)
    page.write_text("<!doctype html><img src='http://127.0.0.1:9/picture.png' alt=''>")
    picture, asked = browser.shoot(page.as_uri())
    assert asked == {"http://127.0.0.1:9/picture.png"}
    assert (picture > 0.99).mean() > 0.999
