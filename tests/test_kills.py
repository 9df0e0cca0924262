"""Kill -9 at random moments: the same command goes on, and ends with the results of one undisturbed run."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from .sweep.commands import finish, kill
from .xla_flags import flags


ROOT = Path(__file__).parents[1]
KILLS = 5
SIZES = "--n-active 1 --n-layers 2"
COMMANDS = {
    "verify": ("verify --quick --only embeddings bounds networks --out", "ledger", "ledger.json"),
    "design": (f"design --network-width 240 --n-circuits 100 {SIZES} --quick --json", "", "x.json"),
    "scaling": (
        f"scaling capacity --network-width 120 {SIZES} --error-target 0.03 --samples 64 "
        "--design published carried --tolerance 0.1 --json",
        "",
        "x.json",
    ),
    "tune": (
        "tune --network-width 80 --n-circuits 40 --redundancy 3 --n-layers 2 --steps 600 "
        "--batch-size 64 --evaluate-every 10 --held-out 64 --out",
        "tuned",
        "tuning.json",
    ),
}
# Of a result, what is not the same from run to run.
TIMES = ("timing", "seconds", "environment")


def start(words):
    environment = {**os.environ, "XLA_FLAGS": flags(1), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "jaxsuper", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def results(path):
    """Return a result without its times."""

    def bare(content):
        if isinstance(content, dict):
            return {name: bare(value) for name, value in content.items() if name not in TIMES}
        return [bare(each) for each in content] if isinstance(content, list) else content

    return json.dumps(bare(json.loads(path.read_text())))


def kept(path):
    """Return how many pieces of work, or steps, there are."""
    journal, checkpoint = path.with_name(f"{path.name}.journal"), path.parent / "checkpoint.eqx"
    if journal.exists():
        return journal.read_bytes().count(b"\n")
    return checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0


def await_work(process, path, before):
    """Wait until a process has finished a piece of work, or has ended."""
    deadline = time.monotonic() + 120
    while kept(path) <= before and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_kills(name, tmp_path):
    line, folder, file = COMMANDS[name]
    places = [tmp_path / run / folder for run in ("undisturbed", "killed")]
    commands = []
    for place in places:
        place.mkdir(parents=True)
        commands.append([*line.split(), str(place if folder else place / file)])
    undisturbed, killed = (place / file for place in places)
    finish(start(commands[0]))
    began = time.monotonic()
    finish(start(commands[0]))  # with all programs compiled
    lasts = time.monotonic() - began

    seed = sum(map(ord, name))
    random, grown, resumed = np.random.default_rng(seed), [], 0
    while len(grown) < KILLS:
        before, first = kept(killed), not grown
        process = start(commands[1])
        # One in the start, the others while there is work to lose.
        if not first:
            await_work(process, killed, before)
        time.sleep(random.uniform(0, lasts if first else lasts / (2 * KILLS)))
        ended = process.poll() is not None
        kill(process)
        if ended:  # before it could be killed: the next one starts anew
            assert results(killed) == results(undisturbed)
            for path in killed.parent.iterdir():
                path.unlink()
        else:
            grown.append((before, kept(killed)))
            resumed += grown[-1][0] > 0
    printed = "".join(finish(start(commands[1])))
    same = results(killed) == results(undisturbed)
    print(
        f"{name}: seed {seed}, kept before and after each kill {grown}, {resumed} resumed, {same}"
    )
    assert same and resumed and all(before <= after for before, after in grown)
    assert name == "tune" or not grown[-1][1] or "resuming:" in printed
    # Nothing stays but results.
    assert not [p for p in tmp_path.rglob("*") if "partial" in p.name or "journal" in p.name]
