"""The card's lines run as they stand, and what it says of the network is what was measured."""

import importlib
import importlib.util
import re
import sys

import numpy as np
import pytest
from jaxsuper import simulation, testbed
from jaxsuper.plotting import export_figure


def lines_of(one, language):
    """Return the lines of the card that load the network."""
    card = (one.directory / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    (found,) = (block for block in blocks if re.match(rf"import {language}\b", block))
    return found


def run_lines(one, language, monkeypatch):
    """Return the largest difference from the exported activations after running the lines."""
    text = lines_of(one, language)
    assert len(text.splitlines()) <= 12 and "jaxsuper" not in text
    monkeypatch.chdir(one.directory)
    there: dict = {}
    exec(compile(text, "README.md", "exec"), there)  # noqa: S102
    layers = there["layers"]
    assert len(layers) == one.config.n_relu
    # Of the largest activation of the layer: a seized network has some of 10, and enlarges rounding.
    return max(
        np.abs(np.asarray(layers[k]) - one.activations(k)).max() / one.activations(k).max()
        for k in one.config.reported
    )


def test_the_lines_of_numpy(one, monkeypatch):
    assert run_lines(one, "numpy", monkeypatch) < 1e-5


@pytest.mark.slow
def test_the_lines_of_jax(one, monkeypatch):
    jax = pytest.importorskip("jax")
    # The lines are plain JAX, whose defaults this test suite does not have.
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        assert run_lines(one, "jax", monkeypatch) < 1e-5


@pytest.mark.slow
def test_the_lines_of_torch(one, monkeypatch):
    pytest.importorskip("torch")
    assert run_lines(one, "torch", monkeypatch) < 1e-5


def test_the_card_says_what_was_measured(one):
    """Errors, the naive baseline and where the network stands, in words and numbers."""
    config, card = one.config, (one.directory / "README.md").read_text()
    assert config.position["distance"] == pytest.approx(40 / config.position["critical"])
    assert f"{config.position['distance']:.3g}" in card
    rows = {(row["n_active"], row["layer"], row["readout"]): row for row in config.baseline}
    assert {key[0] for key in rows} == {1, 2}
    last = rows[2, 3, "x"]
    # x is on the unit circle: 24 of 40 circuits would be exact.
    assert last["naive"] == pytest.approx(1 - 24 / 40, abs=1e-5)
    assert last["naive_every"] == pytest.approx(2 * (1 - 24 / 40), abs=1e-5)
    measured = {(row["layer"], row["metric"]): row["value"] for row in config.measured}
    assert last["active"] == pytest.approx(measured[3, "mse_x_active"], rel=1e-4)
    inactive = measured[3, "mse_x_inactive"] * 38
    assert last["every"] == pytest.approx(2 * last["active"] + inactive, rel=1e-3)
    assert 2 * last["active"] * 0.1 < last["gated"] < last["every"]
    assert f"{last['active']:.3g}" in card and "24 of the circuits exactly" in card


@pytest.mark.slow
def test_the_headline_network_by_numpy_and_torch(tmp_path, monkeypatch):
    """D = 1000, T = 557 to 1e-5 in all five layers."""
    torch = pytest.importorskip("torch")
    del torch
    settings = simulation.Configuration()
    network = simulation.prepare(settings)
    testbed.export(network, tmp_path, n_samples=100, settings=settings, loads=(1,))
    made = testbed.read_export(tmp_path)
    assert run_lines(made, "numpy", monkeypatch) < 1e-5
    assert run_lines(made, "torch", monkeypatch) < 1e-5


def hooked(one):
    spec = importlib.util.spec_from_file_location("hooked", one.directory / "hooked.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hooked"] = module
    spec.loader.exec_module(module)
    return module.Superposed.load(one.directory)


@pytest.mark.slow
def test_the_module_of_torch_can_be_hooked_and_trained(one):
    """Cache, a hook that ablates, the state dict of the file, gradients of the weights."""
    torch = pytest.importorskip("torch")
    net = hooked(one)
    embedded = torch.from_numpy(np.array(one.samples["embedded"]))
    inputs = torch.from_numpy(np.array(one.samples["inputs"]))
    with torch.no_grad(), net.caching() as cache:
        last = net(embedded, inputs)
    assert set(cache) == {"hooks.0", "hooks.1", "hooks.2"}
    for k in one.config.reported:
        np.testing.assert_allclose(cache[f"hooks.{k}"], one.activations(k), atol=1e-5)
    active = one.samples["active"][:, 1].astype(np.int64)
    found = net.estimates(cache["hooks.1"], 1).detach().numpy()
    found = np.take_along_axis(found, active[..., None], axis=1)
    np.testing.assert_allclose(found, one.samples["estimates"][:, 1], atol=1e-5)
    assert set(net.state_dict()) == set(one.model)
    # A hook on layer 1 that silences a circuit's neurons changes layer 2.
    silent = torch.from_numpy(np.array(one.neurons(1)[int(active[0, 0])])).long()
    handle = net.hooks["1"].register_forward_hook(
        lambda module, args, output: output.index_fill(1, silent, 0.0)
    )
    with torch.no_grad():
        assert (net(embedded, inputs) - last).abs().max() > 0.1
    handle.remove()
    net(embedded, inputs).square().mean().backward()
    assert net.layers["1"].weight.grad.abs().max() > 0


@pytest.mark.slow
def test_a_library_for_interpretability_takes_the_module(one):
    """nnsight traces the module, reads and changes activations at the hooks."""
    nnsight = pytest.importorskip("nnsight")
    torch = pytest.importorskip("torch")
    net = nnsight.NNsight(hooked(one))
    embedded = torch.from_numpy(np.array(one.samples["embedded"]))
    inputs = torch.from_numpy(np.array(one.samples["inputs"]))
    with net.trace(embedded, inputs):
        seen = net.hooks["1"].output.save()
        last = net.hooks["2"].output.save()
    np.testing.assert_allclose(seen.detach(), one.activations(1), atol=1e-5)
    np.testing.assert_allclose(last.detach(), one.activations(2), atol=1e-5)


@pytest.mark.slow
def test_a_library_of_autoencoders_takes_the_stream(one):
    """A TopK autoencoder of SAELens is trained on the stream for some steps, and its loss falls."""
    sae_lens = pytest.importorskip("sae_lens")
    torch = pytest.importorskip("torch")
    SAETrainerConfig = importlib.import_module("sae_lens.config").SAETrainerConfig
    SAETrainer = importlib.import_module("sae_lens.training.sae_trainer").SAETrainer
    stream = testbed.Stream(one, 1, 24, convert=torch.from_numpy)
    sae = sae_lens.TopKTrainingSAE(sae_lens.TopKTrainingSAEConfig(d_in=96, d_sae=40, k=8))
    acts = torch.from_numpy(np.array(one.activations(1)))
    loss = lambda: float((sae(acts) - acts).square().mean().detach())
    before = loss()
    fields = set(SAETrainerConfig.__dataclass_fields__)
    given = {
        "total_training_samples": 24 * 200,
        "train_batch_size_samples": 24,
        "device": "cpu",
        "lr": 1e-2,
        "n_checkpoints": 0,
        "checkpoint_path": None,
        "save_final_checkpoint": False,
        "autocast": False,
        "lr_end": 1e-3,
        "lr_scheduler_name": "constant",
        "lr_warm_up_steps": 0,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "lr_decay_steps": 0,
        "n_restart_cycles": 1,
        "dead_feature_window": 1000,
        "feature_sampling_window": 2000,
        "logger": sae_lens.LoggingConfig(log_to_wandb=False),
    }
    config = SAETrainerConfig(**{name: value for name, value in given.items() if name in fields})
    SAETrainer(config, sae, stream).fit()
    assert loss() < 0.5 * before


def test_the_picture_of_the_card(one):
    """Two panels, a line with points for each z and a dashed one; what is exact is left out."""
    figure = export_figure(one.config)
    for ax, naive in zip(figure.axes, ("naive", "naive_every"), strict=True):
        lines = [line for line in ax.lines if line.get_linestyle() == "--"]
        found = [np.asarray(line.get_ydata(), float)[-1] for line in lines]
        rows = [row for row in one.config.baseline if row["readout"] == "x" and row["layer"] == 3]
        assert found == [row[naive] for row in rows]
    first = np.asarray(figure.axes[0].lines[0].get_ydata(), float)
    assert np.isnan(first[0]) and not np.isnan(first[1:]).any()
