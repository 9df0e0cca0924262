"""What networks in which every circuit is its own successor pay for edges: nothing, to the last bit.

    python -m benchmarks.identity CHECKOUT [TURNS]

CHECKOUT is the folder of a version of the library before there were edges. Both versions build the
same networks and take turns at simulating them, in a process of their own each; what counts is the
processor time of the fastest turns. Status 1 if a bit of the metrics differs. Written to
`results/identity-cpu.json`.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any


COMMAND = "python -m benchmarks.identity"
SEED, SAMPLES, NOW, BEFORE = 20261, 500, "now", "before"
SIZES = {"network_width": 1000, "n_circuits": 557, "n_active": 2, "n_layers": 5}
CASES: dict[str, dict[str, Any]] = {
    "clipped": {"redundancy": 6},
    "cleaned": {"redundancy": 6, "construction": "cleaned"},
    "plain": {"redundancy": 6, "construction": "plain"},
    "separate": {"redundancy": 3, "indicator_redundancy": 6, "indicator_share": 0.6}
    | {"construction": "separate", "allocation": "transversal"},
}


def serve() -> None:
    """Answer each name of a case with what a turn took, and a hash of what came of it."""
    from jaxsuper.simulation import Configuration, prepare, samples_key, simulate

    made = {}
    for name in map(str.strip, sys.stdin):
        if name not in made:
            settings = Configuration(
                **{**SIZES, "batch_size": SAMPLES, "seed": SEED, **CASES[name]}
            )
            made[name] = prepare(settings), samples_key(settings)
        network, key = made[name]
        started, worked = perf_counter(), process_time()
        found = simulate(network, SIZES["n_active"], SAMPLES, key=key)
        took = perf_counter() - started, process_time() - worked
        digest = hashlib.sha256(found.mean.tobytes() + found.worst.tobytes()).hexdigest()
        print(json.dumps([*took, digest]), flush=True)


class Version:
    """A process with one version of the library."""

    def __init__(self, checkout: Path):
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        line = [sys.executable, __file__, "--serve"]
        self._process = subprocess.Popen(
            line,
            env=environment,
            cwd=checkout,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def turn(self, case: str) -> tuple[float, float, str]:
        """Return seconds, processor seconds and a hash of the metrics of one turn."""
        into, out = self._process.stdin, self._process.stdout
        assert into is not None and out is not None
        into.write(case + "\n")
        into.flush()
        wall, processor, digest = json.loads(out.readline())
        return wall, processor, digest

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main(checkout: str, turns: int = 40) -> int:
    """Take turns, print and write; return the exit status."""
    from benchmarks.records import Check, recording, RESULTS, Setting, write
    from benchmarks.timing import rows_of, Turn

    here = Path(__file__).resolve().parents[1]
    versions = {NOW: Version(here), BEFORE: Version(Path(checkout).resolve())}
    with recording(COMMAND, quick=False, seed=SEED) as record:
        for case, settings in CASES.items():
            hashes = {name: version.turn(case)[2] for name, version in versions.items()}
            found: dict[str, list[Turn]] = {name: [] for name in versions}
            for number in range(turns):
                # Whoever comes second finds another cache: each does so in turn.
                order = list(versions) if number % 2 else list(versions)[::-1]
                for name in order:
                    found[name].append(Turn(*versions[name].turn(case)[:2]))
            setting = Setting(D=1000, T=557, S=settings["redundancy"], L=5, z=2, batch=SAMPLES)
            rows = rows_of(f"identity, {case}", setting, found, {NOW: BEFORE})
            same = hashes[NOW] == hashes[BEFORE]
            record.rows += rows
            record.checks.append(Check(f"{case}: same bits", same, 0.0 if same else 1.0, "no bit"))
            ratio = rows[0].ratio_processor
            print(f"{case}: same bits {same}, processor time now/before {ratio:.3f}", flush=True)
    for version in versions.values():
        version.close()
    write(record, RESULTS / "identity-cpu.json")
    return 1 if record.failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
