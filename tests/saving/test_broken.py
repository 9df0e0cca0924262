"""Broken files, and the one line that each of them gives."""

import hashlib
import json
import pickle

import numpy as np
import pytest
from jaxsuper import circuits, load, save
from safetensors.numpy import save as safetensors

from .examples import KEY


THING = circuits.Rotation.random(3, key=KEY)
ZEROS = "0" * 64


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The bytes of a good file."""
    file = tmp_path_factory.mktemp("good") / "file"
    save(file, THING, note="n" * 20)
    return file.read_bytes()


def resealed(change, leaves=None):
    """Return a function that changes the header of a good file and gives it a checksum again."""

    def broken(content):
        size = int.from_bytes(content[:8], "little")
        table = json.loads(content[8 : 8 + size])
        header = json.loads(table["__metadata__"]["jaxsuper"])
        change(header)
        header["sha256"] = ZEROS
        text = json.dumps(header, separators=(",", ":"))
        own = {} if leaves is None else leaves
        arrays = {name: np.zeros(3, np.float32) for name in table if name != "__metadata__"}
        blob = safetensors({**arrays, **own}, {"jaxsuper": text})
        digest = hashlib.sha256(blob).hexdigest().encode()
        return blob.replace(ZEROS.encode(), digest, 1)

    return broken


def put(*path):
    """Return a change that puts the last of these where the others lead."""
    *way, name, value = path

    def change(header):
        for step in way:
            header = header[step]
        header[name] = value

    return change


def without(name):
    return lambda header: header["thing"]["fields"].pop(name)


def swapped(old, new):
    return lambda content: content.replace(old, new, 1)


def flipped(at):
    """Return a function that changes one bit."""

    def broken(content):
        changed = bytearray(content)
        changed[at] ^= 1
        return bytes(changed)

    return broken


FOREIGN = "must be saved by `jaxsuper.save`, got .*it is another kind of file"
TABLE = {
    "empty": (lambda c: b"", "must not be empty"),
    "text": (lambda c: b"circuits = 3\n" * 9, FOREIGN),
    "pickle": (lambda c: pickle.dumps(np.arange(9)), FOREIGN),
    "picture": (lambda c: b"\x89PNG\r\n\x1a\n" + bytes(90), FOREIGN),
    "zeros": (lambda c: bytes(len(c)), FOREIGN),
    "checkpoint": (lambda c: b"jaxsuper checkpoint 1\n" + c[:99], FOREIGN),
    "other safetensors": (lambda c: safetensors({"w": np.ones(3)}), FOREIGN),
    "others' metadata": (lambda c: safetensors({"w": np.ones(3)}, {"format": "pt"}), FOREIGN),
    "no JSON inside": (
        lambda c: safetensors({}, {"jaxsuper": "{"}),
        "must be saved by .*`header` must be JSON",
    ),
    "no header inside": (
        lambda c: safetensors({}, {"jaxsuper": "[]"}),
        "must be saved by .*`header` must be a table",
    ),
    "a few bytes": (lambda c: c[:5], FOREIGN),
    "half a header": (lambda c: c[:300], "must be whole, got .*bytes are missing at the end"),
    "half the leaves": (lambda c: c[:-4], "must be whole, got .*; 4 bytes are missing at the end"),
    "more bytes": (lambda c: c + b"x", "must end where its header says, got .*; 1 bytes too many"),
    "a bit of a leaf": (flipped(-1), "which its checksum denies.*damaged, or was edited"),
    "an edited note": (swapped(b"n" * 20, b"m" * 20), "which its checksum denies"),
    "an edited checksum": (
        lambda c: c.replace(c[c.index(b"sha256") + 11 :][:4], b"0000", 1),
        "which its checksum denies",
    ),
    "a torn header": (swapped(b'{"__meta', b'{"__me"a'), "must have a header that can be read"),
    "another format": (swapped(b'"format\\":1', b'"format\\":2'), "format 1, got 2 in .*; update"),
    "an older format": (
        swapped(b'"format\\":1', b'"format\\":0'),
        "got 0 in .*of an older version",
    ),
    "a format in words": (
        swapped(b'"format\\":1', b'"format\\":[]'[:12]),
        "must have a header that can be read|must be saved by",
    ),
    "more in the header": (resealed(put("more", 1)), "must not have the key `more`"),
    "an unknown class": (
        resealed(put("thing", "class", "os.system")),
        "`class` must be known here, got 'os.system'; register it first",
    ),
    "other fields": (
        resealed(without("gate_bias")),
        "`fields` of circuits.rotation must be those of this version.*others: gate_bias",
    ),
    "a missing leaf": (
        resealed(put("thing", "fields", "angles", "leaf", "nowhere")),
        "`leaf` must be in the file, got 'nowhere'",
    ),
    "a leaf too many": (
        resealed(lambda header: None, {"more": np.ones(2)}),
        "`leaf` must be described by the header, got 'more'",
    ),
    "wide leaves": (
        resealed(lambda header: None, {"thing.angles": np.ones(3)}),
        "`leaf` must be of at most 32 bits in this process, got float64; set JAX_ENABLE_X64",
    ),
    "leaves of nobody": (
        resealed(put("thing", "fields", "angles", "of", "torch")),
        "must be of jax, numpy, scalar or key, got 'torch'",
    ),
    "no generator": (
        resealed(put("thing", "fields", "angles", "of", "key")),
        "`leaf` must be a key of its generator, got None",
    ),
    "words of no format": (
        resealed(put("thing", {"eval": "1"})),
        "`thing` must be described as this format has it, got dict",
    ),
    "very deep": (
        resealed(put("thing", json.loads("[" * 200 + "]" * 200))),
        "`thing` must have at most 100 levels",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_broken_files(name, content, tmp_path):
    """Each is refused by one line that names the file."""
    broken, words = TABLE[name]
    file = tmp_path / "broken"
    file.write_bytes(broken(content))
    with pytest.raises(ValueError, match=words) as caught:
        load(file)
    told = str(caught.value)
    assert str(file) in told and "\n" not in told and len(told) < 500


def test_good(content, tmp_path):
    """What is resealed without a change is a good file again: the table breaks one thing each."""
    file = tmp_path / "file"
    for good in (content, resealed(lambda header: None)(content)):
        file.write_bytes(good)
        assert type(load(file)) is circuits.Rotation


def test_every_byte_counts(content, tmp_path):
    """A bit of any byte that is changed is noticed, wherever it is."""
    file = tmp_path / "file"
    for at in range(0, len(content), 7):
        file.write_bytes(flipped(at)(content))
        with pytest.raises(ValueError, match="file"):
            load(file)


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="`path` must be a file, got .*nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="`path` must be a file"):
        load(tmp_path)
    with pytest.raises(ValueError, match="`path` must lie in an existing folder"):
        save(tmp_path / "no" / "file", THING)
