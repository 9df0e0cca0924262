"""Strict numerics for the whole suite, two simulated CPU devices, keys seeded from the test id."""

import os


os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
)
os.environ.setdefault("MPLBACKEND", "agg")
# Commands leave the user's cache of programs alone.
os.environ.setdefault("JAXSUPER_CACHE", "none")

import zlib

import jax
import pytest


jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture
def getkey(request):
    """Return a function that gives a new key at every call, the same in every run of the test."""
    root = jax.random.key(zlib.crc32(request.node.nodeid.encode()))
    count = iter(range(1000))
    return lambda: jax.random.fold_in(root, next(count))


@pytest.fixture
def sigmas():
    """Standard errors a statistical test allows: 1e-5 family-wise over some hundred comparisons."""
    return 5.5
