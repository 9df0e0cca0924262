"""Generated bad inputs over all commands, files and the library: refused in one line, or a fault."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, HealthCheck, Phase, settings, strategies as st
from jaxsuper import commands

from .case import Case, faults, Outcome
from .contents import bad_checkpoints, bad_grids, bad_stores, made_by_commands
from .doors import bad_calls
from .lines import FILES
from .run import outcomes, started
from .words import bad_lines, line


def drawn(strategy: st.SearchStrategy[Case], count: int) -> list[Case]:
    """Return different cases, the same ones in every run."""
    found: dict[tuple, Case] = {}
    commands.modules()  # imported before anything is drawn: imports may draw random names

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: Case) -> None:
        found.setdefault(case.key, case)

    collect()
    return list(found.values())


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes | None]:
    folder, home = tmp_path_factory.mktemp("right"), Path.cwd()
    os.chdir(folder)
    try:
        return made_by_commands(folder)
    finally:
        os.chdir(home)


def needed(files: dict[str, bytes | None]) -> dict[str, dict[str, bytes | None]]:
    """Return what commands need of what other commands wrote."""
    begins = {"figures": ("store",), "recover": ("net/",), "score": ("net/", "answer.")}
    return {
        command: {name: content for name, content in files.items() if name.startswith(starts)}
        for command, starts in begins.items()
    }


def all_cases(files: dict[str, bytes | None], count: int) -> list[Case]:
    """Return cases of all doors, about `count` for each command, and more for files and calls."""
    FILES.update(needed(files))
    found = [case for name in commands.NAMES for case in drawn(bad_lines(name), count)]
    found += drawn(bad_grids(), 2 * count)
    found += drawn(bad_checkpoints(files), count)
    found += drawn(bad_stores(files), count)
    return found + drawn(bad_calls(), 8 * count)


def summary(cases: Sequence[Case], found: Sequence[Outcome]) -> str:
    """Return a table of what was tried and refused as it should be, by door and family."""
    tried: Counter[tuple[str, str]] = Counter()
    passed: Counter[tuple[str, str]] = Counter()
    for case, outcome in zip(cases, found, strict=True):
        door = case.door if case.words else "library"
        tried[door, case.family] += 1
        passed[door, case.family] += not faults(case, outcome)
    lines = [f"{sum(passed.values())} of {sum(tried.values())} refused in one line"]
    for door in dict.fromkeys(door for door, _ in tried):
        each = [(f, passed[door, f], n) for (d, f), n in sorted(tried.items()) if d == door]
        total = f"{sum(p for _, p, _ in each)} of {sum(n for *_, n in each)}"
        lines.append(f"{door}: {total}: " + ", ".join(f"{f} {p}/{n}" for f, p, n in each))
    return "\n".join(lines)


def report(cases: Sequence[Case], found: Sequence[Outcome]) -> str:
    """Return the table, and every input with what came of it."""
    lines = [summary(cases, found), ""]
    for case, outcome in zip(cases, found, strict=True):
        wrong = faults(case, outcome)
        lines.append(f"{'ok ' if not wrong else 'NO '} {case.door} | {case.family} | {case}"[:400])
        lines.append(
            f"    {outcome.status} {outcome.seconds:.2f} s | {outcome.errors.strip()[:300]}"
        )
        lines += [f"    WRONG: {'; '.join(wrong)}"] * bool(wrong)
    return "\n".join(lines) + "\n"


def check(cases: Sequence[Case], folder: Path) -> None:
    found = outcomes(cases, folder)
    text = report(cases, found)
    Path(os.environ.get("BAD_INPUTS_REPORT", folder / "report.txt")).write_text(text)
    wrong = [
        f"{case}: {'; '.join(faults(case, outcome))}: {outcome.errors[:200]}"
        for case, outcome in zip(cases, found, strict=True)
        if faults(case, outcome)
    ]
    assert not wrong, f"{summary(cases, found)}\n" + "\n".join(wrong[:20])


def test_some_bad_inputs(tmp_path):
    """Of what needs no files that take long to make."""
    names = [name for name in commands.NAMES if name != "figures"]
    cases = [case for name in names for case in drawn(bad_lines(name), 4)]
    check([*cases, *drawn(bad_grids(), 8), *drawn(bad_calls(), 16)], tmp_path)


@pytest.mark.slow
def test_many_bad_inputs(files, tmp_path):
    cases = all_cases(files, 120)
    assert len(cases) >= 500
    check(cases, tmp_path)


@pytest.mark.slow
def test_bad_inputs_in_processes_of_their_own(files, tmp_path):
    """As a shell sees it: what is written to the streams themselves, and the peak of memory."""
    cases = [case for case in all_cases(files, 8) if case.words]
    chosen = cases[:: max(1, len(cases) // 40)]
    found = [started(case, tmp_path / str(number)) for number, case in enumerate(chosen)]
    wrong = {str(c): faults(c, o) + [o.errors] for c, o in zip(chosen, found, strict=True)}
    assert len(chosen) >= 40
    assert not any(len(each) > 1 for each in wrong.values()), wrong


@pytest.mark.slow
@pytest.mark.parametrize("command", commands.NAMES)
def test_what_is_corrupted_was_right(command, files, tmp_path):
    """Without its corruption every line runs, so each is refused for that alone."""
    more = needed(files).get(command, FILES.get(command, {}))
    right = started(Case(command, "none", tuple(line(command)), files=more), tmp_path / "here")
    assert right.status == 0, right


def test_what_is_not_refused_is_noticed():
    """The judge of the cases above has eyes."""
    case, good = Case("simulate", "type", ("simulate",), named=("seed",)), "jaxsuper: `seed` must\n"
    assert not faults(case, Outcome(2, errors=good))
    for bad in (
        Outcome(0, errors=good),
        Outcome(1, errors=good),
        Outcome(2),
        Outcome(2, errors=good * 4),
        Outcome(2, errors=good[10:]),
        Outcome(2, errors=good + "Traceback"),
        Outcome(2, errors="jaxsuper: `size` must\n"),
        Outcome(2, "a table", good),
        Outcome(2, errors=good, changed=("out.json",)),
        Outcome(2, errors=good, seconds=11.0),
        Outcome(2, errors=good, bytes=3 * 2**30),
    ):
        assert faults(case, bad), bad
