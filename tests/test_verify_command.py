"""`jaxsuper verify`: which claims it runs, what it prints and writes, its exit status."""

import json
from dataclasses import replace

import numpy as np
import pytest
from jaxsuper import cli, theory
from jaxsuper._journal import Journal
from jaxsuper.analytics.claims import _registry as registry, claims, Point, Run, settle, TIERS
from jaxsuper.commands import _resuming, verify as verify_command

from .analytics.ledgers import claim_of, evidence, fails, in_regime, mean_of


@pytest.fixture
def enter(monkeypatch):
    """Return a function that replaces the registry by some claims."""

    def these(*entries):
        monkeypatch.setattr(registry, "_CLAIMS", {entry.id: entry for entry in entries})

    return these


@pytest.fixture
def three(enter):
    """A true claim, one with a wrong verdict and one that cannot be run."""
    wrong = claim_of("a.wrong", "refuted", tier="guard")
    enter(claim_of("a.good"), wrong, claim_of("b.broken", gather=fails))


def lines_of(capsys):
    """Return the printed lines, without repeated spaces, by the claim's id they name second."""
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    return {line.split()[1]: line for line in lines if line[:3] in ("ok ", "NO ")}, lines


def test_exit_status(three, tmp_path, capsys):
    """0 if all is as stated, 1 if a verdict is wrong; an error does not hide the others."""
    out = tmp_path / "new" / "folder"
    assert cli.main(["verify", "--only", "a.good", "--out", str(out)]) == 0
    assert cli.main(["verify", "--out", str(out)]) == 1
    found, lines = lines_of(capsys)
    assert "3 claims, 2 comparisons: not as expected: a.wrong, b.broken" in lines
    assert "ZeroDivisionError" in found["b.broken"]
    entries = json.loads((out / "ledger.json").read_text())
    assert [entry["id"] for entry in entries] == ["a.good", "a.wrong", "b.broken"]
    assert [entry["verdict"] for entry in entries] == ["established", "established", "error"]
    assert [entry["as_expected"] for entry in entries] == [True, False, False]
    assert not (out / "ledger-seeds.json").exists()
    text = (out / "ledger.html").read_text()
    assert "2 NOT as expected" in text and "ZeroDivisionError" in text


def test_lines(enter, capsys):
    """Mark, id, tier, verdict, comparisons, rival, smallest error noticed, effort, seconds."""
    loose = [Point(0, 9, 1, relation="at least", rival=10)]
    enter(
        claim_of("a.exact", tier="algebra"),
        claim_of("a.regime", "established in regime", in_regime),
        claim_of("a.mean", gather=mean_of(1, first=16, spread=0.1, tolerance=0.1)),
        claim_of("a.loose", gather=lambda run: evidence(*loose), tier="inequality"),
        claim_of("a.refuted", "refuted", mean_of(2, spread=0.001, tolerance=0.1)),
    )
    assert cli.main(["verify", "--out", "none"]) == 0
    found, lines = lines_of(capsys)
    assert found["a.exact"].startswith(
        "ok a.exact algebra established 1 comparisons, rival refuted, sees 5 %, 0."
    )
    assert (
        "established in regime 5 comparisons, rival refuted, sees 50 %, up to x = 2, 0."
        in (found["a.regime"])
    )
    assert ", sees 5 %, effort 2, " in found["a.mean"]
    assert ", sees no factor 2, " in found["a.loose"]
    assert "refuted 1 comparisons, rival established, 0." in found["a.refuted"]
    # The table of verdicts by tier.
    cells = [line.replace("│", " ").split() for line in lines if "│" in line]
    assert ["science", "1", "1", "1"] in cells and ["algebra", "1"] in cells
    assert lines[-1] == "5 claims, 9 comparisons: all as expected"


def test_by_tier(enter, capsys):
    enter(claim_of("a.one"), claim_of("b.two", tier="guard"), claim_of("b.three", tier="guard"))
    assert cli.main(["verify", "--only", "guard", "--out", "none"]) == 0
    assert set(lines_of(capsys)[0]) == {"b.two", "b.three"}


