"""Sizes beyond the machine are refused before anything is made, in one line that says what fits."""

import math
import re
from dataclasses import fields, replace
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from jaxsuper import _limits, allocation, cli
from jaxsuper._limits import amount, check_cost, Cost, LARGEST, parse_memory, use_memory_limit
from jaxsuper._settings import Configuration, Experiment, PARAMETERS
from jaxsuper.network import traits_of
from jaxsuper.simulation import (
    check_experiment,
    check_settings,
    default_chunk,
    network_from,
    parts_of,
    prepare,
    Recipe,
    simulate,
)
from jaxsuper.simulation._cost import experiment_cost, network_cost


GIB = 2**30
SIMULATE = "simulate --network-width 200 --n-circuits 60 --redundancy 4 --n-layers 2"
DESIGN = "design --n-active 1 --n-layers 2 --quick"
SCALING = "scaling capacity --n-active 1 --n-layers 2 --error-target 0.3"
TUNE = "tune --n-circuits 40 --redundancy 3 --n-layers 2 --steps 6"


@pytest.fixture
def limit():
    """Two gibibytes besides Python, whatever this machine has."""
    use_memory_limit(_limits.BASE_BYTES + 2 * GIB)
    yield 2 * GIB
    use_memory_limit(None)


def run(line):
    return cli.main(line.split())


# Each of them once ended in a traceback, ran out of memory, or was accepted in silence.
REFUSED = [
    (f"{SIMULATE} --allocation random --n-circuits 1000000000", "`n_circuits` must be at most"),
    (f"{SIMULATE} --allocation random --n-circuits {10**20}", "`n_circuits` must be at most 2^31"),
    (f"{SIMULATE} --n-circuits {10**20}", "`n_circuits` must be at most 2^31"),
    (f"{SIMULATE} --network-width {2**31}", "`network_width` must be at most 2^31"),
    (f"{SIMULATE} --network-width 4000000", "`network_width` must be at most"),
    (f"{SIMULATE} --network-width {10**30}", "`network_width` must be at most 2^31"),
    (f"{SIMULATE} --n-layers 1000000000", "`n_layers` must be at most"),
    (f"{SIMULATE} --n-layers 1000000", "`n_layers` must be at most"),
    (f"{SIMULATE} --batch-size {2**31}", "`batch_size` must be at most 2^31"),
    (f"{SIMULATE} --batch-size {10**12}", "`batch_size` must be at most 2^31"),
    (f"{SIMULATE} --indicator-copies 1000000000", "`indicator_copies` must be at most"),
    (f"{SIMULATE} --n-networks 1000000000", "`n_networks` must be at most"),
    (f"{SIMULATE} --seed {2**32}", "`seed` must lie in 0..2^32-1"),
    (f"{SIMULATE} --gate-bias 1e39", "`gate_bias` must be finite in single precision"),
    (f"{SIMULATE} --inhibition-factor 1e39", "`inhibition_factor` must be finite"),
    (
        f"{SIMULATE} --lower-threshold .5 --upper-threshold .50000000001",
        "`lower_threshold` must be below `upper_threshold`, also in single precision",
    ),
    (f"{SIMULATE} --metrics mze", "did you mean 'mse'"),
    (f"{SIMULATE} --memory-limit 0", "`memory_limit` must be above 0"),
    ("verify --memory-limit 1MiB", "`memory_limit` must be above the 900 MiB that Python"),
    ("allocate --redundancy 6 --block-width 1" + 30 * "0", "`block_width` must be at most 2^31"),
    (
        "allocate --redundancy 3 --block-width 50 --family random --n-circuits 1000000000",
        "`n_circuits` must be at most",
    ),
    (
        "allocate --redundancy 3 --block-width 50 --family auto --n-circuits 1000000000",
        "`n_circuits` must be at most",
    ),
    ("allocate --redundancy 6 --block-width 250 --n-circuits 0", "`n_circuits` must be at least 1"),
    ("allocate --redundancy 6 --block-width 250 --seed -1", "`seed` must lie in"),
    (f"allocate --redundancy 6 --block-width 250 --seed {2**64}", "`seed` must lie in"),
    (f"{DESIGN} --network-width 240 --n-circuits {10**20}", "`n_circuits` must be at most 2^31"),
    (f"{DESIGN} --network-width 240 --n-circuits 9 --seed -1", "`seed` must lie in"),
    (f"{SCALING} --network-width 1000000", "`max_circuits` must be at most"),
    (f"{SCALING} --network-width 200 --samples {10**12}", "`samples` must be at most 2^31"),
    (f"{SCALING} --network-width 200 --n-layers 1000000000", "`n_layers` must be at most"),
    (f"{TUNE} --network-width 80 --held-out {10**13}", "`held_out` must be at most 2^31"),
    (f"{TUNE} --network-width 80 --held-out 2000000000", "`held_out` must be at most"),
    (f"{TUNE} --network-width 80 --network {2**32}", "`network` must lie in"),
    (f"{TUNE} --network-width 80 --network {10**20}", "`network` must lie in"),
    (f"{TUNE} --network-width 80 --learning-rate 1e39", "`learning_rate` must be finite"),
    (f"{TUNE} --network-width 400000", "`network_width` must be at most"),
    ("sweep published --dry-run --call-seconds inf", "`call_seconds` must be positive and finite"),
    ("sweep published --dry-run --memory 0", "`memory_limit` must be above 0"),
    (
        "sweep published --dry-run --process 0 --processes 1 --coordinator localhost:99999",
        "`coordinator` must be HOST:PORT with a port of 1..65535",
    ),
    ("sweep published --dry-run --shard 0/2", "`shard` must be i/n"),
    (f"verify --list --seed {2**32}", "`seed` must lie in"),
    ("figures nowhere", "`stores` must be folders that `jaxsuper sweep` wrote, got nowhere"),
]


