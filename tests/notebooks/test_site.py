"""The documentation as a site: without a warning, offline, every page near, narrow, searchable."""

import importlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jaxsuper
import pytest
from jaxsuper._settings import LETTERS

from .browser import BROWSER, Browser
from .site import broken, clicks, is_abroad, read, target


_OF_TESTS = ("JAX_DISABLE_MOST_OPTIMIZATIONS", "XLA_FLAGS")
ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "notebooks"
PAGES = sorted(
    str(page.relative_to(SOURCES).with_suffix(""))
    for page in (*SOURCES.glob("*.md"), *SOURCES.glob("api/*.md"), *SOURCES.glob("[0-9]*.py"))
)


def load(name: str) -> Any:
    """Return a module of the site's extension that needs nothing but Python."""
    spec: Any = importlib.util.spec_from_file_location(name, SOURCES / "extension" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


parts = load("parts")


class TestTexts:
    """What pages take from other files is there."""

    @pytest.mark.parametrize("page", [page for page in PAGES if (SOURCES / f"{page}.md").exists()])
    def test_parts(self, page):
        text = (SOURCES / f"{page}.md").read_text()
        for found in parts._MARK.finditer(text):
            assert len(parts.part_of(found[2], found[3], alone=bool(found[4]))) > 50
        for found in parts._CODE.finditer(text):
            assert parts.code_of(found[1], found[2])
        # A mark that is mistyped would be shown to nobody.
        left = parts._CODE.sub("", parts._MARK.sub("", text))
        assert set(re.findall(r"<!-- (\w+)", left)) <= {"api", "help", "site", "tests"}

    def test_parts_that_are_not_there(self):
        with pytest.raises(ValueError, match="0 headings"):
            parts.part_of("README.md", "Run")
        with pytest.raises(ValueError, match="0 blocks"):
            parts.code_of("README.md", "own circus")

    def test_links_lead_between_pages(self):
        notes = parts.part_of("README.md", "Train it")
        assert "](./theory.md#trained-networks)" in notes
        assert "](./../benchmarks/results/tuning-cpu.json)" in notes
        assert "](./03_programs.py)" in parts.part_of("README.md", "Notebooks")

    def test_a_part_ends_where_the_next_begins(self):
        use = parts.part_of("README.md", "Use it", alone=True)
        assert "### " not in use and "Keep it" not in use and "predict" in use
        whole = parts.part_of("README.md", "Use it")
        assert whole.startswith(use) and "## Keep it" in whole and "### " not in whole
        assert "# A SLURM array" in parts.part_of("README.md", "On GPUs, TPUs and clusters")

    def test_every_public_folder_has_a_page(self):
        package = Path(jaxsuper.__file__).parent
        inner = [file.parent.relative_to(package).parts for file in package.rglob("__init__.py")]
        names = {".".join(parts) or "jaxsuper" for parts in inner}
        names -= {name for name in names if any(p.startswith("_") for p in name.split("."))}
        assert names == {page.stem for page in SOURCES.glob("api/*.md")} - {"index"}
        for name in names:
            mark = f"<!-- api {'jaxsuper.' * (name != 'jaxsuper')}{name} -->"
            assert mark in (SOURCES / "api" / f"{name}.md").read_text()


class TestNotation:
    text = (SOURCES / "notation.md").read_text()
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith("| letter")
    ]

    def test_every_letter_of_the_code(self):
        """Those of the table in `_types`, and those that formulas and grids may use."""
        from jaxsuper import _types

        named = {row[0].replace(" *", ""): row[2] for row in self.rows}
        given: dict[str, set[str]] = {}
        for letters, names in named.items():
            for letter in letters.split(", "):
                given.setdefault(letter, set()).update(re.findall(r"`([\w.]+)`", names))
        table = re.findall(r"^\| ([^|]+?) +\| (`[^|]+`) +\|", _types.__doc__ or "", re.MULTILINE)
        assert len(table) > 10
        for letters, names in table:
            for letter in letters.split(" = ")[0].split(", "):
                words = {name for name in re.findall(r"`(\w+)`", names)}
                assert letter in given, letter
                if letter not in ("lo", "hi", "T", "D"):
                    assert words <= {name.split(".")[-1] for name in given[letter]}, letter
        for letter, word in LETTERS.items():
            assert word in given[letter]

    def test_names_exist(self):
        from jaxsuper import Configuration, simulation

        metrics = {"mse_on_active", "mse_x_active", "mse_on_inactive", "mse_x_inactive"}
        assert metrics <= set(simulation.metric_names(jaxsuper.circuits.layout_of("rotation"))[0])
        names = {name for row in self.rows for name in re.findall(r"`([\w.]+)`", row[2])}
        for name in names - metrics - {"on", "x"}:
            assert self.resolves(name, Configuration), name
        assert not self.resolves("Allocation.overlap_rates", Configuration)

    def resolves(self, name, settings):
        first, *more = name.split(".")
        if not more:
            words = set(settings.__dataclass_fields__) | {"circuit_width", "block_width", "layer"}
            return name in words | {"n_features", "width", "margin"}
        if (Path(jaxsuper.__file__).parent / Path(*name.split("."))).is_dir():
            return True
        value = getattr(jaxsuper, first)
        for part in more:
            fields = getattr(value, "__dataclass_fields__", {})
            value = getattr(value, part, fields.get(part))
        return value is not None


