"""Claims about circuits that feed each other: edges in the place of circuits (notes#edges)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ... import theory
from ...allocation import allocate
from ...circuits import Rotation
from ...network import build
from ...programs import named_program, Program, random_program
from ...simulation import forward, sample_inputs
from ...theory.seizure import critical_edges, DEAD, GROWTH
from .. import branch_law
from ..prediction import predict
from ..scaling import find_crossing
from ._evidence import Evidence, Point
from ._measured import measured_at
from ._programs import programmed
from ._registry import claim, Run


_ACTIVE, _INACTIVE = "mse_x_active", ("mse_x_inactive", "mse_on_inactive")
# Up to which layer the closed form is meant: active vectors, and inactive circuits.
_REGIME = {"relay": (4, 2), "chain": (6, 6), "merge": (4, 2), "branch": (3, 2)}


def _settings(run: Run, name: str) -> dict[str, Any]:
    return {
        "network_width": 1200,
        "n_circuits": 300,
        "redundancy": 5,
        "n_active": (2,),
        "n_layers": 6,
        "edges": name,
        "n_networks": run.choose(24, 48),
        "batch_size": 256,
    }


@claim(
    "edges.noise",
    "Errors of programs are those of circuits that succeed themselves with edges in the place of circuits: "
    "relay, chain, merge and branch, active vectors and inactive circuits, within 20 %.",
    tier="science",
    formula=r"E_{l+1} = \sigma E_l + \phi V + N e V + e (z'-1)(p + G) + G J (z-1) + \ldots",
    source="derived in `theory.edge_errors`; notes#edges",
    regime="D = 1200, T = 300, S = 5, z = 2: relay and merge up to layer 4, chain 6, branch 3; inactive "
    "circuits up to layer 2, of the chain 6",
    expected="established",
    rival="T circuits, each its own successor",
    quick=False,
)
def _noise(run: Run) -> Evidence:
    plain = run.experiment(**_settings(run, "identity"))
    points = []
    for name, (active, inactive) in _REGIME.items():
        settings = _settings(run, name)
        said = run.closed_form(run.experiment(**settings), 2)
        other = run.closed_form(plain, 2)
        measured = run.measure(**settings)[2]
        ends = {_ACTIVE: active} | dict.fromkeys(_INACTIVE, inactive)
        for metric, last in ends.items():
            for layer in range(2, last + 1):
                right, wrong = said[metric][layer - 1], other[metric][layer - 1]
                rival = wrong if abs(np.log(wrong / right)) > 0.4 else None
                series = f"{name}, {metric}"
                points.append(measured_at(measured, metric, layer, right, rival, series=series))
    return Evidence(points, "layer", "mean squared error", tolerance=0.2, log_y=True)


@claim(
    "edges.reference",
    "In each layer those circuits are on that the small circuits alone switch on under the same edges.",
    tier="science",
    formula=r"\mathrm{E}(\hat\alpha - 1)^2 = 0",
    source="this library; notes#edges",
    regime="D = 1200, T = 300, S = 5, z = 2, relay, chain and merge, layers 2 to 4; below 1e-3",
    expected="established",
    rival="edges transposed: another circuit is on, and this one is off",
    quick=False,
)
def _reference(run: Run) -> Evidence:
    points = []
    for name in ("relay", "chain", "merge"):
        measured = run.measure(**_settings(run, name))[2]
        for layer in (2, 3, 4):
            points.append(measured_at(measured, "mse_on_active", layer, 0.0, 1.0, series=name))
    return Evidence(points, "layer", "E (alpha - 1)^2", slack=1e-3)


def _fan_in(edges: int):
    return lambda circuits: random_program(circuits, fan_in=edges, depth=3, seed=1)


@claim(
    "edges.fan-in",
    "Edges into a circuit from sources that are off bring their noise undivided: the vectors they believe "
    "to have, and gates that open; within 20 %.",
    tier="science",
    formula=r"\phi V + G\,(f-1)\,\mathrm{E}(K/S)^2",
    source="derived in `theory.edge_errors`; notes#edges",
    regime="D = 1200, T = 300, S = 5, z = 2, three and four edges into each of T/f circuits, layer 2",
    expected="established",
    rival="fan-in forgotten: one edge into each",
    quick=False,
)
def _fan(run: Run) -> Evidence:
    points = []
    for edges in (3, 4):
        made = programmed(
            run,
            f"fan-in {edges}",
            _fan_in(edges),
            n_circuits=300,
            n_layers=4,
            n_networks=run.draws(16, 32),
        )
        form = made.predict(2).closed_form
        assert form is not None
        alone = run.closed_form(run.experiment(**_settings(run, "relay")), 2)[_ACTIVE][1]
        right = form.values[_ACTIVE][1]
        points.append(
            measured_at(made.measurement, _ACTIVE, 2, right, alone, x=edges, series="layer 2")
        )
    return Evidence(points, "edges into a circuit", "E|x_est - x|^2", tolerance=0.2)


@claim(
    "edges.evolution",
    "State evolution follows active sets that change: fan-in and fan-out of two, sixteen on in the end, "
    "erroneous activity and dying circuits included, within 25 %.",
    tier="science",
    formula=r"S h = \sum_{s \to t} S \hat\alpha_s + \ldots - \chi' A",
    source="derived in `theory.evolution.program_evolution`; notes#edges",
    regime="D = 1200, T = 300, S = 5, z = 2, layers 2 to 4",
    expected="established",
    rival="as many on as at the start: a relay",
    quick=False,
)
def _evolution(run: Run) -> Evidence:
    made = programmed(
        run,
        "two in, two out",
        lambda circuits: random_program(circuits, fan_in=2, fan_out=2, depth=3, seed=1),
        n_circuits=300,
        n_layers=4,
        n_networks=run.draws(12, 24),
    )
    said = predict(made.first, 2).state_evolution
    relay = run.predict(run.experiment(**_settings(run, "relay") | {"n_layers": 4}), 2)
    assert said is not None and relay.state_evolution is not None
    points = []
    for metric in (_ACTIVE, "mse_on_inactive"):
        for layer in (2, 3, 4):
            right = said.values[metric][layer - 1]
            rival = relay.state_evolution.values[metric][layer - 1]
            points.append(measured_at(made.measurement, metric, layer, right, rival, series=metric))
    return Evidence(points, "layer", "mean squared error", tolerance=0.25, log_y=True)


@claim(
    "edges.inhibition",
    "The inhibition of a built network is that of loads counted in edges, with fan-in and fan-out, "
    "within 6 %.",
    tier="science",
    formula=r"\chi' = U/(S^2 - U),\quad U = \frac{\sum r r' (1 - H) - S \sum F}{N_t N_v - N}",
    source="derived in `theory.edges_received`; notes#edges",
    regime="D = 1200, T = 300, S = 5; merge, and fan-in and fan-out of 1 to 4",
    expected="established",
    rival="circuits counted in the place of edges",
)
def _inhibition(run: Run) -> Evidence:
    sets = allocate(300, 5, 300, "prime-steps")
    every = np.ones(300, int)
    circuits = theory.edges_received(sets.sets, every, every).chi
    points = []
    shapes = run.choose(((2, 2), (3, 1)), ((2, 2), (3, 1), (4, 2), (1, 2)))
    programs = {
        f"{f} in, {g} out": random_program(300, fan_in=f, fan_out=g, depth=1) for f, g in shapes
    }
    for place, (name, program) in enumerate(programs.items()):
        edges = program.compile(2)
        draws = []
        for number in range(run.draws(24, 48)):
            keys = jax.random.split(jax.random.fold_in(run.key("edges.inhibition"), number))
            made: Any = build(Rotation.random(300, key=keys[0]), sets, 2, key=keys[1], edges=edges)
            draws.append(float(made.inhibition[0].mean()))
        count = lambda ids: np.bincount(np.asarray(ids[0]), minlength=300)
        said = theory.edges_received(sets.sets, count(edges.targets), count(edges.sources)).chi
        points.append(Point.from_draws(place, draws, said, rival=circuits, series=name))
    return Evidence(points, "program", "chi'", tolerance=0.06)


@claim(
    "edges.branch",
    "The share of wrong decisions by margin is that of normal noise of the closed form's size behind the "
    "clip of S neurons and the cut at 1/2, within a factor 1.4.",
    tier="science",
    formula=r"P = \mathrm{E}_u \mathrm{E}_c\,\Phi\left( (1/2 - A) \sqrt{S} / \sigma \right)",
    source="derived in `theory.decided`; notes#edges",
    regime="D = 1200, T = 300, S = 5, z = 2, decided in layer 3 with margins .05 to .35",
    expected="established",
    rival="values anywhere: the same share for every margin",
    quick=False,
)
def _branches(run: Run) -> Evidence:
    margins = (0.05, 0.1, 0.2, 0.35)
    law = run.once(
        ("branches", run.effort),
        lambda: branch_law(margins, networks=run.draws(8, 16), samples=512, seed=run.seed),
    )
    points = [Point.from_draws(p.margin, p.wrong, p.theory, rival=p.blind) for p in law]
    return Evidence(points, "margin", "wrong decisions", factor=1.4, log_y=True)


@claim(
    "edges.depth",
    "Errors of a chain of different circuits add up layer by layer, each layer as much: independent noise, "
    "and no memory of angles.",
    tier="science",
    formula=r"E_l - E_1 \sim l - 1",
    source="derived in `theory.edge_errors`; notes#edges",
    regime="D = 1200, T = 300, S = 5, z = 2, layers 2 to 6; within 20 %",
    expected="established",
    rival="errors of layers add up in phase: (l - 1)^2",
    quick=False,
)
def _depth(run: Run) -> Evidence:
    networks = run.networks(**_settings(run, "chain"))[2]
    errors = np.array([one[_ACTIVE] for one in networks])
    points = [
        Point.ratio(
            layer,
            errors[:, layer - 1] - errors[:, 0],
            errors[:, 3] - errors[:, 0],
            (layer - 1) / 3,
            rival=((layer - 1) / 3) ** 2,
        )
        for layer in (2, 6)
    ]
    return Evidence(points, "layer", "(E_l - E_1)/(E_4 - E_1)", tolerance=0.2)


@claim(
    "edges.identity",
    "A program in which every circuit is its own successor is no program: what the network computes is "
    "the same, bit for bit.",
    tier="guard",
    formula=r"|A_{edges} - A| = 0",
    source="this library; notes#edges",
    regime="D = 400, T = 60, S = 5, four layers",
    expected="established",
    rival="edges that lead to the next circuit instead",
    quick=False,
)
def _identity(run: Run) -> Evidence:
    sets = allocate(100, 5, 60, "prime-steps")
    keys = jax.random.split(run.key("edges.identity"), 3)
    circuits = Rotation.random(60, key=keys[0])

    def outputs(edges):
        network = build(circuits, sets, 4, key=keys[1], edges=edges)
        inputs = sample_inputs(circuits, 2, 4, jnp.arange(8), key=keys[2])
        return np.asarray(forward(network, inputs).activations)

    plain = outputs(None)
    same = float(np.abs(outputs(Program(circuits).compile(4)) - plain).max())
    other = float(np.abs(outputs(named_program("relay", circuits, 4).compile(4)) - plain).max())
    return Evidence([Point(1, same, 0.0, rival=other)], "", "largest difference")


def _shared(share: int):
    """Return relays of one circuit in so many: edges are fewer than circuits."""

    def program_of(circuits: Rotation) -> Program:
        program, count = Program(circuits, own_successors=False), circuits.n_circuits // share
        for circuit in range(count):
            program.relay(circuit, to=(circuit + 1) % count)
            program.start(circuit)
        return program

    return program_of


def _dead_ends(circuits: Rotation) -> Program:
    """Return a fan-out of 2, of which one end hands nothing on: two are on from layer 2."""
    program, half = Program(circuits, own_successors=False), circuits.n_circuits // 2
    for circuit in range(half):
        program.fan_out(circuit, to=[(circuit + 1) % half, half + circuit])
        program.start(circuit)
    return program


@claim(
    "edges.critical",
    "What ends quiet work is the number of edges, not of circuits: with half of the circuits in relays, "
    "two edges into each, or a fan-out of two, within 15 % of density evolution in edges.",
    tier="science",
    formula=r"N_c:\ \mathrm{E}\,\hat\alpha^2(5) = 2\,\mathrm{E}\,\hat\alpha^2(1)",
    source="this library; notes#edges",
    regime="D = 1000, S = 3, .6/.9, lines, five layers",
    expected="established",
    rival="the number of circuits",
    quick=False,
)
def _critical(run: Run) -> Evidence:
    cases = {
        "half": (_shared(2), 2.0, 1, 0.5),
        "fan-in 2": (_pairs, 1.0, 1, 1.0),
        "fan-out 2": (_dead_ends, 1.0, 2, 1.0),
    }
    points, count = [], run.draws(12, 16)
    for place, (name, (program_of, circuits, on, share)) in enumerate(cases.items()):
        said = critical_edges(250, 3, on, 5, 0.6, 0.9, share).n_circuits
        measured = {}
        for factor in (0.8, 0.95, 1.1, 1.25):
            T = 2 * round(said * factor * circuits / 2)
            made = programmed(
                run,
                f"critical {name} {T}",
                program_of,
                n_circuits=T,
                n_layers=5,
                n_networks=count,
                n_active=1,
                block_width=250,
                redundancy=3,
                family="transversal",
                batch_size=64,
                lower_threshold=0.6,
                upper_threshold=0.9,
            )
            rows = (("mse_on_inactive", 1), ("mse_on_inactive", -1), ("mse_on_active", -1))
            if on == 1:
                rows = (("mse_on_inactive", 0), *rows[1:])
            edges = round(T / circuits)
            measured[edges] = np.array([[one[m][l] for m, l in rows] for one in made.networks])
        works = lambda m: np.maximum(m[..., 1] / m[..., 0] / GROWTH, m[..., 2] / DEAD)
        found = find_crossing(measured, works)
        stderr = float(np.nanstd(found.draws, ddof=1))
        rival = said / circuits if circuits != 1 else None
        if on == 2:
            rival = critical_edges(250, 3, 1, 5, 0.6, 0.9).n_circuits
        point = Point(
            place, found.at, said, stderr=stderr, rival=rival, freedom=count - 1, series=name
        )
        points.append(point)
    return Evidence(points, "program", "edges", tolerance=0.15)


def _pairs(circuits: Rotation) -> Program:
    """Return relays that end in half of the circuits, two in each, of which every one goes on."""
    program, half = Program(circuits, own_successors=False), circuits.n_circuits // 2
    for layer in range(1, 5):
        for circuit in range(2 * half):
            program.relay(circuit, to=(circuit + layer) % half + half * (layer % 2), layer=layer)
    return program
