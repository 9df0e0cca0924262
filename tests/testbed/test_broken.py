"""What is no whole export is refused in one line that names it, and an export is whole or not there."""

import json
from typing import Any

import numpy as np
import pytest
from jaxsuper import testbed
from jaxsuper.testbed import _export

from .runs import exported, settings


@pytest.fixture(scope="session")
def whole(one):
    return one.directory


def copy(whole, folder):
    folder.mkdir()
    for file in whole.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def cut(folder, name="model.safetensors"):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-100])


def lengthened(folder):
    with (folder / "samples.safetensors").open("ab") as file:
        file.write(b"12345")


def header(change):
    """Return what rewrites the header of the truth."""

    def edit(folder):
        path = folder / "truth.safetensors"
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        table = json.loads(content[8 : 8 + length])
        change(table)
        text = json.dumps(table).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])

    return edit


def config(**changes):
    def edit(folder):
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


BROKEN = {
    "truncated": (cut, "bytes or more are missing at the end"),
    "samples cut": (lambda f: cut(f, "samples.safetensors"), "missing at the end"),
    "longer": (lengthened, "5 bytes too many"),
    "empty": (lambda f: (f / "model.safetensors").write_bytes(b""), "damaged, or another kind"),
    "no header": (lambda f: (f / "truth.safetensors").write_bytes(b"\xff" * 99), "damaged, or"),
    "missing": (lambda f: (f / "truth.safetensors").unlink(), "must hold the file"),
    "unfinished": (lambda f: (f / "config.json").unlink(), "there is no config.json in it"),
    "foreign": (config(format="gpt2"), "it is something else"),
    "newer": (config(version=99), "must be of version 1, got 99"),
    "a setting less": (lambda f: (f / "config.json").write_text("{}"), "it is something else"),
    "of another type": (config(n_neurons="many"), "`config.json.n_neurons` must be an integer"),
    "a setting more": (config(colour="red"), "`config.json` must not have the key `colour`"),
    "of another size": (config(n_neurons=95), "must have layers.0.bias of shape (95,), got (96,)"),
    "wrong dtype": (
        header(lambda t: t["rows"].update(dtype="F64")),
        "the entry of 'rows' is wrong",
    ),
    "overlapping": (
        header(lambda t: t["rows"].update(data_offsets=[4, 52])),
        "the entry of 'rows' is wrong",
    ),
    "negative": (header(lambda t: t["rows"].update(shape=[-1])), "the entry of 'rows' is wrong"),
    "no json": (lambda f: (f / "config.json").write_text("{"), "must be JSON"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_refused(case, whole, tmp_path):
    folder = copy(whole, tmp_path / "copy")
    breaks, words = BROKEN[case]
    breaks(folder)
    with pytest.raises(ValueError) as caught:
        testbed.read_export(folder)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_changed_number_is_seen_if_asked(whole, tmp_path):
    folder = copy(whole, tmp_path / "copy")
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert testbed.read_export(folder).config.n_neurons == 96
    with pytest.raises(ValueError, match="must be as it was written, got .*model.safetensors"):
        testbed.read_export(folder, verify=True)


@pytest.mark.slow
def test_an_export_that_stops_leaves_no_finished_folder(whole, tmp_path, monkeypatch):
    """Over an earlier one: that is gone, and the next export makes it whole again."""
    folder = copy(whole, tmp_path / "copy")

    def stops(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_export, "stream", stops)
        with pytest.raises(KeyboardInterrupt):
            exported("clipped", folder)
    with pytest.raises(ValueError, match="must be a finished export"):
        testbed.read_export(folder)
    assert not list(folder.glob(".*partial*"))
    exported("clipped", folder)
    for name in ("model", "truth", "samples"):
        file = f"{name}.safetensors"
        assert (folder / file).read_bytes() == (whole / file).read_bytes()


def test_too_large_for_the_disk(tmp_path, monkeypatch):
    from jaxsuper import simulation

    network = simulation.prepare(settings("clipped"))
    free = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(_export.shutil, "disk_usage", lambda folder: free)
    with pytest.raises(
        ValueError, match="`n_samples` must leave room on the disk, where .*, got 5"
    ):
        testbed.export(network, tmp_path / "net", n_samples=5)
    assert not list((tmp_path / "net").iterdir())


def test_arguments_are_checked(tmp_path):
    from jaxsuper import simulation

    network = simulation.prepare(settings("clipped"))
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"n_active": 41}, "`n_active` must be at most the 40 circuits"),
        ({"n_samples": 0}, "`n_samples` must be at least 1"),
        ({"seed": -1}, "`seed` must lie in"),
        ({"loads": (0,)}, "`loads` must be at least 1"),
    )
    for wrong, words in cases:
        with pytest.raises(ValueError, match=words):
            testbed.export(network, tmp_path / "net", **wrong)
    assert not (tmp_path / "net").exists()
    with pytest.raises(ValueError, match="`edge` must be below 40, got 40"):
        testbed.components(network).parts[0].matrix(40)
    labels = testbed.components(network).labels(1)
    assert np.bincount(labels.ravel()).sum() == 96**2
