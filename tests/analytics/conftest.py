"""Measurements that several tests compare with something, made once."""

from functools import cache

import pytest
from jaxsuper.simulation import Experiment, run_networks


@cache
def _measured(experiment):
    return run_networks(experiment).merged()


@pytest.fixture(scope="session")
def measure():
    """Return a function of settings, as of `Experiment.of`, that gives z -> measurement."""
    return lambda **settings: _measured(Experiment.of(**settings))
