"""Files that are no patterns are refused in one line that says what is wrong, and where."""

import json
import re
from typing import Any, cast

import numpy as np
import pytest
from jaxsuper import cli
from safetensors.numpy import save_file


T = 40
GOOD = np.tril(np.ones((2, 2, 2, T, T)))
GOOD = (GOOD / GOOD.sum(-1, keepdims=True)).astype(np.float32)


def changed(place, value):
    made = GOOD.copy()
    made[place] = value
    return {"attention": made}


def late(size):
    made = GOOD.copy()
    made[0, 1, 1, 30, 35] += size
    made[0, 1, 1, 30, 0] -= size
    return {"attention": made}


def negative():
    made = GOOD.copy()
    made[1, 0, 1, 20, 3] -= 0.5
    made[1, 0, 1, 20, 4] += 0.5
    return {"attention": made}


NORMS = np.ones((2, 2, 2, T), np.float32)
# What is in the file, the words after it, and what has to be said.
# ruff: noqa: E501
TABLE = {
    "sums": (changed((1, 0, 1, 7, 2), 0.9), "", r"`attention` must have rows that sum to one.*got 1\.775 at "
             r"query 7 of sequence 1, layer 0, head 1; scores before the softmax"),
    "not causal": (late(0.02), "", r"must be causal, got 0.02 of query 30 on the later key 35 of sequence 0, "
                   "layer 1, head 1"),
    "NaN": (changed((0, 0, 0, 5, 1), np.nan), "", "must be finite, got NaN or infinity at query 5 of"),
    "infinite": (changed((0, 0, 0, 5, 1), np.inf), "", "must be finite"),
    "NaN later": (changed((0, 0, 0, 5, 9), np.nan), "", "must be finite, got NaN or infinity at query 5 of"),
    "negative": (negative(), "", r"must not be negative, got -0.452 of query 20 on key 3"),
    "not square": ({"attention": GOOD[..., :30]}, "", "must have as many keys as queries"),
    "three axes": ({"attention": GOOD[0, 0]}, "", "must have five axes"),
    "no layers": ({"attention": GOOD[:, :0]}, "", "must not be empty"),
    "layers differ": ({"attention.0": GOOD[:, 0], "attention.1": GOOD[:, 1, :1]}, "", "must have one shape"),
    "a layer missing": ({"attention.0": GOOD[:, 0], "attention.2": GOOD[:, 1]}, "", r"every layer once.*\[0, 2\]"),
    "other arrays": ({"weights": GOOD}, "", r"must hold `attention`, or `attention.0`"),
    "integers": ({"attention": np.ones((1, 1, 2, T, T), int)}, "", "must hold real numbers"),
    "tokens": ({"attention": GOOD, "tokens": np.ones((2, 3), int)}, "", r"`tokens` must have the shape \(2, 40\)"),
    "norms": ({"attention": GOOD, "value_norms": NORMS[:, :, :1]}, "", "`value_norms` must have the shape"),
    "negative norms": ({"attention": GOOD, "value_norms": -NORMS}, "", "must be finite and not negative"),
    "lengths": ({"attention": GOOD, "lengths": np.array([2, 50])}, "", r"`lengths` must lie in 2..40"),
    "no norms": ({"attention": GOOD}, "--value-norms", "`value_norms` must be given to weight by them"),
    "no tokens": ({"attention": GOOD}, "--delimiters 3", "`tokens` must be given to leave delimiters out"),
    "context": ({"attention": GOOD}, "--least-context 40", "`least_context` must be below 40"),
    "no context": ({"attention": GOOD}, "--least-context 0", "`least_context` must be at least 1"),
    "threshold": ({"attention": GOOD}, "--sink-threshold 0", "`sink_threshold` must lie above 0"),
    "contradiction": ({"attention": GOOD}, "--leave-out nothing sinks", "`leave_out` must be nothing alone"),
    "choice": ({"attention": GOOD}, "--leave-out sink", "did you mean 'sinks'"),
}  # fmt: skip


def refused(capsys, *words):
    status = cli.main(["attention", *map(str, words)])
    printed = capsys.readouterr()
    assert status == 2 and printed.out == ""
    assert printed.err.startswith("jaxsuper: ") and printed.err.count("\n") == 1
    return printed.err


@pytest.mark.parametrize("name", TABLE)
def test_bad_content(name, tmp_path, capsys):
    arrays, words, said = TABLE[name]
    # What is said does not depend on the kind of file, as the reading of both is tested.
    kind = ("npz", "safetensors")[list(TABLE).index(name) % 2]
    path = tmp_path / f"bad.{kind}"
    if kind == "npz":
        np.savez(path, **cast(Any, arrays))
    else:
        save_file({each: np.ascontiguousarray(array) for each, array in arrays.items()}, path)
    assert re.search(said, refused(capsys, path, *words.split()))


WRECKS = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "a byte short": lambda content: content[:-1],
    "text": lambda content: b"attention is all you need\n" * 9,
    "noise": lambda content: np.random.default_rng(0).bytes(5000),
    "header": lambda content: content[:20],
}


@pytest.mark.parametrize("kind", ["npz", "packed.npz", "safetensors"])
@pytest.mark.parametrize("name", WRECKS)
def test_wrecks(name, kind, tmp_path, capsys):
    path = tmp_path / f"bad.{kind}"
    if kind == "safetensors":
        save_file({"attention": GOOD}, path)
    else:
        (np.savez_compressed if "packed" in kind else np.savez)(path, attention=GOOD)
    path.write_bytes(WRECKS[name](path.read_bytes()))
    assert re.search(
        r"`file` must be .*(\.npz|safetensors)|`file` must be whole", refused(capsys, path)
    )


def test_damage_inside_a_compressed_member(tmp_path, capsys):
    path = tmp_path / "bad.npz"
    np.savez_compressed(path, attention=GOOD + 0)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)
    # The checksum comes last: numbers that are none may be noticed before.
    assert re.search("`file` must be whole|`attention` must", refused(capsys, path))


def test_other_files(tmp_path, capsys):
    assert "must be an existing" in refused(capsys, tmp_path / "none.npz")
    assert "must be an existing" in refused(capsys, tmp_path)
    (tmp_path / "x.pt").write_bytes(b"x")
    assert "must end in .npz or .safetensors" in refused(capsys, tmp_path / "x.pt")
    np.savez(tmp_path / "f.npz", attention=np.asfortranarray(GOOD))
    assert "must hold arrays in C order" in refused(capsys, tmp_path / "f.npz")
    header = json.dumps({"attention": {"dtype": "F32", "shape": [9], "data_offsets": [0, 8]}})
    text = len(header).to_bytes(8, "little") + header.encode() + bytes(8)
    (tmp_path / "x.safetensors").write_bytes(text)
    assert "as many bytes as shapes say" in refused(capsys, tmp_path / "x.safetensors")
