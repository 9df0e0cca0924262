"""Answers as files: written and read, wrong ones refused in one line, and the command around them."""

import json

import numpy as np
import pytest
from jaxsuper import cli, recovery, testbed
from safetensors.numpy import save

from .planted import planted


GOOD = {
    "directions.0": np.ones((3, 52), np.float32),
    "directions.1": np.ones((3, 52), np.float16),
    "components.1.u": np.ones((2, 52), np.float32),
    "components.1.v": np.ones((2, 52), np.float64),
    "edges.0.1.sources": np.array([0, 2], np.int32),
    "edges.0.1.targets": np.array([0, 2], np.int64),
}
TABLE = np.ones((3, 52), np.float32)
# What is changed of a good answer -> what its line has to say; None: the array is taken out.
WRONG = {
    "name": ({"direction.0": TABLE}, "must hold only directions.K"),
    "layer of no number": ({"directions.x": TABLE}, "must hold only"),
    "layer": ({"directions.7": TABLE}, "directions.7` must be of a reported layer, 0, 1, 2, got 7"),
    "first weights": (
        {"components.0.u": TABLE, "components.0.v": TABLE},
        "must be of a layer with weights, 1..2, got 0",
    ),
    "width": ({"directions.0": TABLE[:, 1:]}, "must have 52 columns, the neurons of a layer"),
    "axes": ({"directions.0": TABLE[0]}, "must have 2 axes, got (52,)"),
    "integers": (
        {"directions.0": TABLE.astype(int)},
        "must hold floating point numbers, got int64",
    ),
    "numbers": ({"edges.0.1.sources": np.ones(2)}, "must hold integers, got float64"),
    "nan": ({"directions.0": TABLE * np.nan}, "must be finite, got NaN"),
    "double": ({"components.1.v": np.full((2, 52), 1e300)}, "must be finite in single precision"),
    "empty": ({"directions.0": TABLE[:0]}, "must not be empty"),
    "samples": ({"indicators.0": TABLE}, "must have 60 rows, the export's samples, got (3, 52)"),
    "half a component": ({"components.1.v": None}, "must have u and v, got no v"),
    "uneven components": ({"components.1.v": TABLE}, "must have equally many of all"),
    "pair": (
        {"components.1.pair": np.array([0, 16])},
        "must lie in -1..15, the pairs of the truth, got 16",
    ),
    "owner": ({"components.1.owner": np.array([0, -1])}, "must lie in 0..2147483647"),
    "edges both ways": ({"edges.0.1.reads": TABLE}, "must have either indices or directions"),
    "edge of a unit that is not there": (
        {"edges.0.1.targets": np.array([0, 3])},
        "must lie in 0..2, the directions.1, got 3",
    ),
    "edge of no units": ({"directions.1": None}, "must point at directions, got no directions.1"),
    "edge too far": (
        {"edges.0.3.reads": TABLE, "edges.0.3.writes": TABLE},
        "must lie within the 3 reported layers",
    ),
    "no hop": (
        {"edges.0.0.reads": TABLE, "edges.0.0.writes": TABLE},
        "must go over at least 1 hop",
    ),
    "nothing": (dict.fromkeys(GOOD), "must hold an array"),
}


@pytest.fixture
def scored(monkeypatch, tmp_path, capsys):
    """Return a function that runs the command on a file and returns status and what was printed."""
    export = planted()
    monkeypatch.setattr(testbed, "read_export", lambda folder: export)

    def run(content: bytes, *more):
        file = tmp_path / "answer.safetensors"
        file.write_bytes(content)
        status = cli.main(["score", str(file), "--export", "network", *map(str, more)])
        return status, capsys.readouterr()

    return run


@pytest.mark.parametrize("case", WRONG)
def test_wrong_answers_are_refused_in_one_line(scored, case, tmp_path):
    changed, message = WRONG[case]
    arrays = {name: array for name, array in (GOOD | changed).items() if array is not None}
    status, printed = scored(save(arrays), "--out", tmp_path / "out")
    assert status == 2 and printed.out == "" and not (tmp_path / "out").exists()
    assert printed.err.count("\n") == 1 and message in printed.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must not be empty"),
        (b"no safetensors at all", "must be a safetensors file"),
        (save(GOOD)[:-9], "must be a safetensors file"),
        (b"\xff" * 40, "must be a safetensors file"),
    ],
    ids=["empty", "text", "torn", "bytes"],
)
def test_files_that_are_none_are_refused_in_one_line(scored, content, message):
    status, printed = scored(content)
    assert status == 2 and printed.err.count("\n") == 1 and message in printed.err


def test_networks_and_answers_have_to_be_as_many(scored):
    status, printed = scored(save(GOOD), "other")
    assert status == 2 and "must name a network for each answer, got 1 answers, 2" in printed.err


def test_the_command_writes_what_it_prints(scored, tmp_path):
    status, printed = scored(save(GOOD), "--out", tmp_path / "out", "--json", tmp_path / "one.json")
    assert status == 0 and "edge_recall" in printed.out
    written = json.loads((tmp_path / "out" / "score.json").read_text())
    assert written == json.loads((tmp_path / "one.json").read_text())
    rows = {(row["metric"], row["layer"]): row for row in written["rows"]}
    assert rows["recall", None]["oracle"] == 1 and rows["recall", None]["stderr"] is None
    page = (tmp_path / "out" / "score.html").read_text()
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    for metric in {row["metric"] for row in written["rows"]}:
        assert f">{metric}" in page


def test_answers_are_read_as_they_were_written(tmp_path):
    answer = recovery.answer_of(GOOD, "method")
    recovery.write_answer(answer, tmp_path / "answer.safetensors")
    again = recovery.read_answer(tmp_path / "answer.safetensors")
    assert set(again.arrays) == set(GOOD)
    for name, values in answer.arrays.items():
        np.testing.assert_array_equal(again[name], values)
        assert again[name].dtype == values.dtype
    assert again.layers("directions") == [0, 1] and again.edges() == [(0, 1)]
