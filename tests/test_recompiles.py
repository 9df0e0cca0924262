"""README's table of what compiles again, counted."""

import logging
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest
from jaxsuper import Configuration, Experiment, run_experiment, simulate
from jaxsuper._limits import BASE_BYTES, use_memory_limit
from jaxsuper.commands._compiles import compiles_counted
from jaxsuper.design import candidates, descend, Effort, frontier, Problem, Rules, search
from jaxsuper.simulation import frame_of, measure_framed, parts_of, prepare
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def programs(compiled):
    """Return the programs among those compiled that a search is made of."""
    return [name for name in compiled if "_measured" in name or "_stepped" in name]


@pytest.mark.slow
def test_a_frame_is_one_program(compiled):
    """For other T, S, thresholds, seeds and numbers of samples; another frame is another one."""
    first = Configuration(96, 16, 3, n_layers=2, circuit="rotation3", construction="private")
    first = replace(first, allocation="transversal")
    others = [
        replace(first, n_circuits=25, seed=5),
        replace(first, redundancy=4, gate_bias=3.0),
        replace(first, network=7),
    ]
    frame = frame_of(first)
    for each in others:
        frame = frame.join(frame_of(each))
    measure_framed(first, 40, 16, frame)
    assert compiled
    compiled.clear()
    for each in others:
        measure_framed(each, 25, 16, frame)
    assert not compiled


@pytest.mark.slow
def test_a_search_compiles_a_program_for_each_construction(compiled):
    """Not one for each structure, and none for batches of 16, 32 and 64."""
    effort = Effort(2, 4, 0, 2, 32, 2, 64)
    problem = Problem(104, 14, 2, 2)
    result = search(problem, effort=effort, only=("published", "clipped"))
    assert len({ranked.design.configuration.redundancy for ranked in result.ranking}) > 1
    assert len(programs(compiled)) == 1 and len(compiled) <= 3, compiled


@pytest.mark.slow
def test_a_bisection_compiles_a_program_for_many_sizes(compiled):
    """Not one for every T."""
    problem = Problem(96, 0, 1, 2)
    result = frontier(problem, 0.1, "carried", rules=Rules(looks=(2,)), samples=16)
    assert len(programs(compiled)) < len(result.crossing.evaluated) - 1, compiled


def test_descents_share_a_program(compiled):
    """Of other structures, seeds and starts; they differ from each other."""
    problem = Problem(104, 14, 2, 2)
    designs = candidates(problem, "clipped")[:4:2]
    frame = frame_of(designs[0].configuration).join(frame_of(designs[1].configuration))
    ends = [descend(each, 2, 16, steps=2, frame=frame).end for each in designs]
    assert len(programs(compiled)) == 1 and ends[0] != ends[1]


def test_commands_count_what_they_compile():
    """Each program once, and only while it is counted."""
    run = lambda factor: jax.jit(lambda x: np.float32(factor) * x)(np.float32(1))
    with compiles_counted() as outer:
        run(2.5)
        with compiles_counted() as inner:
            run(3.5)
            run(4.5)
    run(5.5)
    assert (outer.programs, inner.programs) == (3, 2)
    assert outer.seconds > inner.seconds > 0
    assert str(inner).startswith("2 programs, ") and " read from disk, in " in str(inner)