def test_quick(enter, capsys):
    """Without the claims that need a full run, unless they are named one by one."""
    quick = []

    def gather(run):
        quick.append(run.quick)
        return evidence(Point(0, 1, 1, rival=2))

    enter(claim_of("a.one", gather=gather), claim_of("a.long", gather=gather, quick=False))
    for words, ran in (
        (["--quick"], {"a.one"}),
        (["--quick", "--only", "a"], {"a.one"}),
        (["--quick", "--only", "a.long"], {"a.long"}),
        (["--quick", "--only", "a", "a.long"], {"a.one", "a.long"}),
        ([], {"a.one", "a.long"}),
    ):
        quick.clear()
        assert cli.main(["verify", *words, "--out", "none"]) == 0
        found, lines = lines_of(capsys)
        assert set(found) == ran and quick == [bool(words)] * len(ran)
        said = "1 of 2 claims need the full run and are left out" in lines
        assert said == (len(ran) < 2 and "a.long" not in ran)


def test_nothing_for_a_quick_run(enter, capsys):
    enter(claim_of("a.one"), claim_of("b.long", quick=False))
    assert cli.main(["verify", "--quick", "--only", "b", "--out", "none"]) == 2
    assert "`only` must name claims that a quick run decides" in capsys.readouterr().err


def at_seed_one(run):
    """Evidence that is another at seed 1."""
    return evidence(Point(0, 3 if run.seed == 1 else 1, 1, rival=2))


def test_seeds(enter, tmp_path, capsys):
    """The evidence of the first, the verdicts of all, and status 1 for one that is not expected."""
    enter(claim_of("a.good"), claim_of("a.moody", gather=at_seed_one))
    command = ["verify", "--out", str(tmp_path), "--seed"]
    assert cli.main([*command, "3"]) == 0 and not (tmp_path / "ledger-seeds.json").exists()
    assert cli.main([*command, "1"]) == 1
    capsys.readouterr()
    assert cli.main([*command, "3", "1"]) == 1
    lines = lines_of(capsys)[1]
    assert "seed 3: 2 claims, 2 comparisons: all as expected" in lines
    assert "seed 1: 2 claims, 2 comparisons: not as expected: a.moody" in lines
    assert "1 of 2 claims are as expected at all 2 seeds" in lines
    table = json.loads((tmp_path / "ledger-seeds.json").read_text())
    assert [entry["id"] for entry in table] == ["a.good", "a.moody"]
    moody = table[1]["seeds"]
    assert moody["3"] == {
        "verdict": "established",
        "as_expected": True,
        "effort": 1,
        "caught": 1.05,
    }
    assert moody["1"] == {"verdict": "refuted", "as_expected": False, "effort": 1, "caught": None}
    entries = json.loads((tmp_path / "ledger.json").read_text())
    assert [entry["verdict"] for entry in entries] == ["established", "established"]
    assert entries[1]["seeds"] == moody and entries[1]["environment"]["seed"] == 3
    page = (tmp_path / "ledger.html").read_text()
    assert "Verdicts that depend on the seed" in page


@pytest.mark.parametrize("seeds", [["-1"], ["4294967296"], ["0", "0"], []])
def test_bad_seeds(three, seeds, tmp_path, capsys):
    out = tmp_path / "new"
    assert cli.main(["verify", "--out", str(out), "--seed", *seeds]) == 2
    assert "seed" in capsys.readouterr().err and not out.exists()


class Notes(list):
    """A list that is the same to a journal whatever it holds."""

    def __repr__(self):
        return "Notes"


@pytest.fixture
def counted(enter):
    """Enter claims that note when they are run; return the notes, and a function that enters others."""
    ran = Notes()

    def gather_of(id, measured):
        def gather(run):
            ran.append(id)
            draws = np.random.default_rng(run.seed).normal(measured, 0.5, 8 * run.effort)
            return evidence(Point.from_draws(np.int64(1), draws, 1, rival=np.float64(2)))

        return gather

    def these(**measured):
        enter(*(claim_of(f"a.{id}", gather=gather_of(id, value)) for id, value in measured.items()))

    these(one=1.0, two=1.0)
    return ran, these


