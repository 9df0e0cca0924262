"""Bad arguments of the library: a call that works, with one argument wrong, as a statement."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from jaxsuper._settings import Configuration

from .case import Case
from .words import misspelled


# Kinds of arguments. Names and constants are those of the driver's setup.
SIZE, SEED, REAL, NAME, THING = "size", "seed", "real", "name", "thing"
Arguments = Mapping[str, tuple[str, str]]

_SETTINGS = {
    name: (repr(value), NAME if isinstance(value, str) else SIZE if value else SEED)
    for name, value in vars(Configuration(100, 12, 3, 1, 2, 16)).items()
    if not isinstance(value, float)
} | {
    "lower_threshold": ("0.25", REAL),
    "upper_threshold": ("0.75", REAL),
    "gate_bias": ("1.0", REAL),
    "inhibition_factor": ("1.0", REAL),
    "indicator_share": ("0.0", REAL),
}
_SETS: Arguments = {"block_width": ("25", SIZE), "redundancy": ("3", SIZE)}
_FAMILY: Arguments = {"family": ("'prime-steps'", NAME)}
_PROBLEM: Arguments = {
    "network_width": ("80", SIZE),
    "n_circuits": ("12", SIZE),
    "n_active": ("1", SIZE),
    "n_layers": ("2", SIZE),
    "circuit": ("'rotation'", NAME),
}
# Function -> how it is called, its arguments as they are right.
DOORS: dict[str, tuple[str, Arguments]] = {
    "allocate": ("allocate({})", {**_SETS, "n_circuits": ("12", SIZE), **_FAMILY}),
    "capacity": ("allocation.capacity({})", {**_SETS, **_FAMILY}),
    "johnson_bound": ("johnson_bound({})", _SETS),
    "Rotation.random": (
        "Rotation.random({}, key=key)",
        {
            "n_circuits": ("12", SIZE),
            "lower_threshold": ("0.25", REAL),
            "upper_threshold": ("0.75", REAL),
            "gate_bias": ("1.0", REAL),
        },
    ),
    "build": (
        "build({}, key=key)",
        {
            "circuits": ("rotations", THING),
            "allocation": ("sets", THING),
            "n_layers": ("2", SIZE),
            "construction": ("'clipped'", NAME),
            "precision": ("'highest'", NAME),
            "inhibition": ("'scalar'", NAME),
            "inhibition_factor": ("1.0", REAL),
        },
    ),
    "simulate": (
        "simulate({}, key=key)",
        {
            "network": ("net", THING),
            "n_active": ("1", SIZE),
            "batch_size": ("16", SIZE),
            "chunk": ("16", SIZE),
            "slots": ("2", SIZE),
        },
    ),
    "sample_inputs": (
        "sample_inputs({}, sample_ids=np.arange(3), key=key)",
        {"circuits": ("rotations", THING), "n_active": ("1", SIZE), "n_layers": ("2", SIZE)},
    ),
    "predict": ("predict({})", {"subject": ("net", THING), "n_active": ("1", SIZE)}),
    "predict settings": ("predict(Configuration(**{{**vars(settings), {}}}))", _SETTINGS),
    "prepare": ("simulation.prepare(Configuration(**{{**vars(settings), {}}}))", _SETTINGS),
    "Experiment": (
        "run_experiment(Experiment.of(**{{**vars(settings), 'n_networks': 2, {}}}))",
        _SETTINGS | {"n_networks": ("2", SIZE), "chunk": ("16", SIZE)},
    ),
    "run_experiment": ("run_experiment({})", {"experiment": ("Experiment(settings)", THING)}),
    "design.search": (
        "design.search(design.Problem(**{{**vars(problem), {}}}), effort=design.QUICK)",
        _PROBLEM,
    ),
    "design.search options": (
        "design.search(problem, effort=design.QUICK, only=('private',), {})",
        {"seed": ("0", SEED)},
    ),
    "design.frontier": (
        "design.frontier(**{{'problem': problem, 'target': .3, 'kind': 'private', {}}})",
        {
            "problem": ("problem", THING),
            "target": ("0.3", REAL),
            "kind": ("'private'", NAME),
            "max_circuits": ("10", SIZE),
            "samples": ("8", SIZE),
            "seed": ("0", SEED),
        },
    ),
    "sweep.run_sweep": (
        "sweep.run_sweep(**{{'configurations': [settings], 'out': Path('store'), {}}})",
        {
            "configurations": ("[settings]", THING),
            "memory": ("2**31", SIZE),
            "call_seconds": ("1.0", REAL),
        },
    ),
    "sweep.Grid": (
        "sweep.Grid(base={{**vars(settings), {}}}).configurations()",
        _SETTINGS,
    ),
    "training.Schedule": (
        "training.Schedule(**{{{}}})",
        {
            "n_active": ("1", SIZE),
            "steps": ("2", SEED),
            "batch_size": ("16", SIZE),
            "learning_rate": ("1e-3", REAL),
            "evaluate_every": ("1", SIZE),
            "held_out": ("32", SIZE),
        },
    ),
}
# Settings that nothing bounds from above but 32 bits, or not at all.
_UNBOUNDED = ("chunk", "evaluate_every", "memory")
_NOT_WHOLE = ("'3'", "3.5", "[3]", "None", "'many'", "float('nan')", "float('inf')", "1j", "{}")
_NOT_REAL = ("'0.5'", "None", "[0.5]", "float('nan')", "float('inf')", "-float('inf')", "1j", "{}")
_NO_NAME = ("3", "None", "''", "['clipped']", "b'clipped'", "{}")
_NO_THING = ("None", "3", "'clipped'", "object()", "{}", "key", "np.zeros(3)")
# What may be left out is right with None.
_OPTIONAL = ("chunk", "slots", "memory", "max_circuits")
# Statements that are wrong as a whole.
WHOLE = {
    "Allocation": [
        f"Allocation({sets}, {width})"
        for sets, width in [
            ("[[0, 1], [2, 9]]", 9),
            ("[[0, 1], [2, -1]]", 9),
            ("[[0, 0], [1, 2]]", 9),
            ("[]", 9),
            ("[[]]", 9),
            ("[0, 1, 2]", 9),
            ("[[[0, 1]]]", 9),
            ("[[0, 1], [2]]", 9),
            ("[[0.5, 1.5]]", 9),
            ("[[float('nan'), 1]]", 9),
            ("[['a', 'b']]", 9),
            ("'sets'", 9),
            ("None", 9),
            ("[[0, 1], [2, 3]]", 0),
            ("[[0, 1], [2, 3]]", -4),
            ("[[0, 1], [2, 3]]", "'9'"),
            ("[[0, 1], [2, 3]]", 9.5),
            ("[[0, 1], [2, 3]]", "None"),
            ("[[0, 2**40]]", 9),
        ]
    ],
    "MLP": [
        f"MLP({arguments})"
        for arguments in (
            "np.ones(3)",
            "np.ones((2, 3, 4))",
            "np.ones((1, 3, 4, 5))",
            "np.ones((0, 3, 4, 4))",
            "np.ones((1, 0, 4, 4))",
            "np.full((1, 3, 4, 4), np.nan)",
            "np.full((1, 3, 4, 4), np.inf)",
            "np.full((1, 3, 4, 4), 1e39)",
            "'weights'",
            "None",
            "[[1, 2], [3]]",
            "np.ones((1, 3, 4, 4)), np.ones((1, 4))",
            "np.ones((1, 3, 4, 4)), -np.ones((1, 5))",
            "np.ones((1, 3, 4, 4)), -np.ones(4)",
            "np.ones((1, 3, 4, 4)), 'bias'",
            "np.ones((1, 3, 4, 4)), None, np.ones((1, 5, 5))",
            "np.ones((1, 3, 4, 4)), None, 'mean'",
        )
    ],
    "build": [
        "build(Rotation.random(11, key=key), sets, 2, key=key)",
        "build(rotations, allocate(25, 3, 11), 2, key=key)",
        "build(rotations, sets, 2, 'plain', inhibition='scalar', key=key)",
        "build(rotations, sets, 2, 'private', key=key)",
        "build(rotations, sets, 2, 'carried', key=key)",
        "build(rotations, sets, 2, 'separate', indicators=allocate(25, 3, 11), key=key)",
        "build(rotations, sets, 2, 'clipped', overlap='exact', key=key)",
        "build(rotations, sets, 2, 'split', overlap='odd', key=key)",
        "build(MLP.random(12, 3, 5, key=key), sets, 2, key=key)",
        "build(sets, rotations, 2, key=key)",
        "build(rotations, sets, 2, key=3)",
        "build(rotations, sets, 2, key=None)",
        "build(rotations, sets, 2, key='key')",
    ],
    "simulate": [
        "simulate(net, 13, 16, key=key)",
        "simulate(net, 2, 16, key=key, slots=1)",
        "simulate(net, 2, 16, key=key, slots=13)",
        "simulate(net, 1, 16, key=0)",
        "simulate(net, 1, 16, key=None)",
        "simulate(net, 1, 16, key=np.zeros(2))",
        "simulate(16, 1, net, key=key)",
    ],
    "predict": [
        "predict(net)",
        "predict(net, 13)",
        "predict(settings, 13)",
        "predict(settings, given=True)",
        "predict(settings, (1, 2))",
    ],
    "Experiment": [
        "run_experiment(Experiment(settings, n_active=(0,)))",
        "run_experiment(Experiment(settings, n_active=(1, 13)))",
        "run_experiment(Experiment(settings, n_active=2))",
        "run_experiment(Experiment(settings, n_active='2'))",
        "run_experiment(Experiment(n_active=2))",
        "run_experiment(Experiment(100))",
        "Experiment.of(n_circuit=12)",
        "Experiment.of(circuits=12)",
        "Experiment.of(n_active=())",
        "run_experiment(settings)",
    ],
    "Measurement": [
        "measured['mse_x']",
        "measured['']",
        "measured[3]",
        "measured.stderr_of('worst_x_active')",
        "measured.stderr_of('mse')",
    ],
    "sweep": [
        "sweep.Grid(product={'n_circuits': []})",
        "sweep.Grid(product={'n_circuit': [1]})",
        "sweep.Grid(product={'n_circuits': 3})",
        "sweep.Grid(product={'n_circuits': '12'})",
        "sweep.Grid(product={'seed': range(10**9)})",
        "sweep.Grid(product=[1])",
        "sweep.Grid(base=3)",
        "sweep.Grid(zips=({'seed': [1], 'n_active': [1, 2]},))",
        "sweep.Grid(zips={'seed': [1]})",
        "sweep.Grid(zips=3)",
        "sweep.Grid(listed=3)",
        "sweep.Grid(listed=({'seed': 'x'},))",
        "sweep.Grid(filters='T > 3')",
        "sweep.Grid(filters=('T >',))",
        "sweep.Grid(filters=(3,))",
        "sweep.Grid(repeats=0)",
        "sweep.Grid(repeats=1.5)",
        "sweep.Grid(repeats='3')",
        "sweep.Grid(repeats=None)",
        "sweep.Grid(repeats=10**9)",
        "sweep.grid_from_toml('[base')",
        "sweep.grid_from_toml(3)",
        "sweep.load_grid('publishd')",
        "sweep.load_grid('nothing.toml')",
        "sweep.load_grid(3)",
        "sweep.run_sweep([settings], Path('store'), shard=(0, 1))",
        "sweep.run_sweep([settings], Path('store'), shard=(2, 1))",
        "sweep.run_sweep([settings], Path('store'), shard='1/2')",
        "sweep.run_sweep([settings], Path('store'), shard=3)",
        "sweep.run_sweep([settings], None)",
        "sweep.run_sweep([settings, 3], Path('store'))",
        "sweep.run_sweep(settings, Path('store'))",
        "sweep.run_sweep([settings], Path('/proc/store'))",
        "sweep.read_store(Path('nowhere'))",
        "sweep.read_store([])",
        "sweep.read_store(3)",
    ],
    "design": [
        "design.search(3)",
        "design.search(design.Problem(80, 12, 12, 2))",
        "design.search(problem, only='private')",
        "design.search(problem, only=('privat',))",
        "design.search(problem, only=3)",
        "design.search(problem, only={})",
        "design.search(problem, effort=3)",
        "design.frontier(problem, .3, 'private', rules=design.Rules(confidence=1.0))",
        "design.frontier(problem, .3, 'private', rules=design.Rules(confidence=0.1))",
        "design.frontier(problem, .3, 'private', rules=design.Rules(tolerance=0.0))",
        "design.frontier(problem, .3, 'private', rules=3)",
    ],
    "training": [
        "training.Task('mae', 'active', 1.0)",
        "training.Task('mse', 'some', 1.0)",
        "training.Task('mse', 'active', float('nan'))",
        "training.Task('mse', 'active', -1.0)",
        "training.Task('mse', 'active', 'x')",
        "training.Schedule(trained=('weight',))",
        "training.Schedule(trained=())",
        "training.Schedule(trained=3)",
        "training.Schedule(steps=2**31)",
    ],
    "register": [
        "allocation.register('random', lambda n, s, t, key: None)",
        "circuits.register('rotation', Rotation)",
        "network.register(type(net))",
        "network.register(3)",
        "testing.check_family('nothing')",
        "testing.check_circuits('nothing')",
        "testing.check_construction('nothing')",
    ],
}


def _values(name: str, kind: str, right: str) -> st.SearchStrategy[tuple[str, str]]:
    """Draw a family of corruption and a wrong value, as source text."""
    if kind in (SIZE, SEED):
        wrong = [word for word in _NOT_WHOLE if not (word == "None" and name in _OPTIONAL)]
        found = [st.sampled_from(wrong).map(lambda word: ("type", word))]
        # 0 circuits make the indicator's redundancy and the like that of the rest.
        least = 1 if kind == SIZE else 0
        low = st.integers(-(2**40), least - 1) | st.just(least - 1)
        found.append(low.map(lambda value: ("range", str(value))))
        if name not in _UNBOUNDED:
            most = 2**32 if name in ("seed", "network") else 2**31
            high = st.integers(most, 2**70) | st.just(10**400)
            found.append(high.map(lambda value: ("size", _short(value))))
        return st.one_of(found)
    if kind == REAL:
        found = [st.sampled_from(_NOT_REAL).map(lambda word: ("type", word))]
        if name not in ("target", "call_seconds", "indicator_share"):
            found.append(st.sampled_from(("1e39", "-1e300")).map(lambda word: ("size", word)))
        return st.one_of(found)
    if kind == NAME:
        word = right.strip("(,)").strip("'")
        slip = misspelled(word, (word,)).map(lambda typo: ("name", right.replace(word, typo)))
        return slip | st.sampled_from(_NO_NAME).map(lambda word: ("type", word))
    return st.sampled_from(_NO_THING).map(lambda word: ("type", word))


def _short(value: int) -> str:
    return str(value) if value < 10**40 else "10**400"


@st.composite
def bad_calls(draw: Any) -> Case:
    """Draw a call with one wrong argument, or a statement that is wrong as a whole."""
    if draw(st.integers(0, 3)) == 0:
        door = draw(st.sampled_from(tuple(WHOLE)))
        return Case(door, "contradiction", code=draw(st.sampled_from(WHOLE[door])))
    door = draw(st.sampled_from(tuple(DOORS)))
    call, arguments = DOORS[door]
    if draw(st.integers(0, 9)) == 0 and "**" not in call:
        name = draw(misspelled(draw(st.sampled_from(tuple(arguments))), tuple(arguments)))
        right = ", ".join(f"{n}={value}" for n, (value, _) in arguments.items())
        return Case(door, "name", code=call.format(f"{right}, {name}=1"), named=(name,))
    name = draw(st.sampled_from(tuple(arguments)))
    right, kind = arguments[name]
    family, value = draw(_values(name, kind, right))
    if "**{{" in call or "={{" in call:
        return Case(door, family, code=call.format(f"'{name}': {value}"), named=_named(name))
    text = ", ".join(f"{n}={value if n == name else v}" for n, (v, _) in arguments.items())
    return Case(door, family, code=call.format(text), named=_named(name))


def _named(name: str) -> tuple[str, ...]:
    """Return words one of which stands in the answer: the argument, or what it is called inside."""
    return (name, "settings", "error_target", "design") if name in ("target", "kind") else (name,)
