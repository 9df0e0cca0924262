"""What users looked for in vain is said where they looked."""

import re
from pathlib import Path

import jaxsuper
import pytest
from jaxsuper import cli


ROOT = Path(__file__).parents[1]
SAID = [
    ("LICENSE", "Apache License"),
    ("CITATION.cff", "jaxsuper developers"),
    ("pyproject.toml", 'license-files = ["LICENSE"]'),
    ("pyproject.toml", "authors = "),
    ("README.md", "single neurons fire by mistake because of active circuits, but not"),
    ("README.md", "figures 5 to 7"),
    ("README.md", "jupyter lab notebooks"),
    ("README.md", "https://www.lesswrong.com/posts/"),
    ("README.md", "https://arxiv.org/abs/"),
    ("README.md", "JAX_ENABLE_X64"),
    ("README.md", "sweep.run_sweep("),
    ("README.md", "with_predictions("),
    ("README.md", "<!-- what recompiles -->"),
    ("CONTRIBUTING.md", ".ci/check"),
    ("CONTRIBUTING.md", "register("),
    (".ci/check", "within"),
    (".ci/versions", "lowest"),
]


@pytest.mark.parametrize("file, words", SAID)
def test_said(file, words):
    assert words in " ".join((ROOT / file).read_text(encoding="utf-8").split())


def test_types_are_shipped():
    assert (Path(jaxsuper.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("command", ["", "simulate", "sweep", "design", "scaling", "verify"])
def test_help_is_in_sentences(command, capsys):
    """For users: what a command does comes first, and no scrap such as "of everything random."."""
    with pytest.raises(SystemExit):
        cli.main([*command.split(), "--help"])
    printed = capsys.readouterr().out
    first = printed.split("\n\n")[1]
    assert "developer" not in first and "typed settings" not in first and len(first) > 30
    assert not re.search(r"of everything random|│ *of each network", printed)