class TestPaths:
    """The two ways in are short; their code is README's, which other tests run."""

    @pytest.mark.parametrize(
        ("page", "lines"), [("04_own_circuit", 25), ("05_own_formula", 10)], ids=("own", "formula")
    )
    def test_they_are_short(self, page, lines):
        text = (SOURCES / f"{page}.md").read_text()
        (file, mark), *more = re.findall(parts._CODE, text)
        assert not more and file == "README.md"
        code = parts.code_of(file, mark)
        assert len([line for line in code.splitlines() if line.strip()]) <= lines
        assert "import jax" in code

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore")
    def test_a_formula(self):
        """The other, own circuits, is in `test_readme`."""
        ((file, mark),) = re.findall(parts._CODE, (SOURCES / "05_own_formula.md").read_text())
        space: dict[str, Any] = {}
        exec(parts.code_of(file, mark), space)
        assert space["found"].verdict == "refuted"
        assert len(space["figure"].axes) > 1


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build it as CONTRIBUTING says, for which the folder is another."""
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed")
    pytest.importorskip("myst_nb", reason="the extra `docs` is not installed")
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (line,) = re.findall(r"bin/(sphinx-build .*) site/html$", text, re.MULTILINE)
    options = shlex.split(line)[1:]
    assert {"-W", "--keep-going"} <= set(options)
    out = tmp_path_factory.mktemp("site") / "html"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        # As a reader builds it: optimized, and for the devices that there are.
        env={name: value for name, value in os.environ.items() if name not in _OF_TESTS},
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING: " not in done.stderr.replace("[IPKernelApp]", "")
    # Nothing is left but where it is ignored.
    left = subprocess.run(
        ["git", "status", "--short"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "jupyter" not in left.stdout and "safetensors" not in left.stdout
    return out


@pytest.mark.slow
class TestSite:
    def test_pages_and_names(self, site):
        """Every source is a page, and every public name is on one."""
        found = {str(page.relative_to(site).with_suffix("")) for page in site.rglob("*.html")}
        assert found - set(PAGES) == {"genindex", "py-modindex", "search"} and set(PAGES) <= found
        shown = {name for page in site.glob("api/*.html") for name in read(page).ids}
        for page in SOURCES.glob("api/*.md"):
            if page.stem in ("index", "jaxsuper"):
                continue
            folder = f"jaxsuper.{page.stem}"
            module = importlib.import_module(folder)
            text = (site / "api" / f"{page.stem}.html").read_text()
            for name in module.__all__:
                assert f"{folder}.{name}" in shown or f">{name}<" in text, f"{folder}.{name}"

    def test_every_page_is_three_clicks_away(self, site):
        found = clicks((site / "index.html").resolve())
        assert set(found) == {page.resolve() for page in site.rglob("*.html")}
        assert max(found.values()) <= 3

    def test_no_link_is_broken(self, site):
        wrong = {page.name: broken(page.resolve()) for page in site.rglob("*.html")}
        assert not {page: links for page, links in wrong.items() if links}
        # Docstrings lead to the notes that they cite.
        notes = (site / "theory.html").resolve()
        cited = {
            target(page.resolve(), link)
            for page in site.glob("api/*.html")
            for link in read(page.resolve()).links
            if "theory.html#" in link and "api" not in link
        }
        assert len({place.anchor for place in cited if place.file == notes}) > 10

    def test_broken_links_are_found(self, site, tmp_path):
        page = tmp_path / "a.html"
        page.write_text('<p id="x"><a href="#x"></a><a href="#y"></a><img src="b.png"></p>')
        assert broken(page) == ["#y", "b.png"]

    def test_nothing_is_asked_of_the_network(self, site):
        for page in site.rglob("*.html"):
            assert not [address for address in read(page).loads if is_abroad(address)], page
        styles = [path.read_text() for path in site.rglob("*.css")]
        assert not [text for text in styles if re.search(r"(url\(|@import)\s*[\"']?https?:", text)]

    def test_maths_and_figures(self, site):
        """Formulas are elements, none is left as LaTeX; cells show each figure once."""
        for page, formulas in (("01_interaction", 20), ("02_designs", 1), ("theory", 15)):
            text = (site / f"{page}.html").read_text()
            assert text.count("<math ") >= formulas, page
            shown = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
            assert not re.search(r"\\(frac|tilde|mathrm|sum)", shown), page
        sweeps = (site / "07_sweeps.html").read_text()
        assert '<progress max="1" value="1.0000">' in sweeps and "32 done, 0 failed" in sweeps
        for page, count in (("00_quickstart", 1), ("05_own_formula", 1), ("06_published", 1)):
            loads = read((site / f"{page}.html").resolve()).loads
            assert len([file for file in loads if "_images/" in file]) == count, page


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if not BROWSER:
        pytest.skip("no Chromium found to show the pages in")
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.slow
class TestInABrowser:
    @pytest.mark.parametrize("width", [1280, 400])
    def test_no_page_is_wider_than_its_window(self, site, browser, width):
        wide = {}
        for page in sorted(site.rglob("*.html")):
            browser.open(page.as_uri(), width)
            needed = browser.ask("document.documentElement.scrollWidth")
            if needed > width:
                wide[page.name] = needed
        assert not wide
        assert not [address for address in browser.asked if is_abroad(address)]

    def test_a_wide_page_is_noticed(self, browser, tmp_path):
        page = tmp_path / "wide.html"
        page.write_text('<meta name="viewport" content="width=device-width"><pre>' + "x" * 200)
        browser.open(page.as_uri(), 400)
        assert browser.ask("document.documentElement.scrollWidth") > 400

    @pytest.mark.parametrize(
        ("words", "page"),
        [
            ("seizure", "theory.html"),
            ("check_assumptions", "api/circuits.html"),
            ("coordinator", "07_sweeps.html"),
            ("zzyzx", None),
        ],
    )
    def test_search(self, site, browser, words, page):
        browser.open(f"{(site / 'search.html').as_uri()}?q={words}", 1280)
        found = browser.ask(
            """new Promise((done) => {
              const look = () => {
                const said = document.querySelector("#search-results .search-summary");
                const links = document.querySelectorAll("#search-results .search a");
                // Results come one after the other.
                if (said && /found|did not match/.test(said.textContent))
                  setTimeout(() => done([...links].map((link) => link.getAttribute("href"))), 500);
                else setTimeout(look, 50);
              };
              look();
            })"""
        )
        if page is None:
            assert found == []
        else:
            assert any(link.split("#")[0].split("?")[0].endswith(page) for link in found)
