"""The top level: every name is there, and nothing is imported before it is used."""

import subprocess
import sys
from importlib.metadata import version

import jaxsuper
import pytest
from jaxsuper import plotting


@pytest.mark.parametrize("package", [jaxsuper, plotting], ids=["jaxsuper", "plotting"])
def test_every_name_is_there(package):
    for name in package.__all__:
        assert getattr(package, name) is not None and name in dir(package)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        jaxsuper.nonsense  # noqa: B018
    assert not hasattr(jaxsuper, "allocatee")


def test_version():
    assert jaxsuper.__version__ == version("jaxsuper")


@pytest.mark.parametrize(
    "use, loaded",
    [
        ("", []),
        ("jaxsuper.__version__; dir(jaxsuper)", []),
        ("jaxsuper.Rotation; jaxsuper.design; jaxsuper.training; jaxsuper.sweep", ["jax"]),
        ("jaxsuper.plotting.save", ["matplotlib"]),
    ],
)
def test_nothing_is_imported_before_it_is_used(use, loaded):
    heavy = ("jax", "matplotlib", "tyro", "rich")
    code = f"import jaxsuper, sys; {use}\nprint([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(loaded)
