"""Laws that every construction keeps: a new one is tested by its line in the registry."""

from dataclasses import replace

import pytest
from jaxsuper import network
from jaxsuper.network import _registry
from jaxsuper.testing import construction_laws


@pytest.mark.parametrize("name", network.constructions())
@pytest.mark.parametrize("law", construction_laws, ids=lambda law: law.__name__)
def test_law(law, name):
    law(name)


class Shifted(network.Clipped):
    """Its matrices are not what its layers do."""

    def dense_layer(self, layer):
        return [(1.01 * weights, bias) for weights, bias in super().dense_layer(layer)]


def test_a_wrong_construction_is_noticed(monkeypatch):
    """Registered from outside it is built, listed, and refused by the law that it breaks."""
    monkeypatch.setattr(_registry, "_CONSTRUCTIONS", dict(_registry._CONSTRUCTIONS))
    Shifted.traits = replace(network.Clipped.traits, name="shifted")
    network.register(Shifted)
    assert "shifted" in network.constructions()
    laws = {law.__name__: law for law in construction_laws}
    laws["no_overlap_no_error"]("shifted")
    with pytest.raises(AssertionError):
        laws["structured_equals_dense"]("shifted")
    with pytest.raises(ValueError, match="`name` of the traits must be new, got 'shifted'"):
        network.register(Shifted)
    with pytest.raises(ValueError, match="`construction` must be a class with `traits`"):
        network.register(network.AbstractNetwork)  # it has no traits
