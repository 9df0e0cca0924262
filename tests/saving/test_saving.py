"""What is saved comes back: class, structure, static fields and every bit of every leaf."""

import dataclasses
import pickle
from functools import reduce
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import circuits, load, network, save, saving, simulation
from safetensors import safe_open
from safetensors.numpy import load_file

from . import examples as made
from .examples import example, EXAMPLES


def check_same(one, other):
    """Check that two things are the same, down to types, dtypes, bits and what holds them."""
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        assert list(vars(one)) == list(vars(other)) == names or set(vars(one)) == set(names)
        for name in names:
            check_same(getattr(one, name), getattr(other, name))
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            check_same(one[name], other[name])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            check_same(*pair)
    elif isinstance(one, jax.Array) and jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
        assert one.dtype == other.dtype
        check_same(jax.random.key_data(one), jax.random.key_data(other))
    elif isinstance(one, jax.Array | np.ndarray):
        assert one.dtype == other.dtype and one.shape == other.shape
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
        assert getattr(one, "weak_type", False) == getattr(other, "weak_type", False)
    else:
        assert one == other


@pytest.mark.parametrize("name", EXAMPLES)
def test_round_trip(name, tmp_path):
    thing = example(name)
    save(tmp_path / "thing", thing)
    loaded = load(tmp_path / "thing")
    check_same(thing, loaded)
    if isinstance(thing, eqx.Module):
        # Equal static fields as well: no program is compiled again.
        assert jax.tree.structure(thing) == jax.tree.structure(loaded)


def test_the_comparison_notices():
    """A wrong bit, a wrong type and a wrong static field are told apart."""
    right = example("circuits rotation")
    for wrong in (
        eqx.tree_at(lambda r: r.angles, right, right.angles.at[0, 0].add(1e-6)),
        eqx.tree_at(lambda r: r.angles, right, np.asarray(right.angles)),
        example("circuits centred"),
    ):
        with pytest.raises(AssertionError):
            check_same(right, wrong)
    step: Any = example("circuits step")
    with pytest.raises(AssertionError):
        check_same(step, circuits.Step(step.count + 1))


def simulated(net):
    return simulation.simulate(net, 1, 16, key=made.KEY, chunk=16)


def test_a_loaded_network_simulates_the_same_bits(tmp_path):
    net = made.with_edges()
    save(tmp_path / "net", net)
    check_same(simulated(net), simulated(load(tmp_path / "net")))


@pytest.mark.slow
@pytest.mark.parametrize("name", network.constructions())
def test_all_simulate_the_same_bits(name, tmp_path):
    net = example(f"network {name}")
    save(tmp_path / "net", net)
    check_same(simulated(net), simulated(load(tmp_path / "net")))


def test_what_is_kept_with_it(tmp_path):
    file = tmp_path / "circuits"
    note = '"sha256":"\\"sha256\\":\\"'  # like the place of the checksum
    save(file, example("circuits step"), key=made.KEY, note=note)
    found = saving.contents(file)
    assert found["note"] == note and found["made_with"]["jax"] == jax.__version__
    check_same(found["key"], made.KEY)
    save(str(file), 3)  # replaced
    assert load(str(file)) == 3 and saving.contents(file)["key"] is None


def test_files_are_plain_safetensors(tmp_path):
    """The same thing gives the same bytes; others' readers find the leaves; nothing is pickled."""
    net: Any = example("network clipped")
    files = [tmp_path / name for name in ("one", "two")]
    for file in files:
        save(file, net)
    assert files[0].read_bytes() == files[1].read_bytes()
    leaves = load_file(files[0])
    np.testing.assert_array_equal(leaves["thing.circuits.angles"], net.circuits.angles)
    with safe_open(files[0], "numpy") as opened:
        assert list(opened.metadata()) == ["jaxsuper"]
    assert pickle.PROTO not in files[0].read_bytes()[:2]
    assert not list(tmp_path.glob(".*"))  # nothing half written is left


@dataclasses.dataclass
class Own:
    values: np.ndarray
    name: str


def test_classes_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setattr("jaxsuper.saving._classes._added", {})
    own, file = Own(np.arange(3), "x"), tmp_path / "own"
    with pytest.raises(ValueError, match=r"Own at thing.0; name its class with"):
        save(file, (own,))
    saving.register("own", Own)
    save(file, own)
    check_same(load(file), own)
    with pytest.raises(ValueError, match="`name` must be new, got 'own'"):
        saving.register("own", Own)
    with pytest.raises(ValueError, match="must be an Equinox module or a dataclass"):
        saving.register("three", int)


@pytest.mark.parametrize(
    "thing, words",
    [
        (jax.nn.relu, "must be made of arrays.* at thing$"),
        ({"f": [1, print]}, "builtin_function_or_method at thing.f.1$"),
        (np.array([None]), "arrays of booleans or real numbers, got object at thing"),
        (np.array([1j]), "got complex128 at thing"),
        (np.array(["x"]), "got <U1 at thing"),
        ({1: 2}, "tables whose keys are texts, got others at thing"),
        ({1, 2}, "builtins.set at thing"),
        (reduce(lambda inner, _: [inner], range(500), 1), "at most 100 levels"),
    ],
)
def test_what_cannot_be_saved(thing, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        save(tmp_path / "thing", thing)
    assert not list(tmp_path.iterdir())
