"""The commands `design` and `scaling capacity` as a person meets them."""

import json
import signal
from functools import wraps

import pytest
from jaxsuper import cli
from jaxsuper.design import _search, DesignError, measure_design


def run(line, *more):
    return cli.main([*line.split(), *map(str, more)])


DESIGN = "design --network-width 240 --n-circuits 100 --n-active 1 --n-layers 2 --quick"
SCALING = "scaling capacity --network-width 120 --n-active 1 --n-layers 2 --error-target 0.03"


# Networks of the smallest designs fit 30 MiB, those of the largest do not.
LARGE = "design --network-width 4000 --n-circuits 5000 --n-active 1 --n-layers 2"
MANY = (
    "scaling capacity --network-width 4000 --n-active 1 --n-layers 2 --error-target 0.1 "
    "--design private"
)


def test_design_writes_what_it_says(tmp_path, capsys):
    out, plot = tmp_path / "out.json", tmp_path / "plot.png"
    more = ("--only", "private", "--error-target", 0.1, "--json", out, "--plot", plot)
    assert run(DESIGN, *more) == 0
    printed = capsys.readouterr().out
    assert "known set" in " ".join(printed.split()) and "1: jaxsuper simulate" in printed
    result = json.loads(out.read_text())
    assert set(result) == {
        "config",
        "environment",
        "timing",
        "rows",
        "confirmed",
        "absent",
        "interrupted",
    }
    (row,) = result["rows"]
    assert row["kind"] == "private" and row["meets_target"] == "yes" and row["seizes"] is False
    assert row["predicted"] == 0 and row["value"] < 1e-9 and not result["interrupted"]
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("sent, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_was_measured(sent, status, tmp_path, capsys, monkeypatch):
    """The signal comes while the second design is measured, which is finished."""
    out, plot, measured = tmp_path / "out.json", tmp_path / "plot.svg", []

    @wraps(measure_design)
    def measure_until_signalled(design, *settings, **options) -> DesignError:
        measured.append(design)
        if len(measured) == 2:
            signal.raise_signal(sent)
        return measure_design(design, *settings, **options)

    monkeypatch.setattr(_search, "measure_design", measure_until_signalled)
    more = ("--only", "private", "block", "--json", out, "--plot", plot)
    assert run(DESIGN, *more) == status and len(measured) == 2
    assert "jaxsuper: interrupted" in capsys.readouterr().err
    result = json.loads(out.read_text())
    assert result["interrupted"] and result["confirmed"] is None
    assert len(result["rows"]) == 2
    assert all(row["value"] is None and row["search_value"] >= 0 for row in result["rows"])
    assert plot.read_text().startswith("<?xml")
    # The same command measures only what is left, and ends as one that was left alone.
    assert run(DESIGN, *more) == 0 and len(measured) == len({*measured}) + 2
    ended, whole = json.loads(out.read_text()), tmp_path / "whole.json"
    assert run(DESIGN, *more[:-3], whole) == 0
    left_alone = json.loads(whole.read_text())
    for content in (ended, left_alone):
        del content["timing"]
    assert ended == left_alone and not out.with_name("out.json.journal").exists()


def test_a_second_interrupt_stops_at_once(tmp_path, capsys, monkeypatch):
    def interrupt(*settings, **options) -> DesignError:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("not interrupted")

    monkeypatch.setattr(_search, "measure_design", interrupt)
    assert run(DESIGN, "--only", "private", "--json", tmp_path / "out.json") == 130
    assert "the same command resumes" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["out.json.journal"]


def test_capacity_is_limited_by_the_allocation(tmp_path, capsys):
    """Private links with one active circuit make no error: the sets run out, not the noise."""
    out, plot = tmp_path / "out.json", tmp_path / "plot.svg"
    more = ("--design", "private", "--samples", 64, "--json", out, "--plot", plot)
    assert run(SCALING, *more, "--max-circuits", 60) == 0
    assert "limited by" in capsys.readouterr().out
    (private,) = json.loads(out.read_text())["rows"]
    assert private["low"] == 60 and private["limited_by"] == "max-circuits"
    assert private["points"][0]["command"].startswith("jaxsuper simulate")
    assert plot.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    "line, word",
    [
        ("--memory-limit 930MiB " + LARGE, "`network_width` must be at most"),
        ("--memory-limit 930MiB " + MANY, "`max_circuits` must be at most"),
        (DESIGN + " --only nonsense", "`only`"),
        (DESIGN + " --seed -1", "`seed`"),
        (DESIGN + " --error-target 0", "`error_target`"),
        (DESIGN + " --error-target inf", "`error_target`"),
        (DESIGN + " --json /dev/null/x.json", "`json`"),
        (DESIGN + " --plot x.nope", "`plot`"),
        (DESIGN.replace("--n-active 1", "--n-active 100"), "`n_active`"),
        (DESIGN.replace("100", "1000000"), "`n_circuits`"),
        (DESIGN.replace("--n-layers 2", "--n-layers 0"), "`n_layers`"),
        (DESIGN.replace("240", "3"), "`network_width`"),
        (DESIGN.replace("240", "1000000000000"), "`network_width`"),
        (DESIGN.replace("--n-layers 2", "--n-layers 1000000000"), "`n_layers`"),
        ("design --network-width 100", "n-circuits"),
        (SCALING.replace("capacity", "nonsense"), "`scaling` must be one of capacity, critical"),
        (SCALING + " --design nonsense", "`design`"),
        (SCALING + " --confidence 1", "`confidence`"),
        (SCALING + " --max-circuits 1", "`max_circuits`"),
        (SCALING + " --samples 0", "`samples`"),
        (SCALING.replace("0.03", "nan"), "`error_target`"),
        (SCALING.replace("0.03", "-1"), "`error_target`"),
        (SCALING.replace("120", "8") + " --design published", "`design`"),
    ],
)
def test_bad_input_is_one_line(line, word, capsys):
    assert run(line) == 2
    printed = capsys.readouterr()
    assert word in printed.err and printed.err.count("\n") == 1 and printed.out == ""
