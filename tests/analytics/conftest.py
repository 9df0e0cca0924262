"""Programs compiled quickly, and measurements that several tests compare with something, made once."""

from functools import cache

import jax
import pytest
from jaxsuper.simulation import Experiment, run_networks


@pytest.fixture(autouse=True)
def compiled_quickly():
    """Let XLA optimise little: what is compiled here runs for less time than that takes."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@cache
def _measured(experiment):
    return run_networks(experiment).merged()


@pytest.fixture(scope="session")
def measure():
    """Return a function of settings, as of `Experiment.of`, that gives z -> measurement."""
    return lambda **settings: _measured(Experiment.of(**settings))
