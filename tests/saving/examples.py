"""One of everything that can be saved."""

from functools import cache
from typing import Any

import jax
import numpy as np
from jaxsuper import allocation, circuits, features, logic, network, programs, simulation
from jaxsuper._arrays import root_key
from jaxsuper.testing import _network as laws


KEY = root_key(5)
T, N, S = 6, 20, 3


def edges() -> programs.Program:
    """Return a program with every kind of statement that leaves something to keep."""
    program = programs.Program(circuits.make("rotation", T, key=KEY, gate_bias=2.0))
    program.relay(0, to=1, layer=1).branch(1, on=lambda x: x[0] > 0, then=2, otherwise=3, layer=1)
    program.edge(4, 5, 2, decision=programs.Decision((0.5, -1.0), 0.25))
    return program.start(0, 4)


def with_edges() -> network.AbstractNetwork:
    """Return a network whose circuits feed each other."""
    program = edges()
    sets = allocation.allocate(N, S, T)
    assert isinstance(program.circuits, circuits.AbstractCircuits)
    return network.build(program.circuits, sets, 4, key=KEY, edges=program.compile(4))


def wide() -> network.AbstractNetwork:
    """Return a network that keeps lists of who is connected, in place of a matrix."""
    return network.build(
        circuits.make("rotation", 4, key=KEY), allocation.allocate(120, 2, 4), 2, key=KEY
    )


def measured(count: int = 3) -> simulation.Measurement:
    """Return a measurement of so many networks, with what is not finite in it."""
    rng = np.random.default_rng(0)
    by_network = rng.normal(size=(count, 2, 2))
    by_network[0, 0, 0] = np.nan
    single = [
        simulation.Measurement(("a", "b"), each, each**2, ("w",), each[:, :1], 7)
        for each in by_network
    ]
    return simulation.merge_networks(single)


@cache
def examples() -> dict[str, Any]:
    """Return the things by name."""
    small = {
        f"circuits {kind}": circuits.make(kind, T, key=KEY)
        for kind in circuits.kinds()
        if kind != "shifted"
    }
    sets = allocation.allocate(N, S, T)
    # Each construction by itself; the law tests have them built.
    large = {f"network {name}": laws.make(name) for name in network.constructions()}
    vectors = features.random_unit(5, 4, key=KEY)
    return {
        **small,
        "circuits centred": circuits.CenteredRotation.random(T, key=KEY),
        "circuits mlp": circuits.MLP.random(T, 3, 2, key=KEY),
        "allocation": sets,
        "allocation padded": allocation.Padded(sets, (T + 2, N + 2, S + 1, 5)),
        "allocation widened": allocation.Widened(sets, 5),
        **large,
        "network with edges": with_edges(),
        "network of lists": wide(),
        "network written out": network.dense_network(laws.make("clipped")),
        "program": edges(),
        "program without circuits": programs.Program(9).merge([1, 2], to=3, scale=0.5),
        "edges": edges().compile(4),
        "measurement": measured(),
        "measurement of one network": measured(1),
        "configuration": simulation.Configuration(n_circuits=3),
        "experiment": simulation.Experiment.of(n_active=(1, 2), chunk=7),
        "universal and": logic.UniversalAnd.random(5, 8, 0.5, key=KEY, embedding=vectors),
        "key": {"key": jax.random.key(3, impl="rbg"), "list": [1, (2.5, None)], "t": (True, "x")},
    }
