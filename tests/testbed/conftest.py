"""One export that most tests of this folder read."""

import pytest

from .runs import exported


@pytest.fixture(scope="session")
def made_and_read(tmp_path_factory):
    """A clipped network, and its export read again."""
    return exported("clipped", tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="session")
def one(made_and_read):
    """The export alone."""
    return made_and_read[1]
