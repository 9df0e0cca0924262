"""The command line as a person meets it: results, files, exit statuses, one-line errors."""

import json
import os
import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from jaxsuper import analytics, cli, commands


SMALL = "simulate --network-width 200 --n-circuits 60 --redundancy 4 --n-layers 3 --batch-size 64"


def run(line, *more):
    return cli.main([*line.split(), *map(str, more)])


def test_simulate_writes_what_it_says(tmp_path, capsys):
    out, plot = tmp_path / "out.json", tmp_path / "plot.png"
    assert run(SMALL, "--n-active", 2, "--json", out, "--plot", plot) == 0
    printed = capsys.readouterr().out
    assert "mse_x_active" in printed and "closed form" in printed
    assert "z = 2, mean of 8 networks" in printed and "one network" not in printed
    (head,) = (line for line in printed.splitlines() if line.startswith("measured"))
    assert head.split() == ["measured", *"layer 1 layer 2 layer 3".split()]
    assert printed.count("as published") == 3  # indicators of active circuits have no other form
    result = json.loads(out.read_text())
    assert set(result) == {"config", "environment", "timing", "rows"}
    assert result["config"]["n_active"] == 2 and result["config"]["allocation"] == "prime-steps"
    assert {"jax", "jaxsuper", "device", "precision"} <= set(result["environment"])
    assert set(result["timing"]) == {"build", "compile", "run"}
    assert min(result["timing"].values()) >= 0 and result["timing"]["run"] > 0
    rows = {(row["layer"], row["metric"]): row for row in result["rows"]}
    assert {layer for layer, _ in rows} == {1, 2, 3}
    row = rows[2, "mse_x_active"]
    assert row["value"] > 0 and row["stderr"] > 0 and row["predicted"] > row["published"] > 0
    assert row["low"] < row["value"] < row["high"] and row["n_networks"] == 8
    assert row["stderr_within"] > 0
    assert rows[1, "worst_x_active"]["stderr"] is None
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.json", "plot.png"]


def test_one_network_says_that_it_is_one(tmp_path, capsys):
    """Its errors are over its samples, and nothing beside them says otherwise."""
    out = tmp_path / "out.json"
    assert run(SMALL, "--n-networks", 1, "--json", out) == 0
    printed = capsys.readouterr().out
    assert "z = 1, this network" in printed and "says nothing of the mean over networks" in printed
    rows = json.loads(out.read_text())["rows"]
    averaged = [row for row in rows if row["stderr"] is not None]
    assert {row["n_networks"] for row in rows} == {1}
    assert all(row["stderr_within"] == row["stderr"] for row in averaged)


def test_the_seed_decides(tmp_path):
    rows = []
    for index, seed in enumerate((3, 3, 4)):
        path = tmp_path / f"{index}.json"
        assert run(SMALL, "--seed", seed, "--json", path) == 0
        rows.append(json.loads(path.read_text())["rows"])
    assert rows[0] == rows[1] != rows[2]


@pytest.mark.slow
@pytest.mark.parametrize("circuit", ["rotation3", "step"])
@pytest.mark.parametrize("construction", ["clipped", "plain"])
def test_other_circuits_and_constructions(circuit, construction, tmp_path):
    out, plot = tmp_path / "out.json", tmp_path / "plot.svg"
    line = SMALL.replace("200", "300") + f" --circuit {circuit} --construction {construction}"
    assert run(line, "--n-active", 1, 2, "--json", out, "--plot", plot) == 0
    result = json.loads(out.read_text())
    assert result["config"]["n_active"] == [1, 2]
    predicted = [row for row in result["rows"] if row["predicted"] is not None]
    assert bool(predicted) == (construction == "clipped")


def test_allocate(tmp_path, capsys):
    out = tmp_path / "out.json"
    assert run("allocate --block-width 250 --redundancy 6 --json", out) == 0
    answer = json.loads(out.read_text())
    assert answer["capacity"] == 557 and answer["johnson_bound"] == 2041
    assert (answer["load_min"], answer["load_max"], answer["max_overlap"]) == (5, 17, 1)
    assert answer["overlap_rate"] == pytest.approx(0.0039216, abs=1e-7)
    assert answer["overlap_rate_published"] == pytest.approx(0.0037008, abs=1e-7)
    assert "johnson_bound" in capsys.readouterr().out
    assert run("allocate --block-width 50 --redundancy 4 --family random --n-circuits 99") == 0
    assert "no limit" in capsys.readouterr().out


