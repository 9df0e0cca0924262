"""Scores on networks as the test bed exports them, and both commands on one, end to end."""

import json
from typing import Any

import numpy as np
import pytest
from jaxsuper import cli, Configuration, recovery, testbed
from jaxsuper.recovery._components import dense_pairs, parts_of
from jaxsuper.recovery._kept import errors_with
from jaxsuper.recovery._truth import indicators, paths, spans
from jaxsuper.simulation import prepare


pytestmark = pytest.mark.slow
SIZES: dict[str, Any] = {
    "network_width": 96,
    "n_circuits": 14,
    "redundancy": 3,
    "n_active": 1,
    "n_layers": 3,
}
KINDS: dict[str, dict[str, Any]] = {
    "clipped": {},
    "cleaned": {"construction": "cleaned"},
    "oracle": {"construction": "oracle"},
    "private": {"construction": "private", "circuit": "rotation3", "network_width": 480},
    "plain": {"construction": "plain"},
    "carried": {"construction": "carried", "circuit": "rotation3"},
    "relay": {"edges": "relay"},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a function that gives the folder of a kind, exported once."""
    root = tmp_path_factory.mktemp("networks")

    def folder(kind):
        if not (root / kind).exists():
            settings = Configuration(**SIZES | KINDS[kind])
            network = prepare(settings)
            testbed.export(network, root / kind, n_active=1, n_samples=300, loads=())
        return root / kind

    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_is_read_as_it_is_stored(folders, kind):
    export = testbed.read_export(folders(kind))
    config = export.config
    for layer in range(config.n_relu):
        for row, found in enumerate(spans(export, layer)):
            wanted = export.directions(layer, row)
            if np.isfinite(wanted).all():
                np.testing.assert_allclose(found.toarray(), wanted, atol=1e-6)
        if layer:
            parts = parts_of(export, layer)
            u, v = dense_pairs(parts, config.n_neurons)
            np.testing.assert_allclose(u.T @ v, export.parts(layer).total(), atol=1e-5)
    # Estimates of circuits that are on, as they are stored, against the same network run again.
    truth, stored = export.samples["truth"], export.samples["estimates"]
    on = np.asarray(export.samples["active"]) < config.n_circuits
    for place, layer in enumerate(config.reported):
        wrong = ((stored[:, place] - truth[:, place]) ** 2)[on[:, place]].mean()
        assert errors_with(export, {})[layer].active == pytest.approx(wrong, rel=1e-3, abs=1e-6)
        assert indicators(export, layer).sum() == on[:, place].sum()


@pytest.mark.parametrize("kind", ["clipped", "private", "relay"])
def test_the_truth_is_the_upper_end_of_every_score(folders, kind):
    export = testbed.read_export(folders(kind))
    form = {}
    for layer in export.config.reported:
        form[f"directions.{layer}"] = np.ones((2, export.config.n_neurons))
        form[f"indicators.{layer}"] = np.ones((300, 2))
    for place, hops in ((0, 1), (0, 2), (1, 1)):
        form |= {f"edges.{place}.{hops}.{end}": np.arange(2) for end in ("sources", "targets")}
    answer = recovery.answer_of(form)
    scored = recovery.score(recovery.oracle_answer(answer, export), export)
    for metric in ("recall", "precision", "cosine", "auc", "r2"):
        assert scored.value(metric) == pytest.approx(1, abs=1e-4), metric
    for hops in (1, 2):
        if len(paths(export, 0, hops)):
            assert scored.value("edge_recall", hops=hops) == 1


def test_both_commands_find_and_score(folders, tmp_path, capsys):
    network, answer = str(folders("clipped")), str(tmp_path / "answer.safetensors")
    words = ["recover", network, "--method", "sae-l1", "--steps", "1000", "--out", answer]
    assert cli.main(words) == 0 and "directions.0 (14, 96)" in capsys.readouterr().out
    assert not (tmp_path / "answer.safetensors.states").exists()
    assert cli.main(["score", answer, "--export", network, "--out", str(tmp_path / "out")]) == 0
    rows = json.loads((tmp_path / "out" / "score.json").read_text())["rows"]
    found = {(row["metric"], row["layer"]): row for row in rows}
    near, chance = (found["cosine_span", 0][name] for name in ("value", "random"))
    assert near > chance + 0.2 and found["auc", 0]["value"] > 0.8
    # Probes are told, and are as good as can be in the first layer.
    words = ["recover", network, "--method", "probes", "--out", answer]
    assert cli.main(words) == 0
    scored = recovery.score(answer, testbed.read_export(network))
    assert scored.value("recall", 0) == 1 and scored.value("auc", 0) > 0.99
