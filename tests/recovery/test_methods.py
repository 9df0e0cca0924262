"""Methods on planted networks, whose circuits have neurons of their own: there is no excuse."""

import sys
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import recovery
from jaxsuper._arrays import root_key
from jaxsuper.recovery.methods import METHODS, Options, recover
from jaxsuper.recovery.methods._autoencoders import Autoencoder, kept, latents
from jaxsuper.recovery.methods._parameters import _start, decomposition_loss, Target

from .planted import planted


SIZES = {"n_circuits": 6, "copies": 2, "spare": 4, "samples": 200, "n_active": 1}


@pytest.fixture(scope="module")
def export():
    return planted(**SIZES)


def found(export, method, **options):
    return recovery.score(recover(export, method, Options(**options)), export)


def test_probes_are_a_ceiling(export):
    scored = found(export, "probes")
    for metric in ("recall", "precision", "auc"):
        assert scored.value(metric) == 1
    assert scored.value("r2") > 0.9


@pytest.mark.parametrize(
    ("method", "least"), [("nmf", 1), ("semi-nmf", 0.5), ("fast-ica", 0.3), ("dictionary", 0.5)]
)
def test_factorisations_find_circuits_that_share_nothing(export, method, least):
    scored = found(export, method, seed=1)
    assert scored.value("recall") >= least and scored.value("auc") > 0.8


def test_directions_of_variance_are_those_of_the_singular_value_decomposition(export):
    # Circuits that share nothing, one at a time: A'A has a block for each. Two at a time it has not.
    assert found(export, "svd").value("recall") == 1
    assert found(planted(**SIZES | {"n_active": 2}), "svd").value("recall") < 0.5
    values = export.samples["activations.1"]
    answer = recover(export, "svd", Options(n_units=3))
    _, sizes, right = np.linalg.svd(values)
    overlap = np.abs(np.einsum("cd,cd->c", answer["directions.1"], right[:3]))
    np.testing.assert_allclose(overlap, 1, atol=1e-3)
    centred = values - values.mean(axis=0)
    components = np.linalg.svd(centred)[2][:2]
    overlap = np.abs(recover(export, "pca", Options(n_units=2))["directions.1"] @ components.T)
    np.testing.assert_allclose(overlap, np.eye(2), atol=1e-3)


def test_autoencoders_are_what_their_formulas_say():
    coder = Autoencoder(
        jnp.array([[1.0, 0.0], [0.0, 2.0]]),
        jnp.array([0.0, -1.0]),
        jnp.eye(2),
        jnp.array([0.5, 0.0]),
        jnp.zeros(2),
    )
    codes = latents(coder, jnp.array([[1.0, 1.0], [0.0, 0.25]]))
    np.testing.assert_allclose(codes, [[0.5, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(kept(codes, 1), [[0.0, 1.0], [0.0, 0.0]])


@pytest.mark.slow
def test_autoencoders_find_circuits_that_share_nothing_and_stay_there(export):
    for method in ("sae-l1", "sae-topk"):
        scored = found(export, method, steps=400, n_units=12, learning_rate=0.01)
        assert scored.value("recall") > 0.6, method
        ideal = found(export, method, steps=100, start="ideal", learning_rate=1e-3)
        assert ideal.value("recall") == 1, method


@pytest.mark.slow
def test_transcoders_find_successors(export):
    successor = planted(**SIZES, successor=[1, 2, 3, 4, 5, 0])
    for method in ("transcoder", "cross-layer"):
        scored = found(successor, method, steps=400, n_units=12, learning_rate=0.01)
        assert scored.value("edge_recall", hops=1) > 0.5, method
        # The reverse graph is another one.
        wrong = planted(**SIZES, successor=[5, 0, 1, 2, 3, 4])
        answer = recover(successor, method, Options(steps=400, n_units=12, learning_rate=0.01))
        assert recovery.score(answer, wrong).value("edge_recall", hops=1) < 0.3, method


_loss = jax.jit(decomposition_loss)


def loss_of(export, params):
    weights = jnp.stack([export.model[f"layers.{k}.weight"] for k in (1, 2)])
    target = Target(weights, jnp.zeros(weights.shape[:2]), jnp.ones(()), jnp.zeros(()))
    values = jnp.asarray(export.samples["activations.0"])
    return float(_loss(params, values, root_key(0), jnp.zeros(()), target))


def test_the_ideal_decomposition_loses_nothing_until_it_is_changed():
    export = planted(**SIZES, interference=0.02)
    params, pairs = _start(export, Options(start="ideal"))
    assert pairs is not None and (pairs[0][:12] == np.arange(12)).all()
    everything = params._replace(second=0 * params.second, end=jnp.ones_like(params.end))
    assert loss_of(export, everything) < 1e-6
    assert loss_of(export, everything._replace(u=params.u.at[:, 3].multiply(1.5))) > 1e-2
    # What does not matter may be anything: whole circuits must not be.
    nothing = everything._replace(end=jnp.zeros_like(params.end))
    assert loss_of(export, nothing) > 1e-2


@pytest.mark.slow
def test_parameter_decomposition_keeps_the_ideal_and_finds_some(export):
    ideal = found(export, "spd", steps=300, start="ideal", learning_rate=1e-3)
    assert ideal.value("drift_cosine") > 0.8 and ideal.value("component_recall") > 0.9
    scored = found(export, "spd", steps=1500)
    assert scored.value("explained_inside") > 0.9


def test_a_run_that_was_stopped_goes_on_to_the_same_end(export, tmp_path):
    options = Options(steps=40, n_units=6)
    whole = recover(export, "sae-l1", options)

    def stop(done, total, label):
        if done >= 20:
            raise KeyboardInterrupt

    kept = replace(options, checkpoint=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        recover(export, "sae-l1", kept, stop)
    steps = []
    again = recover(export, "sae-l1", kept, lambda done, total, label: steps.append(done))
    assert steps[0] == 20
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(again[name], values)
    with pytest.raises(ValueError, match="must be of a run with the same start"):
        recover(export, "sae-l1", replace(kept, seed=1))


def test_what_cannot_be_is_refused(export, monkeypatch):
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"steps": 0}, "`steps` must be at least 1"),
        ({"sparsity": -1.0}, "`sparsity` must be positive"),
        ({"start": "truth"}, "`start` must be one of random, ideal"),
        ({"start": "ideal"}, "`start` must be random, as pca has no start"),
        ({"n_units": 2**31 - 1}, "`n_units` must be at most"),
    )
    for settings, message in cases:
        with pytest.raises(ValueError, match=message):
            recover(export, "pca", Options(**settings))
    with pytest.raises(ValueError, match="did you mean 'sae-l1'"):
        recover(export, "sae-l2")
    monkeypatch.setitem(sys.modules, "sklearn.decomposition", None)
    with pytest.raises(ValueError, match=r"needs scikit-learn: pip install 'jaxsuper\[recovery\]'"):
        recover(export, "nmf")


@pytest.mark.slow
def test_methods_do_not_read_the_truth_unless_they_say_so(export):
    class Closed(dict):
        def __getitem__(self, name):
            raise KeyError(f"{name} was read")

    blind = planted(**SIZES)
    blind.truth = Closed(blind.truth)
    blind.samples = {name: each for name, each in export.samples.items() if "activations" in name}
    told = set()
    for name, method in METHODS.items():
        try:
            method.find(blind, Options(steps=1, n_units=4), lambda *_: None)
        except KeyError:
            told.add(name)
    assert told == {"probes"} == {name for name, method in METHODS.items() if method.told}
