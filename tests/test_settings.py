"""Settings as plain data: flat and back, defaults, what is refused."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest
from jaxsuper import _settings
from jaxsuper._settings import Configuration, Experiment, N_NETWORKS, PARAMETERS


@pytest.mark.parametrize(
    "settings, n_active",
    [
        ({}, (1,)),
        ({"n_active": 3}, (3,)),
        ({"n_active": [1, 2], "n_networks": 4, "chunk": 8}, (1, 2)),
    ],
)
def test_flat_and_back(settings, n_active):
    experiment = Experiment.of(circuit="step", **settings)
    assert experiment.n_active == n_active and experiment.configuration.circuit == "step"
    flat = experiment.flat()
    assert flat["n_active"] == (n_active[0] if len(n_active) == 1 else list(n_active))
    assert Experiment.of(**flat) == experiment != Experiment.of(**flat | {"seed": 1})


def test_the_order_of_the_file():
    """Those of a configuration, with the number of networks in place of which one it is."""
    names = [field.name for field in fields(Configuration)]
    names[names.index("network")] = "n_networks"
    assert list(Experiment().flat()) == [*names, "chunk", "erroneous_share"]


def test_networks_are_several_unless_one_is_asked_for():
    """What is stored keeps its number, and which network it was; what is predicted is a mean."""
    assert Experiment().n_networks == Experiment.of().n_networks == N_NETWORKS == 8
    assert Experiment.of(**Experiment(n_networks=1).flat()).n_networks == 1
    assert "n_networks" not in {field.name for field in fields(Configuration)}


def test_an_empty_n_active_is_that_of_the_configuration():
    assert Experiment(Configuration(n_active=4)).n_active == (4,)
    assert Experiment(Configuration(n_active=4), (1, 2)).n_active == (1, 2)


def test_refused():
    with pytest.raises(ValueError, match="`settings` must be one of.*did you mean 'n_circuits'"):
        Experiment.of(n_circuit=3)
    with pytest.raises(ValueError, match="`n_active` must name at least one"):
        Experiment.of(n_active=())


def test_parameters_are_settings():
    assert set(PARAMETERS) < {field.name for field in fields(Configuration)}
    assert all(isinstance(getattr(Configuration, name), float) for name in PARAMETERS)


def test_nothing_heavy_is_imported():
    tree = ast.parse(Path(_settings.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"dataclasses", "typing", "_errors"}