BAD = [
    ("--network-width 201", "`network_width` must be divisible by the circuit width 4, got 201"),
    ("--redundancy 51", "`redundancy` must be at most the block width 50"),
    ("--n-circuits 100", "the capacity of prime steps"),
    ("--n-active 61", "`n_active` must lie in 1..60"),
    ("--n-active 0", "`n_active` must be at least 1, got 0"),
    ("--lower-threshold 0.8", "`lower_threshold` must be below"),
    ("--gate-bias nan", "`gate_bias` must be finite"),
    ("--lower-threshold nan", "`lower_threshold` must be below"),
    ("--inhibition-factor nan", "`inhibition_factor` must be finite"),
    ("--batch-size 0", "`batch_size` must be at least 1"),
    ("--n-layers 0", "`n_layers` must be at least 1"),
    ("--construction cliped", "did you mean 'clipped'"),
    ("--construction split --inhibition receiver", "`inhibition` must be left alone"),
    ("--indicator copied", "`indicator` must be one of recomputed"),
    ("--n-circuits many", "--n-circuits must be an integer, got 'many'"),
    ("--colour red", "Unrecognized options"),
    ("--network 1", "Unrecognized"),
    ("--json /no/such/folder/x.json", "`json` must lie in an existing folder"),
    ("--plot x.doc", "`plot` must end in one of"),
    ("--seed -1", "`seed` must lie in"),
    ("--plot x.gif", "`plot` must end in one of .png, .pdf, .svg"),
    ("--metrics foo", "`metrics` must be one of mse, "),
    ("--circuit rotatoin", "did you mean 'rotation'?"),
    ("--allocation transversl", "did you mean 'transversal'?"),
    ("--inhibition none", "`inhibition` must be one of scalar, receiver"),
    ("--precision low", "`precision` must be one of default, high, highest"),
    ("--n-circuits 557 --redundancy", "--redundancy must be followed by a value"),
    ("--gate-bias big", "--gate-bias must be a number, got 'big'"),
    ("5", "Unrecognized options: 5; see jaxsuper simulate --help"),
]


@pytest.mark.parametrize("change, message", BAD)
def test_bad_input(change, message, tmp_path, capsys, monkeypatch):
    """Exit status 2, one line on stderr, nothing on stdout, nothing written."""
    monkeypatch.chdir(tmp_path)
    extra = () if "--json" in change else ("--json", "out.json")
    assert run(f"{SMALL} {change}", *extra) == 2
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1
    assert printed.out == "" and "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


def test_unwritable_output(tmp_path, capsys):
    if os.geteuid() == 0:
        folder = Path("/proc")
    else:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
    assert run(SMALL, "--json", folder / "x.json") == 2
    assert "`json` must be writable" in capsys.readouterr().err
    assert run(SMALL, "--json", tmp_path) == 2


@pytest.mark.parametrize("name", commands.NAMES)
def test_help_of_every_command(name, capsys):
    with pytest.raises(SystemExit) as stop:
        run(f"{name} --help")
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    settings = {field.name for field in fields(commands.modules()[name].Command)}
    shown = {setting for setting in settings if f"--{setting.replace('_', '-')}" in printed}
    # What is left are positional arguments.
    outside = {"grid", "stores", "law", "directory", "file", "answers", "export"}
    assert settings - shown <= outside
    assert "--cache FOLDER" in printed and f"jaxsuper {name}" in printed


def test_no_arguments_explain_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert all(f"• {name} " in printed for name in commands.NAMES)


def test_every_file_of_a_command_is_in_the_table():
    files = {path.stem for path in Path(commands.__file__).parent.glob("[!_]*.py")}
    assert files == set(commands.NAMES) and len(commands.NAMES) == len(files)
    for module in commands.modules().values():
        assert is_dataclass(module.Command) and callable(module.run)


