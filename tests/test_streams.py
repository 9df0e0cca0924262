"""Standard output that shows ASCII only, that nobody reads any more, or that is closed."""

import io
import json
import sys

import pytest
from jaxsuper import cli
from jaxsuper.commands import verify
from jaxsuper.commands._streams import plain_streams


LINE = "allocate --block-width 50 --redundancy 4"


class Unread(io.TextIOWrapper):
    """A pipe whose reader has gone."""

    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8")

    def write(self, text):
        raise BrokenPipeError

    def flush(self):
        raise BrokenPipeError

    def __del__(self):
        pass


def test_ascii_is_enough(monkeypatch):
    """The work is not lost over a sign that cannot be shown."""
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, encoding="ascii"))
    with plain_streams():
        print("1 ± 2 │ ─ χ • ∘")
    assert kept.getvalue() == b"1 +- 2 | - chi * ?\n"
    assert cli.main(LINE.split()) == 0
    assert b"johnson_bound" in kept.getvalue()


def test_other_text_stays_as_it_is(monkeypatch):
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, encoding="utf-8"))
    with plain_streams():
        print("1 ± 2 │ ∘")
    assert kept.getvalue().decode() == "1 ± 2 │ ∘\n"


def test_a_closed_pipe_loses_no_file(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "stdout", Unread())
    assert cli.main([*LINE.split(), "--json", str(tmp_path / "x.json")]) == 0
    assert json.loads((tmp_path / "x.json").read_text())["capacity"] > 0
    assert capsys.readouterr().err == ""


def test_a_closed_output_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main([*LINE.split(), "--json", str(tmp_path / "x.json")]) == 0
    assert (tmp_path / "x.json").exists()
    assert capsys.readouterr().err == "jaxsuper: standard output is closed: nothing is printed\n"


def test_closed_errors_are_no_output(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["allocate", "--block-width", "many"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("where", ["parse", "run"])
def test_an_interrupt_is_one_line_wherever_it_comes(where, monkeypatch, capsys):
    from jaxsuper.commands import _line

    def interrupt(*_):
        raise KeyboardInterrupt

    owner, name = {"parse": (_line, "parse"), "run": (verify, "run")}[where]
    monkeypatch.setattr(owner, name, interrupt)
    assert cli.main(["verify", "--list"]) == 130
    assert capsys.readouterr().err == "jaxsuper: interrupted; nothing was written\n"