def entries_of(folder):
    entries = json.loads((folder / "ledger.json").read_text())
    return [{name: entry[name] for name in entry if name != "seconds"} for entry in entries]


def cut_off(status=130):
    """Interrupt the next run as it shows its first claim."""
    patch = pytest.MonkeyPatch()

    def line(entry):
        patch.undo()
        raise KeyboardInterrupt(status - 128)

    patch.setattr(verify_command, "_line", line)


@pytest.mark.parametrize("status", [130, 143])
def test_a_run_that_was_cut_off_goes_on(status, counted, tmp_path, capsys):
    """Nothing is gathered twice, and the ledger is that of an undisturbed run."""
    ran, _ = counted
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    cli.main(["verify", "--out", str(whole)])
    assert {*ran} == {"one", "two"} and not (whole / "ledger.json.journal").exists()
    first = len(ran)
    cut_off(status)
    assert cli.main(["verify", "--out", str(cut)]) == status
    assert "the same command resumes" in capsys.readouterr().out
    assert (cut / "ledger.json.journal").exists() and len(ran) == 2 * first
    cli.main(["verify", "--out", str(cut)])
    assert "resuming" in capsys.readouterr().err and len(ran) == 2 * first
    assert entries_of(cut) == entries_of(whole)
    # All is written: a check that is repeated is a check again.
    assert not (cut / "ledger.json.journal").exists()
    cli.main(["verify", "--out", str(cut)])
    assert len(ran) == 3 * first


@pytest.mark.parametrize("change", ["quick", "seed", "claim", "version"])
def test_what_was_kept_is_of_the_same_claim_and_settings(change, counted, tmp_path, monkeypatch):
    ran, these = counted
    cut_off()
    assert cli.main(["verify", "--out", str(tmp_path)]) == 130
    more = {"quick": ["--quick"], "seed": ["--seed", "1"]}.get(change, [])
    before = len(ran)
    if change == "claim":
        these(one=1.0, two=1.5)
    if change == "version":
        monkeypatch.setattr(_resuming, "_sources", lambda: "another")
    cli.main(["verify", "--out", str(tmp_path), *more])
    assert {*ran[before:]} == ({"two"} if change == "claim" else {"one", "two"})


def test_an_error_is_not_kept(enter, tmp_path):
    """It may be that of a machine that was full; and a claim that is typed in has no identity."""
    from jaxsuper.analytics.claims._kept import identity_of

    exec("def typed(run): pass", names := {})
    assert identity_of(names["typed"]) is None and identity_of(fails) is not None
    enter(claim_of("a.broken", gather=fails))
    cut_off()
    assert cli.main(["verify", "--out", str(tmp_path)]) == 130
    assert not (tmp_path / "ledger.json.journal").exists()


def test_two_runs_do_not_share_a_folder(three, tmp_path, capsys):
    path = tmp_path / "ledger.json.journal"
    with Journal(path, "out", "other"):
        assert cli.main(["verify", "--only", "a.good", "--out", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "`out` must not be in use by another run" in printed.err
    assert printed.err.count("\n") == 1 and printed.out == ""
    path.write_text("mine")
    assert cli.main(["verify", "--only", "a.good", "--out", str(tmp_path)]) == 2
    assert "must be a journal of this version" in capsys.readouterr().err


def test_interruption_keeps_what_is_done(three, tmp_path, capsys, monkeypatch):
    def interrupt(run):
        raise KeyboardInterrupt

    entries = registry._CLAIMS
    monkeypatch.setitem(entries, "b.broken", replace(entries["b.broken"], gather=interrupt))
    assert cli.main(["verify", "--out", str(tmp_path), "--seed", "0", "1"]) == 130
    assert "interrupted: 2 claims settled, 4 not run" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "ledger.json").read_text())) == 2


