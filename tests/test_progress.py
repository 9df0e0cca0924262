"""Progress of long work: a bar on a terminal, few lines of a log elsewhere; signals and statuses."""

import io
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from jaxsuper import cli
from jaxsuper.commands import allocate
from jaxsuper.commands._terminal import (
    caught_signals,
    exit_status,
    progress_bar,
    terminated_like_interrupted,
)
from rich.console import Console


class Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self):
        return self.now


def lines_of(pieces, seconds, capsys, label="claims"):
    """Do pieces of equal length off a terminal; return what was printed on standard error."""
    clock = Clock()
    with progress_bar(Console(file=io.StringIO()), clock) as bar:
        bar(0, pieces, label)
        for done in range(1, pieces + 1):
            clock.now += seconds
            bar(done, pieces, label)
    printed, errors = capsys.readouterr()
    assert not printed
    return errors.splitlines()


def test_short_work_prints_nothing(capsys):
    assert lines_of(9, 1.0, capsys) == []


def test_lines_of_a_log(capsys):
    first, *_, last = lines_of(100, 2.0, capsys)
    assert first == "jaxsuper: claims 5/100, 30/min, 0:00:10 elapsed, 0:03:10 left"
    assert last == "jaxsuper: claims 95/100, 30/min, 0:03:10 elapsed, 0:00:10 left"
    assert lines_of(2, 4 * 3600.0, capsys)[0].startswith(
        "jaxsuper: claims 1/2, 0.25/h, 4:00:00 elapsed, 4:00:00 left"
    )
    assert "20/s" in lines_of(1000, 0.05, capsys)[0]


def test_a_line_every_half_minute_and_few_in_a_day(capsys):
    assert len(lines_of(600, 1.0, capsys)) == 20
    day = len(lines_of(24 * 3600 // 5, 5.0, capsys))
    assert 300 < day < 330
    assert len(lines_of(10 * 24 * 60, 60.0, capsys)) < day + 9 * 144 + 10


def test_what_an_earlier_run_did_is_no_rate(capsys):
    """A resume starts at 90 of 100: the rate is of the pieces since."""
    clock = Clock()
    with progress_bar(Console(file=io.StringIO()), clock) as bar:
        bar(0, 0, "compiling")
        clock.now += 10
        bar(0, 0, "compiling")
        bar(90, 100, "claims")
        clock.now += 40
        bar(92, 100, "claims")
    assert capsys.readouterr().err.splitlines() == [
        "jaxsuper: compiling, 0:00:10 elapsed",
        "jaxsuper: claims 92/100, 3/min, 0:00:50 elapsed, 0:02:40 left",
    ]


@pytest.mark.parametrize("forced", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_the_environment_makes_no_terminal_of_a_file(forced, monkeypatch, capsys):
    monkeypatch.setenv(forced, "1")
    file = io.StringIO()
    with progress_bar(Console(file=file)) as bar:
        bar(1, 2, "claims")
    assert not file.getvalue() and not capsys.readouterr().err


def test_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as file:
        with progress_bar(Console(file=file, width=100)) as bar:
            for done in range(4):
                bar(done, 4, "claims")
                time.sleep(0.15)
        shown = os.read(leader, 10**6).decode()
    os.close(leader)
    assert "3/4" in shown and "claims" in shown and "/s" in shown
    assert not capsys.readouterr().err


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_both_signals_interrupt_and_are_told_apart(number, status):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as found, terminated_like_interrupted() as caught:
        signal.raise_signal(number)
    assert caught == [number] and exit_status(found.value) == status
    assert signal.getsignal(number) is before
    # What collects signals itself does so within.
    with terminated_like_interrupted() as outer, caught_signals() as inner:
        signal.raise_signal(number)
    assert (outer, inner) == ([], [number])
    assert exit_status(KeyboardInterrupt()) == 130


def test_a_second_interrupt_is_at_once_and_a_second_end_is_not():
    with pytest.raises(KeyboardInterrupt), caught_signals() as caught:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert caught == [signal.SIGINT, signal.SIGTERM]
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_every_command_ends_in_one_line(number, status, monkeypatch, capsys):
    def run(command, console):
        signal.raise_signal(number)

    monkeypatch.setattr(allocate, "run", run)
    assert cli.main(["allocate", "--block-width", "250", "--redundancy", "6"]) == status
    assert capsys.readouterr().err == "jaxsuper: interrupted; nothing was written\n"


WAITS = """
import sys, time
from jaxsuper import cli
from jaxsuper.commands import allocate
allocate.run = lambda *_: print("ready", flush=True) or time.sleep(60)
sys.exit(cli.main(["allocate", "--block-width", "250", "--redundancy", "6"]))
"""


def test_sigterm_from_outside(tmp_path):
    command = [sys.executable, "-c", WAITS]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 143
    assert errors == "jaxsuper: interrupted; nothing was written\n"
