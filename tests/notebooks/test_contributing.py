"""What CONTRIBUTING shows works as it stands there, and the laws that it names notice a mistake."""

import re
from pathlib import Path
from typing import Any

import pytest
from jaxsuper import allocation, circuits, network
from jaxsuper.allocation import _registry as families
from jaxsuper.circuits import _registry as kinds
from jaxsuper.network import _registry as constructions


ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()


def block(name):
    """Return the code below a mark."""
    return re.search(rf"<!-- tests: {name} -->\n```python\n(.*?)```", TEXT, re.DOTALL)[1]  # pyrefly: ignore


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Leave those of the package as they were."""
    for module, name in (
        (families, "_FAMILIES"),
        (kinds, "_KINDS"),
        (constructions, "_CONSTRUCTIONS"),
    ):
        monkeypatch.setattr(module, name, dict(getattr(module, name)))


def run(code):
    space: dict[str, Any] = {}
    exec(code, space)
    return space


def test_commands_name_what_exists():
    """Files that are run or named, and the choice of tests."""
    for path in re.findall(r"(?<![\w/])((?:tests|jaxsuper|notebooks)/[\w/.]+\w)", TEXT):
        if path != "jaxsuper/allocation/_lines.py":  # the one to be written
            assert (ROOT / path).exists(), path
    for number, kind in re.findall(r"pytest (tests/\S+) -k (\w+)", TEXT):
        assert kind in ("lines", *circuits.kinds(), *network.constructions()), number


@pytest.mark.slow
def test_a_family():
    run(block("allocation"))
    assert allocation.capacity(250, 6, "lines") == 41**2
    assert allocation.diagnostics(allocation.allocate(250, 6, 557, "lines"))["max_overlap"] == 1
    wrong = block("allocation").replace("a[:, None] * i + c", "a[:, None] + i * c")
    assert wrong != block("allocation")
    with pytest.raises(AssertionError):
        run(wrong.replace('"lines"', '"wrong"'))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_circuit():
    run(block("circuit"))
    assert "addition" in circuits.kinds()


@pytest.mark.slow
def test_a_construction():
    run(block("construction"))
    assert "capped" in network.constructions()
