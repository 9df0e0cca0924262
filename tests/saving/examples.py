"""One of everything that can be saved."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxsuper import allocation, circuits, logic, network, programs, simulation
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


def of_layers(kind: Any) -> circuits.AbstractCircuits:
    """Return circuits of layers of different widths, with a table of inputs."""
    rng = np.random.default_rng(1)
    layers = [
        (rng.normal(size=(T, 4, 2)), rng.normal(size=(T, 4))),
        (rng.normal(size=(T, 1, 4)), None),
    ]
    return kind.from_layers(layers, np.eye(2))


def _sets() -> allocation.Allocation:
    return allocation.allocate(N, S, T)


# Made when they are asked for: tests are collected before.
EXAMPLES: dict[str, Callable[[], Any]] = {
    **{f"circuits {kind}": partial(circuits.make, kind, T, key=KEY) for kind in circuits.kinds()},
    "circuits centred": lambda: circuits.CenteredRotation.random(T, key=KEY),
    "circuits mlp": lambda: circuits.MLP.random(T, 3, 2, key=KEY),
    "circuits mlp of layers": lambda: of_layers(circuits.MLP),
    "circuits guarded": lambda: of_layers(circuits.Guarded),
    "circuits gated": lambda: of_layers(circuits.Gated),
    "allocation": _sets,
    "allocation padded": lambda: allocation.Padded(_sets(), (T + 2, N + 2, S + 1, 5)),
    "allocation widened": lambda: allocation.Widened(_sets(), 5),
    # Each construction by itself; the law tests have them built.
    **{f"network {name}": partial(laws.make, name) for name in network.constructions()},
    "network with edges": with_edges,
    "network of lists": wide,
    "network written out": lambda: network.DenseNetwork(jnp.ones((1, 3, 3)), jnp.zeros((2, 3))),
    "program": edges,
    "program without circuits": lambda: programs.Program(9).merge([1, 2], to=3, scale=0.5),
    "edges": lambda: edges().compile(4),
    "measurement": measured,
    "measurement of one network": lambda: measured(1),
    "configuration": lambda: simulation.Configuration(n_circuits=3),
    "experiment": lambda: simulation.Experiment.of(n_active=(1, 2), chunk=7),
    "universal and": lambda: logic.UniversalAnd.random(5, 8, 0.5, 4, key=KEY),
    "arrays": lambda: {
        "columns first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "none": np.zeros((0, 2), np.uint8),
        "half": np.float16(2),
        "one": np.array(True),
        "every other": np.arange(9)[::2],
        "a": {"b": np.arange(2)},
        "a.b": np.arange(3),
    },
    "key": lambda: {
        "key": jax.random.key(3, impl="rbg"),
        "list": [1, (2.5, None)],
        "t": (True, "x", float("inf"), np.float32(3)),
    },
}


@cache
def example(name: str) -> Any:
    """Return a thing by name."""
    return EXAMPLES[name]()
