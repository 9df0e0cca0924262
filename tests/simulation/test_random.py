"""What is drawn does not depend on the random generator that a user has set as JAX's default."""

import contextlib

import jax
import numpy as np
import pytest
from jaxsuper import allocation
from jaxsuper._arrays import root_key
from jaxsuper.analytics.claims import _registry
from jaxsuper.simulation import _build, Configuration, parts_of


DRAWN = Configuration(96, 20, 3, 2, n_layers=3, seed=7, allocation="random")


@contextlib.contextmanager
def default(kind):
    before = jax.config.jax_default_prng_impl  # pyrefly: ignore
    jax.config.update("jax_default_prng_impl", kind)
    try:
        yield
    finally:
        jax.config.update("jax_default_prng_impl", before)


def draws():
    """Return keys, sets and wiring, drawn without any program that was compiled before."""
    _build._parts_of.cache_clear()
    parts, recipe = parts_of(DRAWN), _build.Recipe.of(DRAWN)
    numbers = {name: np.float32(value) for name, value in _build.parameters_of(DRAWN).items()}
    # Not `prepare`, whose program would be that of the other generator.
    network = _build.network_from(recipe, 3, parts, numbers, np.uint32(7), np.uint32(0))
    return {
        "keys": jax.random.key_data(_build.network_keys(7, 0)),
        "sets": parts.allocation.sets,
        "fixed": allocation.allocate(40, 3, 20, "random").sets,
        "wiring": network.placement.sets,
        "claims": jax.random.key_data(_registry.Run(True, 7).key("a")),
    }


def test_another_default_changes_nothing(monkeypatch):
    # Nothing that was compiled under another default.
    monkeypatch.setattr(_build, "_keys", lambda *numbers: tuple(_build.network_keys(*numbers)))
    expected = draws()
    with default("rbg"):
        found = draws()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    # Keys of the default are noticed.
    for module in (_build, _registry):
        monkeypatch.setattr(module, "root_key", jax.random.key)
    with default("rbg"):
        found = draws()
    for name in ("sets", "wiring"):
        assert not np.array_equal(found[name], expected[name])
    for name in ("keys", "claims"):
        assert found[name].shape != expected[name].shape


@pytest.mark.parametrize("kind", ["rbg", "unsafe_rbg"])
def test_a_root_key_has_one_generator(kind):
    with default(kind):
        assert str(jax.random.key_impl(root_key(3))) == "threefry2x32"
        assert str(jax.random.key_impl(jax.random.key(3))) == kind