def test_the_command_line_is_explained_without_what_is_heavy():
    """Help, version and what cannot be parsed need none of the libraries that take long to load."""
    heavy = ("jax", "equinox", "numpy", "scipy", "polars", "matplotlib", "sympy", "optax")
    code = f"""
import sys
from jaxsuper.cli import main
for words in ([], ["--help"], ["simulate", "--help"], ["--version"], ["simulate", "--colour", "red"]):
    try:
        main(words)
    except SystemExit:
        pass
print("loaded:", [name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"
    assert version("jaxsuper") in done.stdout.splitlines()


WORDS = [
    ("simulat --n-circuits 5", "did you mean 'simulate'?"),
    ("design --network-width 100", "--n-circuits, --n-active, --n-layers must be given; see"),
    ("sweep", "a grid must be given; see jaxsuper sweep --help"),
    ("figures x --format gif", "`format` must be one of png, pdf, svg, got 'gif'"),
    ("tune --loss mae", "`loss` must be one of mse, l3, l4"),
    ("design --only privat", "`only` must be one of published"),
    ("allocate --family prime", "`family` must be one of prime-steps"),
]


@pytest.mark.parametrize("line, message", WORDS, ids=[line for line, _ in WORDS])
def test_words_that_say_nothing(line, message, capsys):
    """One readable sentence, not a frame of many lines in one."""
    assert run(line) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and len(error) < 300
    assert "Argument helptext" not in error and "For full help" not in error


def test_choices_are_those_of_the_registries():
    """What the parser offers without loading anything is what there is."""
    from typing import get_args, get_type_hints

    from jaxsuper import _settings as names, allocation, circuits, design, network, training
    from jaxsuper.analytics.scaling import DESIGNS
    from jaxsuper.commands import _capacity, _critical, design as design_command, tune
    from jaxsuper.network import _inhibition, _registry, _schemes

    assert sorted(names.CIRCUITS) == sorted(circuits._registry.kinds())
    assert sorted(names.CONSTRUCTIONS) == sorted(network.constructions())
    assert sorted(names.FAMILIES) == sorted(allocation.families())
    assert sorted(names.INDICATORS) == sorted(_schemes.indicator_schemes())
    assert sorted(names.INHIBITIONS) == sorted(_inhibition._RULES)
    assert sorted(names.PRECISIONS) == sorted(_registry.PRECISIONS)
    assert design_command.KINDS == design.kinds()
    assert _capacity.KINDS == design.frontier_kinds()
    assert _critical.DESIGNS == DESIGNS
    hints = get_type_hints(tune.Command)
    assert get_args(get_args(hints["trained"])[0]) == training.PARTS
    assert set(get_args(hints["start"])) == set(training._start.STARTS)
    assert set(get_args(hints["loss"])) == set(training._losses._POWERS)


@pytest.mark.parametrize(
    "value, text",
    [(None, ""), (0.0, "0"), (1.669e-32, "0"), (-4.5e-14, "0"), (1e-9, "1e-09"), (2.0, "2")],
)
def test_rounding_is_zero_in_tables(value, text):
    from jaxsuper.commands._terminal import number

    assert number(value) == text


@pytest.mark.parametrize("widths, status", [("[401, 403]", 1), ("[400, 401]", 0)])
def test_a_sweep_of_which_everything_fails_says_so(widths, status, tmp_path, capsys):
    grid = tmp_path / "grid.toml"
    base = "n_circuits = 20\nredundancy = 3\nbatch_size = 16\nn_layers = 2"
    grid.write_text(f"[base]\n{base}\n[product]\nnetwork_width = {widths}\n")
    for _ in range(2):  # the second time nothing is left to be done
        assert run("sweep", grid, "--out", tmp_path / "store") == status
        printed = capsys.readouterr().out
        assert "1 x `network_width` must be divisible by the circuit width 4, got 401" in printed


def test_bad_flags_name_the_nearest(capsys):
    assert run("simulate --n-circuit 557") == 2
    assert "did you mean" in (error := capsys.readouterr().err) and "--n-circuits" in error
    assert len(error) < 300


def test_nothing_is_written_on_interruption(tmp_path, capsys, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(analytics, "run_experiment", interrupt)
    assert run(SMALL, "--json", tmp_path / "x.json") == 130
    assert "nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_error_bars_cover_the_truth():
    """Of 40 short runs about 95 % lie within two standard errors of a long one."""
    import jax
    from jaxsuper.simulation import Configuration, prepare, samples_key, simulate

    settings = Configuration(200, 60, 4, n_layers=2)
    network, key = prepare(settings), samples_key(settings)
    long = simulate(network, 2, 20_000, key=jax.random.fold_in(key, 99), chunk=1000)
    hits = 0
    for index in range(40):
        short = simulate(network, 2, 100, key=jax.random.fold_in(key, index), chunk=100)
        gap = short["mse_x_active"][1] - long["mse_x_active"][1]
        hits += abs(gap) < 2 * np.hypot(
            short.stderr_of("mse_x_active")[1], long.stderr_of("mse_x_active")[1]
        )
    assert hits >= 32
