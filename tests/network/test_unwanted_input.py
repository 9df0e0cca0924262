"""chi' and the corrected unembedding, built by the network, take out what is unwanted on average."""

import jax
import numpy as np
import pytest
from jaxsuper.allocation import prime_steps
from jaxsuper.circuits import Step
from jaxsuper.network import Clipped, Links, Plain


SIZES = [(60, 4, 30), (120, 5, 100)]


def mean_over_pairs(table):
    """The mean of a (T, T) table off its diagonal."""
    count = len(table)
    return (table.sum() - np.trace(table)) / (count * (count - 1))


def incidence(sets, width):
    table = np.zeros((len(sets), width))
    np.put_along_axis(table, np.asarray(sets), 1, axis=1)
    return table


@pytest.mark.parametrize("width, redundancy, count", SIZES)
def test_inhibition(width, redundancy, count, getkey):
    allocation = prime_steps(width, redundancy, count)
    network = Clipped.build(Step(count), allocation, 2, key=getkey())
    to, source = (
        incidence(sets, width) for sets in (network.placement.sets[1], network.placement.sets[0])
    )
    assert not isinstance(network.connected, Links)
    connected = np.asarray(network.connected[0], np.float64)
    np.testing.assert_array_equal(connected, to.T @ source > 0)
    chi = float(network.inhibition[0, 0])
    unwanted = lambda factor: mean_over_pairs(
        to @ (connected - factor * (1 - connected)) @ source.T
    )
    assert unwanted(chi) == pytest.approx(0, abs=1e-5)
    # The first order, U/S^2, leaves some.
    assert abs(unwanted(unwanted(0) / redundancy**2)) > 1e-3


@pytest.mark.parametrize("width, redundancy, count", SIZES)
def test_correction(width, redundancy, count):
    allocation = prime_steps(width, redundancy, count)
    network = Plain.build(Step(count), allocation, 2, key=jax.random.key(0), overlap="exact")
    c = float(network.correction) / redundancy
    table = incidence(allocation.sets, width)
    read = lambda c: mean_over_pairs((table * (1 / redundancy + c) - c) @ table.T)
    assert read(c) == pytest.approx(0, abs=1e-6)
    assert abs(read(0)) > 1e-2
    assert abs(read(allocation.mean_overlap / redundancy**2)) > 1e-4
