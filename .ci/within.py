"""A pytest plugin: tests that have not started after so many seconds are skipped, and counted.

`PYTHONPATH=.ci pytest -p within --within 60` stops in time whatever was selected.
"""

import time

import pytest


_STARTED = time.monotonic()


def pytest_addoption(parser):
    """Add the option."""
    parser.addoption("--within", type=float, default=None, help="seconds in which tests may start")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Skip what comes too late."""
    limit = item.config.getoption("within")
    if limit is not None and time.monotonic() - _STARTED > limit:
        pytest.skip("no time left; run it alone")