@pytest.mark.parametrize("line, message", REFUSED, ids=[line[-60:] for line, _ in REFUSED])
def test_refused_in_one_line(line, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "--memory" not in line:
        line += " --memory-limit 3GiB"
    assert run(line) == 2
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and len(printed.err) < 700
    assert printed.out == "" and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_wide_search_is_refused_in_one_line(capsys, tmp_path, monkeypatch):
    """Once families of thousands of sizes have been counted."""
    line = f"{DESIGN} --network-width 1000000 --n-circuits 100"
    refused = "`only` can leave out carried designs"
    test_refused_in_one_line(line, refused, capsys, tmp_path, monkeypatch)


LISTED = [
    ("--block-width 10000000 --redundancy 6", 836036706626),
    ("--block-width 1000000000 --redundancy 6", 8360366672791137),
    ("--block-width 100000 --redundancy 6 --family transversal", 333133347),
    ("--block-width 1000000 --redundancy 1000000", 1),
]


@pytest.mark.parametrize("line, capacity", LISTED, ids=[line for line, _ in LISTED])
def test_capacities_without_a_list(line, capacity, capsys):
    assert run(f"allocate {line}") == 0
    printed = capsys.readouterr().out
    found = re.search(r"capacity +\W (\d+)", printed)
    assert found and abs(int(found[1]) - capacity) < 0.01 * capacity
    assert ("left out" in printed) == (capacity > 1)


def with_size(made, name, size: Any):
    return Experiment(replace(made, **{name: size}), n_networks=1)


def test_what_fits_is_the_most_that_fits(limit):
    """The number in the error passes, and one more does not."""
    for name in ("n_circuits", "network_width", "n_layers"):
        settings_ = Configuration(allocation="random", batch_size=64)
        with pytest.raises(
            ValueError, match="needs about .* and there are 2 GiB of the limit of"
        ) as e:
            check_experiment(with_size(settings_, name, 2 * 10**9))
        found = re.match(rf"`{name}` must be at most (\d+) ", str(e.value))
        assert found is not None
        fits = int(found[1])
        step = 4 if name == "network_width" else 1
        fits -= fits % step
        check_experiment(with_size(settings_, name, fits))
        with pytest.raises(ValueError, match=f"`{name}`"):
            check_experiment(with_size(settings_, name, fits + step))


def test_what_takes_too_long_says_so():
    settings_ = Configuration(batch_size=LARGEST)
    with pytest.raises(ValueError, match=r"`batch_size` must be at most \d+ .*would take about"):
        check_experiment(Experiment(settings_, n_networks=100))


def test_the_library_refuses_as_well(limit, getkey):
    with pytest.raises(ValueError, match="`n_circuits` must be at most .*needs about"):
        allocation.allocate(50, 3, 10**9, "random")
    with pytest.raises(ValueError, match="`n_circuits` must be at most .*needs about"):
        allocation.prime_step_family(10**5, 6)
    with pytest.raises(ValueError, match="`network_width` must be at most .*needs about"):
        prepare(Configuration(network_width=2_000_000_000))
    network = prepare(Configuration(40, 6, 3, n_layers=2))
    assert default_chunk(network, 100) == 512 and default_chunk(network, 513) == 1024
    with pytest.raises(ValueError, match="`chunk` must be at most .*needs about"):
        simulate(network, 1, 10**9, key=getkey(), chunk=10**9)
    with pytest.raises(ValueError, match=r"`batch_size` must be at most 2\^31"):
        simulate(network, 1, 10**12, key=getkey())


@pytest.mark.parametrize("construction", ["clipped", "plain", "cleaned"])
def test_the_estimate_is_of_what_a_network_holds(construction):
    """Between its arrays and some times as much: what is made on the way is counted."""
    settings_ = Configuration(1200, 900, 4, n_layers=6, construction=construction)
    settings_ = replace(settings_, allocation="transversal")
    held = bytes_of(prepare(settings_))
    estimate = network_cost(settings_, traits_of(construction)).bytes
    assert held < estimate < 8 * held


@pytest.mark.parametrize("construction", ["clipped", "plain", "cleaned", "separate", "split"])
@pytest.mark.parametrize("n_layers", [2, 12])
def test_the_estimate_of_a_run_is_of_all_layers(construction, n_layers):
    """A run holds the matrices of all gaps in single precision, however many there are."""
    own: dict[str, Any] = {}
    if construction == "separate":
        own = {"indicator_redundancy": 4, "indicator_share": 0.5}
    own["allocation"] = "transversal"
    settings_ = Configuration(1200, 1200, 4, n_layers=n_layers, construction=construction, **own)
    network = jax.eval_shape(lambda: network_from(*abstract(settings_)))
    held = bytes_of(network) + bytes_of(jax.eval_shape(lambda net: net.layers(), network))
    traits = traits_of(construction)
    assert held < network_cost(settings_, traits, running=True).bytes < 3 * held
    if traits.inhibited and n_layers == 12:
        assert network_cost(settings_, traits).bytes < held


def abstract(settings_):
    """Return what `network_from` takes."""
    parameters = {name: np.float32(getattr(settings_, name)) for name in PARAMETERS}
    recipe, parts = Recipe.of(settings_), parts_of(settings_)
    return recipe, settings_.n_layers, parts, parameters, np.uint32(0), np.uint32(0)


def bytes_of(tree):
    return sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(tree) if hasattr(x, "dtype"))


