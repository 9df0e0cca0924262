"""Checkpoints: what is not whole, not typed or not of this run is refused in one line."""

import json
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest
from jaxsuper import cli
from jaxsuper.training._checkpoint import load_checkpoint, save_checkpoint, sealed
from jaxsuper.training._held_out import HeldOut


STATE = {"weights": jnp.arange(6.0).reshape(2, 3), "count": jnp.asarray(4, jnp.int32)}
CURVE = [
    {"step": 0, "names": ["loss"], "mean": [0.1 + 0.2], "stderr": [math.nan]},
    {"step": 4, "names": ["loss"], "mean": [math.inf], "stderr": [1e-300]},
]
FORMAT = b"jaxsuper checkpoint 1\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "state.eqx"
    save_checkpoint(path, "mine", 4, CURVE, STATE)
    return path


def load(path, steps=6):
    return load_checkpoint(path, "mine", STATE, steps)


def test_what_is_written_is_read_bit_for_bit(file, tmp_path):
    found = load(file)
    assert found is not None
    step, curve, state = found
    assert step == 4 and str(curve) == str(CURVE)
    for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(STATE), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    assert np.isnan(HeldOut.from_plain(curve[0]).stderr[0])
    assert load(tmp_path / "none.eqx") is None
    # NaN that the run itself came to is a state like another.
    diverged = eqx.tree_at(lambda s: s["weights"], STATE, jnp.full((2, 3), jnp.nan))
    save_checkpoint(file, "mine", 4, CURVE, diverged)
    found = load(file)
    assert found is not None and np.isnan(found[2]["weights"]).all()


def test_no_byte_may_differ(file):
    content = file.read_bytes()
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(ValueError, match="`checkpoint` must be (undamaged|a checkpoint)"):
            load(file)
    for other in (content[:-1], content + b"\0", content[:30], content + content, b""):
        file.write_bytes(other)
        with pytest.raises(ValueError, match="`checkpoint` must be (undamaged|a checkpoint)"):
            load(file)


def record(file):
    return msgspec.msgpack.decode(file.read_bytes()[len(FORMAT) + 32 :])


def deep(levels=100_000):
    return b"\x91" * levels + b"\xc0"


def point(**changes):
    return CURVE[:1] + [CURVE[1] | changes]


# Records with the right checksum, as a program with a fault would write them.
FORGED = [
    ("step-string", {"step": "4"}, "`checkpoint.step` must be an integer, got a string"),
    ("step-null", {"step": None}, "`checkpoint.step` must be an integer, got None"),
    ("step-float", {"step": 4.5}, "`checkpoint.step` must be an integer, got a number"),
    ("step-bool", {"step": True}, "`checkpoint.step` must be an integer, got a boolean"),
    ("step-negative", {"step": -1}, "`checkpoint.step` must"),
    ("step-huge", {"step": 2**62}, "`checkpoint.step` must lie in 0..6"),
    ("step-beyond", {"step": 7}, "`checkpoint.step` must lie in 0..6, got 7"),
    ("curve-int", {"curve": 3}, "`checkpoint.curve` must be a list, got an integer"),
    ("curve-listint", {"curve": [1]}, "`checkpoint.curve[0]` must be a table, got an integer"),
    ("curve-empty", {"curve": []}, "`checkpoint.curve` must"),
    ("curve-cut", {"curve": CURVE[:1]}, "must rise from 0 to the step 4"),
    ("curve-falls", {"curve": [CURVE[1], CURVE[0]]}, "must rise from 0 to the step 4"),
    ("curve-mean", {"curve": point(mean=["x"])}, "`checkpoint.curve[1].mean[0]` must be a number"),
    ("curve-lengths", {"curve": point(mean=[1.0, 2.0])}, "a value and an error for each name"),
    ("curve-names", {"curve": point(names=3)}, "`checkpoint.curve[1].names` must be a list"),
    ("unknown-key", {"more": 1}, "`more`"),
    ("identity-int", {"identity": 1}, "`checkpoint.identity` must be a string"),
    ("identity-other", {"identity": "yours"}, "must be of a run with the same start"),
    ("state-text", {"state": "x"}, "`checkpoint.state` must be bytes"),
    ("state-empty", {"state": b""}, "must hold a whole state"),
    ("state-garbage", {"state": b"\x93NUMPY\x01" + bytes(90)}, "must hold a whole state"),
]


@pytest.mark.parametrize("change, message", [f[1:] for f in FORGED], ids=[f[0] for f in FORGED])
def test_records_are_typed(change, message, file):
    file.write_bytes(sealed(msgspec.msgpack.encode(record(file) | change)))
    with pytest.raises(ValueError) as caught:
        load(file)
    assert message in str(caught.value) and "remove the file" in str(caught.value)
    assert str(caught.value).count("\n") == 0 and str(file) in str(caught.value)


def test_records_of_another_shape(file):
    for content, message in [
        (deep(), "must be a table, got a list"),
        (b"\x01", "must be a table, got an integer"),
        (b"\xc1", "must be MessagePack"),
        (msgspec.msgpack.encode({"step": 4}), "`identity`"),
        (msgspec.msgpack.encode(record(file)) + b"\0", "must be MessagePack"),
    ]:
        file.write_bytes(sealed(content))
        with pytest.raises(ValueError) as caught:
            load(file)
        assert message in str(caught.value) and "\n" not in str(caught.value)


def test_states_with_more_behind(file):
    changed = record(file) | {"state": record(file)["state"] + b"\0"}
    file.write_bytes(sealed(msgspec.msgpack.encode(changed)))
    with pytest.raises(ValueError, match="must hold a state and no more"):
        load(file)


OLD = {"identity": "x", "step": 2, "curve": []}
FILES = [
    json.dumps(OLD).encode() + b"\n" + bytes(50),
    b"[" * 100_000,
    b'{"step": ' + b"[" * 100_000 + b"\n",
    bytes(100),
    FORMAT,
    b"",
]


@pytest.mark.parametrize("content", FILES, ids=["old", "deep", "deep-in", "zeros", "head", "empty"])
def test_the_command_refuses_in_one_line(content, tmp_path, capsys):
    file = tmp_path / "checkpoint.eqx"
    file.write_bytes(content)
    line = "tune --network-width 80 --n-circuits 40 --redundancy 3 --n-layers 2 --steps 6"
    more = "--batch-size 16 --evaluate-every 2 --held-out 32 --out"
    assert cli.main([*line.split(), *more.split(), str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "`checkpoint` must be" in error and "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_bytes() == content
