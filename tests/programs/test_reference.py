"""The exact reference against all circuits run by hand; wrong graphs are rejected."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper.circuits import Rotation
from jaxsuper.programs import all_weights, exact_program

from . import brute


T, L, SLOTS = 12, 5, 10
ANGLES = np.random.default_rng(5).uniform(0, 2 * np.pi, T)
PROGRAM, GAPS = brute.program(ANGLES)
CIRCUITS = Rotation(ANGLES)
EDGES = PROGRAM.compile(L)


@jax.jit
def reference(active, inputs):
    weights = all_weights(CIRCUITS, EDGES)
    return exact_program(CIRCUITS, EDGES, weights, active, inputs, SLOTS)


def by_hand(active, inputs, gaps):
    """Return {circuit: channels} of those that are on, layer by layer."""
    first = np.zeros((T, 4))
    for circuit, value in zip(active, inputs, strict=True):
        weight = brute.rotation_weight(ANGLES[circuit])
        first[circuit] = np.maximum(weight @ value + brute.biases(), 0)
    channels = brute.run(gaps, first, T) @ np.stack([brute.ALPHA, *brute.X]).T
    return [{t: here[t] for t in range(T) if here[t, 0] > 0.5} for here in channels]


def both(active, angle, gaps=GAPS):
    # The first layer turns the first circuit's vector to the angle that is asked for.
    angle = angle - ANGLES[0]
    x = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    inputs = np.concatenate([np.tile([1.5, 0.5], (len(active), 1)), x + 1], axis=1)
    found = reference(jnp.array(active, jnp.int32), jnp.asarray(inputs, jnp.float32))
    seen = [
        {int(t): np.asarray(found.channels[layer, :, slot]) for slot, t in enumerate(ids) if t < T}
        for layer, ids in enumerate(np.asarray(found.active))
    ]
    return seen, by_hand(active, inputs, gaps), found


def equal(seen, wanted):
    return all(
        set(a) == set(b) and all(np.allclose(a[t], b[t], atol=2e-5) for t in a)
        for a, b in zip(seen, wanted, strict=True)
    )


@pytest.mark.parametrize("angle", [0.3, 2.5])
def test_every_word_of_the_language(angle):
    """Branch, copies, merge, relay, join, switching off and an end, all in one sample."""
    seen, wanted, found = both([0, 3, 9, 10], angle - np.arange(4.0))
    assert equal(seen, wanted) and not found.undecided and found.most == max(map(len, wanted))
    chosen = 1 if seen[1].keys() & {1} else 2
    assert set(wanted[1]) == {0, chosen, 4, 5, 9, 10} and set(wanted[2]) == {chosen, 6, 9}
    assert set(wanted[3]) == {8, 7, 9, 11} and set(wanted[4]) == {8, 7, 9, 11}


def test_both_branches_are_taken():
    ways = {tuple(sorted(both([0], np.array([a]))[1][2])) for a in (0.3, 2.5)}
    assert ways == {(1,), (2,)}


def test_wrong_graphs_are_rejected():
    """Edges transposed, a fan-in forgotten, and a merge that both circuits open."""
    active, angle = [0, 3, 9, 10], 0.3 - np.arange(4.0)
    transposed = [[(t, s, w) for s, t, w in gap] for gap in GAPS]
    forgotten = [list({t: (s, t, w) for s, t, w in gap}.values()) for gap in GAPS]
    opened = [list(gap) for gap in GAPS]
    place = next(i for i, (s, t, _) in enumerate(GAPS[1]) if (s, t) == (5, 6))
    opened[1][place] = 5, 6, brute.rotation_weight(ANGLES[6], share=0.5)
    for wrong in (transposed, forgotten, opened):
        assert not equal(*both(active, angle, wrong)[:2])


def test_undecided_values_are_noticed():
    """x[0] - x[1]/2 within the margin of the threshold, at the first layer's output."""
    inside = np.arccos(0.1 / np.hypot(1, 0.5)) - np.arctan(0.5)
    assert both([0], np.array([inside]))[2].undecided
    assert not both([0], np.array([inside + 1.0]))[2].undecided
