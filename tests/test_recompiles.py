"""README's table of what compiles again, counted."""

import logging
from dataclasses import replace
from typing import Any

import jax
import pytest
from jaxsuper import Configuration, Experiment, run_experiment, simulate
from jaxsuper.simulation import prepare


BASE = Configuration(96, 20, 3, n_layers=2, batch_size=20, circuit="rotation")
# Setting -> what to change it to, and the programs that need compiling then.
CHANGES: dict[str, tuple[Any, int]] = {
    "seed": (7, 0),
    "network": (5, 0),
    "lower_threshold": (0.3, 0),
    "upper_threshold": (0.8, 0),
    "gate_bias": (0.5, 0),
    "inhibition_factor": (0.9, 0),
    "n_active": (2, 1),
    "batch_size": (21, 1),
    "n_circuits": (19, 2),
    "redundancy": (2, 2),
    "n_layers": (3, 2),
    "network_width": (100, 2),
    "construction": ("split", 2),
    "precision": ("high", 2),
}


@pytest.fixture
def compiled():
    """Return a list that grows with the name of every program that is compiled."""
    names = []

    class Handler(logging.Handler):
        def emit(self, record):
            text = record.getMessage()
            if text.startswith("Compiling "):
                names.append(text.split()[1])

    handler, log = Handler(), logging.getLogger("jax._src.interpreters.pxla")
    log.addHandler(handler)
    propagated, log.propagate = log.propagate, False
    jax.config.update("jax_log_compiles", True)
    yield names
    jax.config.update("jax_log_compiles", False)
    log.removeHandler(handler)
    log.propagate = propagated


def run(configuration, n_networks=2):
    return run_experiment(Experiment(configuration, n_networks=n_networks))


def test_the_table(compiled):
    run(BASE)
    assert len(compiled) >= 2
    for name, (value, expected) in CHANGES.items():
        compiled.clear()
        run(replace(BASE, **{name: value}))
        assert len(compiled) == expected, (name, compiled)
        compiled.clear()
        run(replace(BASE, **{name: value}))
        assert not compiled
    run(BASE, n_networks=3)
    assert not compiled


def test_slots_and_chunk_serve_many(compiled):
    """One program for z up to the slots and for any batch in chunks of one size."""
    network = prepare(BASE)
    key = jax.random.key(0)
    simulate(network, 3, 40, key=key, slots=3, chunk=20)
    compiled.clear()
    for z, batch in ((1, 40), (2, 40), (3, 60), (1, 41)):
        simulate(network, z, batch, key=key, slots=3, chunk=20)
    assert not compiled
    simulate(network, 4, 40, key=key, chunk=20)
    assert compiled
