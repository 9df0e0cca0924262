"""`jaxsuper tune` as a person meets it: tables, files, resumption, one-line errors."""

import json
import signal

import numpy as np
import pytest
from jaxsuper import cli
from jaxsuper.training import _fine_tune


SMALL = (
    "tune --network-width 80 --n-circuits 40 --redundancy 3 --n-layers 2 --steps 6 --batch-size 16 "
    "--evaluate-every 2 --held-out 32"
)


def run(*more):
    return cli.main([*SMALL.split(), *map(str, more)])


def test_tune_writes_what_it_says(tmp_path, capsys):
    out = tmp_path / "new" / "run"
    assert run("--out", out) == 0
    printed = capsys.readouterr().out
    assert "mse_x_active" in printed and "circuits, cosine with w_t" in printed
    assert "the structure" in printed
    names = ["checkpoint.eqx", "tuning.json", "tuning.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    result = json.loads((out / "tuning.json").read_text())
    assert [one["step"] for one in result["curve"]] == [0, 2, 4, 6]
    assert result["built"] == result["start"] != result["test"]
    assert result["config"]["loss"] == "mse" and result["config"]["start"] == "built"
    assert result["parameters"]["weights"] == 80**2
    assert {"jax", "device"} <= set(result["environment"])
    assert result["structure"]["circuits_score"] > 0.9
    assert (out / "tuning.png").read_bytes().startswith(b"\x89PNG")
    # The same command finds everything done, and writes the same.
    assert run("--out", out) == 0
    assert json.loads((out / "tuning.json").read_text()) == result
    # Another one may not go on from there.
    assert run("--out", out, "--seed", 1) == 2
    assert "`checkpoint` must be of a run with the same start" in capsys.readouterr().err


@pytest.mark.slow
def test_a_random_start_has_no_structure(tmp_path, capsys):
    assert run("--start", "he", "--loss", "l4", "--out", tmp_path) == 0
    result = json.loads((tmp_path / "tuning.json").read_text())
    assert abs(result["structure"]["circuits_score"]) < 0.5
    assert result["verdict"]["structure"] == "leaves" and result["start"] != result["built"]


BAD = [
    ("--loss mae", "`loss` must be one of mse, l3, l4"),
    ("--start bilt", "`start` must be one of built, random, he, got 'bilt'; did you mean 'built'?"),
    ("--steps -1", "`steps` must be at least 0"),
    ("--learning-rate nan", "`learning_rate` must be positive and finite"),
    ("--evaluate-every 0", "`evaluate_every` must be at least 1"),
    ("--network-width 81", "`network_width` must be divisible by the circuit width 4"),
    ("--construction oracle", "`construction` must be one of clipped"),
    ("--n-active 41", "`n_active` must lie in 1..40"),
    ("--n-layers 1", "`n_layers` must be at least 2"),
    ("--trained weight", "did you mean 'weights'"),
    ("--read first", "`read` must be one of last, all"),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[line for line, _ in BAD])
def test_bad_input_is_one_line(arguments, message, tmp_path, capsys):
    out = tmp_path / "run"
    assert run(*arguments.split(), "--out", out) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not out.exists()


def test_a_diverged_run_says_so(tmp_path, capsys):
    assert run("--learning-rate", 1e30, "--out", tmp_path) == 0
    assert "training diverged" in capsys.readouterr().out
    result = json.loads((tmp_path / "tuning.json").read_text())
    assert result["verdict"] is None and result["test"]["loss"]["value"] is None
    assert np.isfinite(result["built"]["loss"]["value"])


@pytest.mark.parametrize("sent, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_the_stretch_in_flight(sent, status, tmp_path, capsys, monkeypatch):
    """It comes while steps 3 and 4 are taken; the resumed run ends as one that was left alone."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run("--out", whole) == 0
    advance, calls = _fine_tune._advance, []

    def signalled(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            signal.raise_signal(sent)
        return advance(*arguments)

    monkeypatch.setattr(_fine_tune, "_advance", signalled)
    assert run("--out", cut) == status and len(calls) == 2
    assert "4 of 6 steps are done; the same command resumes" in capsys.readouterr().err
    assert [path.name for path in cut.iterdir()] == ["checkpoint.eqx"]
    assert run("--out", cut) == 0 and len(calls) == 3
    ended = [json.loads((path / "tuning.json").read_text()) for path in (whole, cut)]
    assert ended[0] == ended[1]
    # Without a folder there is nothing to keep, and no reason to wait.
    calls.clear()
    calls.append(())
    assert run() == status and "nothing was written" in capsys.readouterr().err


def test_an_interrupted_run_resumes(tmp_path, capsys, monkeypatch):

    save = _fine_tune.save_checkpoint

    def once(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(_fine_tune, "save_checkpoint", once)
    assert run("--out", tmp_path) == 130
    assert "the same command resumes" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.eqx"]
    monkeypatch.undo()
    assert run("--out", tmp_path) == 0
    result = json.loads((tmp_path / "tuning.json").read_text())
    assert [one["step"] for one in result["curve"]] == [0, 2, 4, 6]
