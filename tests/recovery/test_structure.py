"""Sparse and modular, in which basis: matrices whose numbers are known."""

import numpy as np
import pytest
from jaxsuper import recovery

from .planted import planted


def numbers(drives, written, read):
    return recovery.structure_of(np.asarray(drives), np.asarray(written), np.asarray(read))


def test_matrices_whose_numbers_are_known():
    owners = np.repeat(np.arange(4), 3)
    blocks = np.kron(np.eye(4), np.ones((3, 3)))
    found = numbers(blocks, owners, owners)
    # A quarter of the entries, all alike, all within: chance has a quarter of the power there.
    assert found == pytest.approx((0.75, 0.25, 1.0, 0.75))
    assert numbers(np.ones((12, 12)), owners, owners) == pytest.approx((0.0, 1.0, 0.25, 0.0))
    # Scale and sign do not matter; a wrong assignment does.
    assert numbers(-3 * blocks, owners, owners) == pytest.approx(found)
    wrong = numbers(blocks, owners, np.roll(owners, 3))
    assert (wrong.within, wrong.modularity) == pytest.approx((0.0, -0.25))
    assert numbers(np.zeros((2, 2)), [0, 1], [0, 1]) == (0, 0, 0, 0)


def test_one_entry_has_it_all():
    drives = np.zeros((10, 10))
    drives[3, 4] = 2.0
    found = numbers(drives, np.arange(10), np.arange(10))
    assert (found.gini, found.participation) == pytest.approx((0.99, 0.01))
    assert found.within == 0


def test_the_true_basis_is_modular_and_a_random_one_is_not():
    export = planted()
    before, after = recovery.bases(export, 0), recovery.bases(export, 1)
    assert set(before) == {"neurons", "true", "random"}
    assert before["random"].shape == before["true"].shape
    found = {name: recovery.structure(export, 1, before[name], after[name]) for name in before}
    assert found["true"].modularity > 0.5
    # Eight circuits in few neurons: a random direction has much of some.
    assert abs(found["random"].modularity) < found["true"].modularity / 3
    # Signs and lengths of directions are free.
    scaled = recovery.structure(export, 1, -2 * before["true"], after["true"])
    assert scaled == pytest.approx(found["true"], rel=1e-4)
    shuffled = np.random.default_rng(0).permutation(after["true"])
    assert recovery.structure(export, 1, before["true"], shuffled) == pytest.approx(
        found["true"], rel=1e-4
    )


def test_bad_directions():
    export = planted()
    with pytest.raises(ValueError, match="`before` must be .C, "):
        recovery.structure(export, 1, np.ones((3, 7)), np.ones((3, 7)))
    with pytest.raises(ValueError, match="`layer` must be at least 1"):
        recovery.structure(export, 0, np.ones((3, 7)), np.ones((3, 7)))