@pytest.mark.parametrize(
    "name, near",
    [
        ("errors.rotation-actve", "errors.rotation-active"),
        ("rotation-active", "errors.rotation-active"),
        ("seizurs", "seizures"),
        ("xyzzy", "the nearest"),
    ],
)
def test_unknown_claim(name, near, tmp_path, capsys):
    """Exit status 2, one line with the nearest names, nothing written."""
    out = tmp_path / "ledger"
    assert cli.main(["verify", "--only", name, "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert near in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert not out.exists()


def test_bad_folder(three, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "x"):
        assert cli.main(["verify", "--only", "a.good", "--out", str(out)]) == 2
        assert "`out` must be" in capsys.readouterr().err


def test_nothing_written_on_request(three, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["verify", "--only", "a.good", "--out", "none"]) == 0
    assert "wrote" not in capsys.readouterr().out and list(tmp_path.iterdir()) == []


def test_listing(enter, capsys):
    """Tier, expected verdict, and whether it takes a full run."""
    enter(claim_of("a.one", tier="guard"), claim_of("b.long", "refuted", quick=False))
    assert cli.main(["verify", "--list"]) == 0
    lines = lines_of(capsys)[1]
    assert any("a.one" in line and "guard" in line and "established" in line for line in lines)
    assert any("b.long" in line and "refuted, full run only" in line for line in lines)
    assert cli.main(["verify", "--list", "--only", "b"]) == 0
    assert "a.one" not in capsys.readouterr().out


def test_the_registry_is_complete():
    """Each claim has all it has to say; every tier and every expected verdict occurs."""
    entries = claims()
    assert len(entries) >= 35
    for entry in entries:
        assert entry.id.count(".") == 1, entry.id
        for name in ("statement", "formula", "source", "regime", "rival"):
            assert getattr(entry, name), (entry.id, name)
    assert {entry.tier for entry in entries} == set(TIERS)
    stated = {"established", "established in regime", "refuted"}
    assert {entry.expected for entry in entries} == stated
    # A claim of the theory's core is there, in the tier that counts.
    (core,) = claims(["errors.rotation-active"])
    assert core.tier == "science"


@pytest.mark.parametrize(
    "formula, id, wrong",
    [
        ("dedicated_mse", "embeddings.dedicated", lambda T, D, z: 1.1 * z * (T - D) / T),
        ("mean_overlap_even", "allocations.mean-overlap-even", lambda n, S, T: S * S / n),
        (
            "welch_mean_square",
            "bounds.mean-square-overlap",
            lambda T, D: (T - D + 1) / (D * (T - 1)),
        ),
        ("linear_mse_bound", "bounds.any-encoder", lambda T, D, z: z * (1 - D / T)),
    ],
)
def test_a_typo_in_a_formula_is_found(formula, id, wrong, monkeypatch):
    """With a wrong formula in the theory the verdict changes."""
    monkeypatch.setattr(theory, formula, wrong)
    (entry,) = claims([id])
    assert settle(entry, Run(quick=True)).verdict not in ("established", "established in regime")


OWN = """
from jaxsuper.analytics.claims import claim, Evidence, Point

@claim("own.halves", "a half is {said}", rival="a third")
def halves(run):
    return Evidence([Point(1, 0.5, {said}, rival=1 / 3)], slack=1e-3)
"""


@pytest.mark.parametrize("said, status", [("0.5", 0), ("0.6", 1)])
def test_a_claim_of_ones_own_is_judged_from_its_file(enter, tmp_path, monkeypatch, said, status):
    enter()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OWN.format(said=said))
    assert cli.main(["verify", "--claims", "mine.py", "--out", "out"]) == status
    (entry,) = json.loads((tmp_path / "out" / "ledger.json").read_text())
    assert (entry["id"], entry["tier"], entry["expected"]) == (
        "own.halves",
        "science",
        "established",
    )
    assert "own.halves" in (tmp_path / "out" / "ledger.html").read_text()


@pytest.mark.parametrize(
    "content, said",
    [
        ("x = (", "line 1; SyntaxError"),
        ("import os\n1 / 0", "line 2; ZeroDivisionError"),
        ("x = 1", "at least one claim"),
        (None, "Python file"),
    ],
)
def test_a_file_without_claims_is_refused_in_a_line(tmp_path, capsys, content, said):
    path = tmp_path / "mine.py"
    if content is not None:
        path.write_text(content)
    assert cli.main(["verify", "--claims", str(path), "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
