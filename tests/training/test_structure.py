"""The structure measures: 1 for the built network, near 0 for a random one, and in between between."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import training
from jaxsuper.circuits import small_weights

from .test_training import BASE, EXACT, KINDS, prepared


@pytest.mark.parametrize("kind", ["clipped", "carried"])
def test_built_is_one_and_random_is_zero(kind, getkey):
    _, network, built = prepared(KINDS[kind])
    own = training.structure(network, built)
    assert own.distance == 0 and own.support_score == pytest.approx(1)
    assert own.circuits_score == pytest.approx(1) and own.circuits > 0.8
    assert abs(own.circuits_null) < 0.2
    draws = [
        training.structure(network, training.random_like(built, key=getkey())) for _ in range(5)
    ]
    assert np.mean([draw.distance for draw in draws]) == pytest.approx(2**0.5, abs=0.02)
    # The spread of a random network's score is that of its wrong pairings.
    spread = np.mean([draw.circuits_null_spread for draw in draws])
    assert 0.005 < spread < 0.2
    assert max(abs(draw.circuits) for draw in draws) < 5.5 * spread
    assert abs(np.mean([draw.support_score for draw in draws])) < 0.1


def test_mixtures_lie_between(getkey):
    _, network, built = prepared(BASE)
    noise = training.random_like(built, key=getkey())
    scores = []
    for share in (0.1, 0.5, 0.9):
        mixed = jax.tree.map(lambda a, b, w=share: (1 - w) * a + w * b, built, noise)
        scores.append(training.structure(network, mixed))
    for name in ("support_score", "circuits_score"):
        values = [getattr(one, name) for one in scores]
        assert 1.02 > values[0] > values[1] > values[2] > -0.1
    assert scores[0].distance == pytest.approx(0.1 * 2**0.5, rel=0.02)


def test_shuffled_circuits_are_noticed(getkey):
    """A network built for other angles has the support, but not the circuits."""
    _, network, built = prepared(BASE)
    angles = network.circuits.angles  # pyright: ignore
    turned = eqx.tree_at(lambda n: n.circuits.angles, network, jnp.roll(angles, 1, axis=1))
    found = training.structure(network, training.from_construction(turned))
    assert found.support_score > 0.8 and abs(found.circuits_score) < 0.3
    said = training.verdict(1.0, 0.01, 0.5, 0.01, found)
    assert said.structure == "leaves"
    del built


@pytest.mark.parametrize("kind", ["clipped", "separate"])
def test_without_overlaps_the_circuits_are_read_exactly(kind):
    settings = replace(EXACT, construction=kind, indicator_share=0.5 * (kind == "separate"))
    circuits, network, built = prepared(settings)
    found = training.circuit_weights(network, built.weights)
    for layer in range(2):
        wanted = np.asarray(small_weights(circuits, layer + 1))
        np.testing.assert_allclose(found[layer], wanted, atol=1e-5)


def test_support_by_brute_force():
    _, network, built = prepared(KINDS["separate"])
    found = np.asarray(training.supports(network))
    assert found.shape == built.weights.shape
    sets, width = np.asarray(network.placement.sets), network.indicator_width  # pyright: ignore
    # Neuron (block, column), in the order of the matrices.
    neurons = [
        (b, c) for b in range(4) for c in range(network.block_width) if (c < width) == (b < 2)
    ]
    for layer in range(2):
        before = [set(one) for one in sets[layer].tolist()]
        after = [set(one) for one in sets[layer + 1].tolist()]
        for i in range(0, len(neurons), 7):
            for j in range(0, len(neurons), 5):
                to, from_ = neurons[i][1], neurons[j][1]
                shared = any(to in a and from_ in b for a, b in zip(after, before, strict=True))
                assert found[layer, i, j] == shared


def test_verdicts_follow_their_thresholds():
    own = training.Structure(0.0, 0.6, 0.4, 0.6, 0.9, 0.0, 0.02, 0.9)
    judge = lambda after, error=0.001, kept=own: training.verdict(1.0, error, after, error, kept)
    assert (judge(0.9).loss, judge(0.96).loss, judge(1.1).loss) == ("improves", "same", "worsens")
    assert judge(0.9, error=0.1).loss == "same"
    for circuits, word in ((0.82, "keeps"), (0.7, "changes"), (0.4, "leaves")):
        assert judge(0.9, kept=replace(own, circuits=circuits)).structure == word
    assert judge(0.9, kept=replace(own, support=0.45)).structure == "leaves"
    assert str(judge(0.5)) == "improves the loss (x 0.5), keeps the structure"
    blind = replace(own, support_built=0.41)
    assert np.isnan(blind.support_score) and judge(0.9, kept=blind).structure == "keeps"
    assert judge(0.9, kept=replace(blind, circuits_built=0.0)).structure == "unknown"
    with pytest.raises(ValueError, match="must not be negative"):
        judge(-0.1)