def test_the_limit_holds_for_one_command(monkeypatch):
    seen = []
    from jaxsuper.commands import verify

    monkeypatch.setattr(verify, "run", lambda *_: seen.append(_limits.given_memory_limit()))
    assert run("verify --memory-limit 2GiB") == run("verify") == run("verify --memory 1.5GB") == 0
    assert seen == [2 * GIB, None, 1_500_000_000] and _limits.given_memory_limit() is None


@pytest.mark.parametrize("text", ["", "lots", "-1", "0", "0GiB", "1e9", "nan", "inf", "2 XiB"])
def test_bad_limits(text):
    with pytest.raises(ValueError, match="`memory_limit` must be"):
        parse_memory(text)


def test_amounts():
    assert [amount(2.0**power) for power in (0, 20, 30, 40, 50, 60)] == [
        "9.54e-07 MiB",
        "1 MiB",
        "1 GiB",
        "1 TiB",
        "1 PiB",
        "1 EiB",
    ]


def test_free_memory_is_read():
    assert 2**20 < _limits._machine_free() < 2**50
    assert min(_limits._groups_free()) > 0


def test_costs_are_held_against_the_lower_of_time_and_memory(limit):
    check_cost(lambda n: Cost(n), {"n": limit})
    with pytest.raises(ValueError, match=f"`n` must be at most {limit} with"):
        check_cost(lambda n: Cost(n), {"n": limit + 1})
    with pytest.raises(ValueError, match="`n` must be at most 25920 with .*would take about 60 d"):
        check_cost(lambda n: Cost(0, 100 * n), {"n": 2 * 25920})
    with pytest.raises(ValueError, match="`n` must be lower, and other sizes with it"):
        check_cost(lambda n: Cost(limit + n), {"n": 5})


whole = st.one_of(
    st.integers(), st.integers(1, 10_000), st.sampled_from([2**31 - 1, 2**31, 10**400])
)
real = st.one_of(st.floats(), st.floats(0, 2))
VALUES = {
    field.name: whole if isinstance(field.default, int) else real
    for field in fields(Configuration)
    if not isinstance(field.default, str)
} | {"n_networks": whole, "chunk": st.none() | whole}


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_numbers_are_a_plan_within_the_limit_or_one_line(data):
    """Whatever the numbers, a run starts only if it fits; else one `ValueError` of one line."""
    names = data.draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=4, unique=True))
    given_ = {name: data.draw(VALUES[name], label=name) for name in names}
    use_memory_limit(_limits.BASE_BYTES + 2 * GIB)
    try:
        experiment = Experiment.of(**given_)
        check_experiment(experiment)
    except ValueError as error:
        assert str(error).startswith("`") and "\n" not in str(error)
        return
    finally:
        use_memory_limit(None)
    made = experiment.configuration
    traits = traits_of(Recipe.of(made).construction)
    cost = experiment_cost(
        made, traits, experiment.n_active, experiment.n_networks, experiment.chunk
    )
    assert cost.bytes <= 2 * GIB and cost.seconds < 31 * 86400
    assert all(math.isfinite(np.float32(getattr(made, name))) for name in PARAMETERS)
    sizes = (made.network_width, made.n_circuits, made.n_layers, made.batch_size)
    assert all(1 <= size <= LARGEST for size in sizes)
    check_settings(made)
