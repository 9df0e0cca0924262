"""The suite: frozen, from the theory's T_c, and the same whenever it is built."""

from dataclasses import replace

import numpy as np
import pytest
from jaxsuper import cli, simulation, testbed
from jaxsuper.testbed import _suite


def test_the_suite_holds_what_it_says():
    """Sizes, designs, loads, distances and kinds; T of every network is what its distance says."""
    entries = testbed.suite()
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names)
    count = lambda word: len([name for name in names if name.startswith(word)])
    assert [count(word) for word in ("small", "middle", "large")] == [45, 45, 15]
    assert [count(word) for word in ("program", "trained", "request")] == [20, 10, 2]
    for entry in entries:
        one = entry.configuration()
        if entry.critical is None or entry.distance is None:
            continue
        aimed = entry.distance * entry.critical
        # Rounded, or as many as the sets hold, or as few as z needs.
        assert abs(one.n_circuits - aimed) <= 1 or one.n_circuits in (
            _suite.capacity_of(one),
            2 * one.n_active + 2,
        )


@pytest.mark.slow
def test_some_of_the_frozen_sizes_are_still_what_theory_says():
    """Version 1 came from this theory: one small network here, all of them in a slow test."""
    frozen = {entry.name: entry for entry in testbed.suite()}
    name = "small-tuned-z1-d130"
    assert _suite._entry(name, "small", 1, 1.3, "tuned") == frozen[name]
    assert (
        frozen["small-private-z1-d130"].settings["n_circuits"]
        == (frozen["small-tuned-z1-d130"].settings["n_circuits"])
    )


@pytest.mark.slow
def test_all_of_the_frozen_sizes_are_what_theory_says():
    """Where this fails because theory improved, it is time for version 2."""
    assert tuple(_suite.derive()) == testbed.suite()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["small-tuned-z2-d100", "program-small-z1-d050", "trained-small-z1-d050"]
)
def test_a_network_of_the_suite_is_the_same_every_time(name, tmp_path):
    """Integers bit for bit, floats to 1e-6; another seed is another network."""
    (entry,) = testbed.chosen([name])
    entry = replace_(entry, n_samples=64)
    made = []
    for folder in ("one", "two"):
        testbed.export_entry(entry, tmp_path / folder)
        made.append(testbed.read_export(tmp_path / folder))
    one, two = made
    assert testbed.finished(entry, tmp_path / "one")
    for arrays in ("model", "truth", "samples"):
        for key, values in getattr(one, arrays).items():
            again = getattr(two, arrays)[key]
            if values.dtype.kind in "iu":
                np.testing.assert_array_equal(values, again)
            else:
                np.testing.assert_allclose(values, again, atol=1e-6)
    other = replace_(entry, settings=entry.settings | {"seed": 21})
    assert not testbed.finished(other, tmp_path / "one")
    testbed.export_entry(other, tmp_path / "other")
    third = testbed.read_export(tmp_path / "other")
    assert (third.truth["neurons.1"] != one.truth["neurons.1"]).any()


def replace_(entry, **changes):
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return testbed.Entry(**(fields | changes))


def test_names_that_there_are_not():
    assert {entry.name for entry in testbed.chosen(["request"])} == {
        "request-spd-20",
        "request-spd-20-clipped",
    }
    with pytest.raises(ValueError, match="`only` must begin names of the suite, small, middle"):
        testbed.chosen(["tiny"])


def test_the_request_is_answered_on_paper():
    """More circuits than neurons for them, and at least three layers; what it does a slow test says."""
    for entry in testbed.chosen(["request"]):
        one = entry.configuration()
        assert one.n_layers >= 3 and one.n_circuits >= 500
        assert one.network_width < 500 * 4 and one.network_width < 4 * one.n_circuits


@pytest.mark.slow
@pytest.mark.parametrize("name", ["request-spd-20", "request-spd-20-clipped"])
def test_the_request_is_answered(name):
    """At z = 2 at least twice as good as the naive baseline in every layer; seized it would not be."""
    (entry,) = (entry for entry in testbed.suite() if entry.name == name)
    settings = entry.configuration()
    made = simulation.prepare(settings)
    rows = testbed.baseline_rows(made, (1, 2), 512, 0)
    last = [row for row in rows if row["readout"] == "x" and row["n_active"] == 2]
    assert all(2 * row["active"] + 4 * row["active_stderr"] < row["naive"] for row in last)
    assert all(2 * row["gated"] < row["naive_every"] for row in last)
    seized = simulation.prepare(replace(settings, n_circuits=3 * settings.n_circuits))
    rows = testbed.baseline_rows(seized, (2,), 128, 0)
    assert [row for row in rows if row["readout"] == "x"][-1]["gated"] > rows[-1]["naive_every"]


@pytest.mark.slow
def test_the_command_writes_resumes_and_refuses(tmp_path, capsys):
    """One network and the suite; what is finished is not made again, what does not fit is one line."""
    run = lambda words: cli.main(["--cache", "none", *words.split()])
    sizes = (
        "--network-width 100 --n-circuits 12 --redundancy 3 --n-layers 2 --n-samples 8 --loads 1"
    )
    assert run(f"export {tmp_path / 'net'} {sizes}") == 0
    assert "12 circuits in 100 neurons, 8 samples" in capsys.readouterr().out
    assert testbed.read_export(tmp_path / "net").config.settings["redundancy"] == 3
    suite = f"export suite --out {tmp_path / 'suite'} --only small-tuned-z1-d050"
    assert run(suite) == 0
    folder = tmp_path / "suite" / "small-tuned-z1-d050"
    times = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert run(suite) == 0
    assert "1 networks are there already" in capsys.readouterr().out
    assert times == {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    for words, said in (
        ("export suite", "`out` must be given with the suite"),
        ("export suite --list --seed 3", "`seed` must be left out for the suite"),
        (f"export {tmp_path / 'x'} --list", "`list` must be left out but for the suite"),
        (f"export {tmp_path / 'x'} {sizes} --n-active 13", "`n_active` must be at most"),
    ):
        assert run(words) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
