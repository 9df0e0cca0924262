"""Networks here are tiny: time goes into compiling, so XLA is told to optimise little."""

import jax
import pytest


@pytest.fixture(autouse=True, scope="module")
def compiled_quickly():
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
