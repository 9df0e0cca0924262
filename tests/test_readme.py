"""The examples of README that are a newcomer's path: they run as they stand, and stay short."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest


README = (Path(__file__).parents[1] / "README.md").read_text()


def block(name):
    """Return the code below a mark."""
    return re.search(rf"<!-- {name} -->\n```python\n(.*?)```", README, re.DOTALL)[1]  # pyrefly: ignore


@pytest.mark.parametrize(("name", "lines"), [("own circuit", 25), ("own claim", 20)])
def test_they_are_short(name, lines):
    assert len(block(name).splitlines()) <= lines


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_circuit_of_ones_own(tmp_path, monkeypatch):
    """It gives the right answers in superposition, with the predicted error, and its file is a kind."""
    from jaxsuper import circuits

    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    exec(block("own circuit"), space)
    found = np.asarray(space["measured"]["mse_x_active"])
    expected = np.asarray(space["jaxsuper"].predict(space["large"], 1)["mse_x_active"])
    assert found[0] < 1e-9
    np.testing.assert_allclose(found[1:], expected[1:], rtol=0.5)
    right = np.asarray(space["tasks"].targets)[[3, 7], [5, 2]]
    assert ((np.asarray(space["outputs"])[-1] > 0.5) == (right > 0.5)).all()
    pool = circuits.pool_of("boolean.safetensors")
    assert pool is not None and pool.n_circuits == 200


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_claim_of_ones_own():
    space: dict[str, Any] = {}
    exec(block("own claim"), space)
    assert "refuted" in repr(space["found"])
