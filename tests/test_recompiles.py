"""README's table of what compiles again, counted."""

import logging
from dataclasses import replace
from typing import Any

import jax
import pytest
from jaxsuper import Configuration, Experiment, run_experiment, simulate
from jaxsuper._limits import BASE_BYTES, use_memory_limit
from jaxsuper.simulation import parts_of, prepare
from jaxsuper.simulation._padding import room_for


# Of sizes that no other test has, which might share the programs.
BASE = Configuration(116, 20, 3, n_layers=2, batch_size=20, circuit="rotation")
# Setting -> what to change it to, and the programs that need compiling then.
CHANGES: dict[str, tuple[Any, int]] = {
    "seed": (7, 0),
    "network": (5, 0),
    "lower_threshold": (0.3, 0),
    "upper_threshold": (0.8, 0),
    "gate_bias": (0.5, 0),
    "inhibition_factor": (0.9, 0),
    "n_active": (4, 0),
    "batch_size": (512, 0),
    "n_circuits": (9, 0),
    "allocation": ("balanced-prime-steps", 0),
    "redundancy": (2, 2),
    "n_layers": (3, 2),
    "network_width": (124, 2),
    "construction": ("split", 2),
    "precision": ("high", 2),
}
# The same of a network that cannot be padded.
UNPADDED: dict[str, tuple[Any, int]] = {
    "n_active": (4, 0),
    "batch_size": (512, 0),
    "n_circuits": (19, 2),
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


@pytest.mark.parametrize(
    "base, changes",
    [(BASE, CHANGES), (replace(BASE, construction="cleaned"), UNPADDED)],
    ids=["padded", "unpadded"],
)
def test_the_table(base, changes, compiled):
    run(base)
    assert len(compiled) >= 2
    for name, (value, expected) in changes.items():
        compiled.clear()
        run(replace(base, **{name: value}))
        assert len(compiled) == expected, (name, compiled)
        compiled.clear()
        run(replace(base, **{name: value}))
        assert not compiled
    run(base, n_networks=3)
    assert not compiled


def test_beyond_the_slots(compiled):
    """Of more active circuits there is room for 8, then for as many as are asked for."""
    network, key = prepare(BASE), jax.random.key(0)
    for z, expected in ((4, 1), (1, 0), (5, 1), (8, 0), (9, 1), (10, 1)):
        compiled.clear()
        simulate(network, z, 40, key=key)
        assert sum("_run_chunk" in name for name in compiled) == expected, (z, compiled)


def test_long_runs_are_not_padded():
    """What padding would cost is held against compiling: by it, T, samples and memory decide."""
    settings = Configuration(1000, 100, batch_size=520)
    short, long = (
        room_for(Experiment(settings, n_networks=count), parts_of(settings)) for count in (1, 1000)
    )
    assert (short.shape, short.chunk) == ((558, 251, 6, 17), 512)
    assert (long.shape, long.chunk) == (None, 260)
    use_memory_limit(BASE_BYTES + 2**24)
    try:
        small = room_for(Experiment(settings, n_networks=1), parts_of(settings))
    finally:
        use_memory_limit(None)
    assert small.chunk == 260


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
