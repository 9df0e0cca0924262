"""Strict numerics for the whole suite, cheap programs kept on disk, keys seeded from the test id."""

import gc
import os
import tempfile
import time
import zlib
from pathlib import Path

from .xla_flags import flags


# Commands and notebooks that tests start inherit these.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags(n_devices=2)}"
os.environ.setdefault("MPLBACKEND", "agg")
# Commands leave the user's cache of programs alone.
os.environ.setdefault("JAXSUPER_CACHE", "none")

import jax
import pytest


jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

# Programs are compiled without most optimizations, which take longer than most tests run, and kept
# for a week, by what is compiled and how, for all workers and later runs. The environment hands
# this on to the commands and notebooks that tests start.
PROGRAMS = Path(tempfile.gettempdir()) / f"jaxsuper-tests-{os.getuid()}"
WEEK = 7 * 24 * 3600.0
folder = os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(PROGRAMS))
seconds = os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
cheap = os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
jax.config.update("jax_compilation_cache_dir", folder)
jax.config.update("jax_persistent_cache_min_compile_time_secs", float(seconds))
jax.config.update("jax_disable_most_optimizations", cheap == "1")


# Tracing makes millions of objects that stay; looking through them all the time takes a tenth.
gc.set_threshold(100_000, 50, 50)


# They take longest on their own.
FIRST = (
    "test_simulated_verdicts",
    "test_notebook",
    "test_devices_shards_and_processes_do_not_matter",
    "test_two_kills",
    "test_types",
)


def pytest_collection_modifyitems(items):
    """Start with what takes longest, so that no worker is left with it at the end."""
    items.sort(key=lambda item: getattr(item, "originalname", item.name) not in FIRST)


def pytest_configure(config):
    """Drop old programs, once for all workers."""
    if hasattr(config, "workerinput") or not PROGRAMS.is_dir():
        return
    for program in PROGRAMS.iterdir():
        if program.stat().st_mtime < time.time() - WEEK:
            program.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _optimizations(request):
    """Compile with most optimizations in tests that run long."""
    if request.node.get_closest_marker("slow"):
        jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", cheap == "1")


@pytest.fixture
def getkey(request):
    """Return a function that gives a new key at every call, the same in every run of the test."""
    root = jax.random.key(zlib.crc32(request.node.nodeid.encode()), impl="threefry2x32")
    count = iter(range(1000))
    return lambda: jax.random.fold_in(root, next(count))


@pytest.fixture
def sigmas():
    """Standard errors a statistical test allows: 1e-5 family-wise over some hundred comparisons."""
    return 5.5
