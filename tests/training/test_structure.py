"""The structure measures: 1 for the built network, near 0 for a random one, and in between between."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import training
from jaxsuper.circuits import small_weights
from jaxsuper.network import dense_network

from .networks import BASE, CARRIED, EXACT, KINDS, prepared, random_like, written_out


circuit_weights = eqx.filter_jit(training.circuit_weights)


@pytest.mark.parametrize("kind", KINDS)
def test_built_is_one_and_random_is_zero(kind, getkey):
    network, built = prepared(KINDS[kind]), written_out(KINDS[kind])
    own = training.structure_of(network, built)
    assert own.distance == 0 and own.support_score == pytest.approx(1)
    assert own.circuits_score == pytest.approx(1) and own.circuits > 0.8
    assert abs(own.circuits_null) < 0.2
    draws = [training.structure_of(network, random_like(built, getkey())) for _ in range(5)]
    assert np.mean([draw.distance for draw in draws]) == pytest.approx(2**0.5, abs=0.02)
    # The spread of a random network's score is that of its wrong pairings.
    spread = np.mean([draw.circuits_null_spread for draw in draws])
    assert 0.005 < spread < 0.2
    assert max(abs(draw.circuits) for draw in draws) < 5.5 * spread
    assert abs(np.mean([draw.support_score for draw in draws])) < 0.1


def test_mixtures_lie_between(getkey):
    network, built = prepared(BASE), written_out(BASE)
    noise = random_like(built, getkey())
    mixtures = []
    for share in (0.1, 0.5, 0.9):
        mixed = jax.tree.map(lambda a, b, w=share: (1 - w) * a + w * b, built, noise)
        mixtures.append(training.structure_of(network, mixed))
    for name in ("support_score", "circuits_score"):
        values = [getattr(structure, name) for structure in mixtures]
        assert 1.02 > values[0] > values[1] > values[2] > -0.1
    assert mixtures[0].distance == pytest.approx(0.1 * 2**0.5, rel=0.02)


def test_shuffled_circuits_are_noticed():
    """A network built for other angles has the support, but not the circuits."""
    network = prepared(BASE)
    angles = network.circuits.angles  # pyrefly: ignore
    turned = eqx.tree_at(lambda n: n.circuits.angles, network, jnp.roll(angles, 1, axis=1))
    structure = training.structure_of(network, dense_network(turned))
    assert structure.support_score > 0.8 and abs(structure.circuits_score) < 0.3
    outcome = training.judge_training(loss(1.0, 0.01), loss(0.5, 0.01), structure)
    assert outcome is not None and outcome.structure == "leaves"


@pytest.mark.parametrize("construction, share", [("clipped", 0.0), ("separate", 0.5)])
def test_without_overlaps_the_circuits_are_read_exactly(construction, share):
    settings = replace(EXACT, construction=construction, indicator_share=share)
    network, built = prepared(settings), written_out(settings)
    driven = circuit_weights(network, built.weights)
    for layer in range(2):
        small = np.asarray(small_weights(network.circuits, layer + 1))
        np.testing.assert_allclose(driven[layer], small, atol=1e-5)


def test_support_by_brute_force():
    network, built = prepared(CARRIED), written_out(CARRIED)
    connected = np.asarray(eqx.filter_jit(training.supports)(network))
    assert connected.shape == built.weights.shape
    sets, width = np.asarray(network.placement.sets), network.indicator_width  # pyrefly: ignore
    assert 0 < width < network.block_width
    # Neuron (block, column), in the order of the matrices; block 0 is the indicator's.
    neurons = [
        (b, c) for b in range(3) for c in range(network.block_width) if (c < width) == (b < 1)
    ]
    assert len(neurons) == connected.shape[1]
    for layer in range(2):
        before = [set(members) for members in sets[layer].tolist()]
        after = [set(members) for members in sets[layer + 1].tolist()]
        for i in range(0, len(neurons), 7):
            for j in range(0, len(neurons), 5):
                to, from_ = neurons[i][1], neurons[j][1]
                shared = any(to in a and from_ in b for a, b in zip(after, before, strict=True))
                assert connected[layer, i, j] == shared


def loss(value, stderr, others=0.0):
    """Return a measurement of a loss and of something else."""
    return training.HeldOut(0, ("loss", "other"), np.array([value, others]), np.array([stderr, 0]))


def test_outcomes_follow_their_thresholds():
    own = training.Structure(0.0, 0.6, 0.4, 0.6, 0.9, 0.0, 0.02, 0.9)

    def judge(after, stderr=0.001, structure=own):
        outcome = training.judge_training(loss(1.0, stderr), loss(after, stderr), structure)
        assert outcome is not None
        return outcome

    assert (judge(0.9).loss, judge(0.96).loss, judge(1.1).loss) == ("improves", "same", "worsens")
    assert judge(0.9, stderr=0.1).loss == "same"
    # A single sample has no standard error.
    assert judge(0.9, stderr=np.nan).loss == "improves"
    for circuits, word in ((0.82, "keeps"), (0.7, "changes"), (0.4, "leaves")):
        assert judge(0.9, structure=replace(own, circuits=circuits)).structure == word
    assert judge(0.9, structure=replace(own, support=0.45)).structure == "leaves"
    assert str(judge(0.5)) == "improves the loss (x 0.5), keeps the structure"
    blind = replace(own, support_built=0.41)
    assert np.isnan(blind.support_score) and judge(0.9, structure=blind).structure == "keeps"
    assert judge(0.9, structure=replace(blind, circuits_built=0.0)).structure == "unknown"
    with pytest.raises(ValueError, match="must not be negative"):
        judge(-0.1)


def test_what_was_finite_and_no_longer_is_has_diverged():
    own = training.Structure(0.0, 0.6, 0.4, 0.6, 0.9, 0.0, 0.02, 0.9)
    judge = lambda before, after: training.judge_training(before, after, own)
    assert judge(loss(1.0, 0.1), loss(np.inf, 0.1)) is None
    assert judge(loss(1.0, 0.1), loss(0.5, 0.1, others=np.nan)) is None
    # Where all circuits are active, nothing is known of inactive ones before or after.
    blind = loss(0.5, 0.1, others=np.nan)
    outcome = judge(loss(1.0, 0.1, others=np.nan), blind)
    assert outcome is not None and outcome.loss == "improves"
