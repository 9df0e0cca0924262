"""A precision that shows in the metrics of a device is warned of."""

import warnings

import jax
import pytest
from jaxsuper import simulation
from jaxsuper._settings import Configuration, Experiment


def test_default_on_a_tpu_is_warned_of(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    with pytest.warns(UserWarning, match="by 11 standard errors, and by 46 at"):
        simulation.warn_of_precision(["highest", "default"])


@pytest.mark.parametrize(
    ("backend", "precisions"), [("tpu", ["high", "highest"]), ("cpu", ["default"]), ("tpu", [])]
)
def test_nothing_else_is(backend, precisions, monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    with warnings.catch_warnings(action="error"):
        simulation.warn_of_precision(precisions)


def test_an_experiment_asks(monkeypatch):
    """Before it builds anything."""
    asked = []

    def stop(precisions):
        asked.extend(precisions)
        raise StopIteration

    monkeypatch.setattr("jaxsuper.simulation._run.warn_of_precision", stop)
    settings = Configuration(80, 20, 3, 2, 3, 40, precision="default")
    with pytest.raises(StopIteration):
        simulation.run_networks(Experiment(settings))
    assert asked == ["default"]
