"""Record which measurement tells apart how far layers attend, on networks whose ranges are known.

    python -m benchmarks.record_attention [FOLDER] [PART ...]

Parts: power (areas under the curve, 20 networks of each arrangement, and correlations of losses),
trained (transformers on a language of known ranges), stream (12 layers x 12 heads x 1024 x 1024 of 8
sequences from disk). All by default. Written to attention-cpu.json with figures; what was measured is
kept beside it until a part is finished: the same command goes on.
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
import numpy as np
from jaxsuper import attention, environment
from jaxsuper._files import write_json
from jaxsuper._journal import Journal, journal_beside
from jaxsuper.commands._attention_networks import rows_of
from jaxsuper.plotting import areas_figure, arrangements_figure, save


NETWORKS, SEQUENCES, SEED = 20, 12, 0
ORDERED = attention.Design(order=0.5)
# Kind -> networks, and sequences of each.
KINDS: dict[str, tuple[attention.Design, int]] = {
    "order 0.5": (ORDERED, SEQUENCES),
    "order 0.5, in place": (attention.amplified(ORDERED, 3, 1.0), SEQUENCES),
    "order 1": (replace(ORDERED, order=1.0), SEQUENCES),
    "order 1, in place": (replace(attention.amplified(ORDERED, 3, 1.0), order=1.0), SEQUENCES),
    "order 0.5, 1 sequence": (ORDERED, 1),
    "order 0.5, early sinks": (replace(ORDERED, early_sink=1.2), SEQUENCES),
    "order 0.5, early sinks, first kept": (replace(ORDERED, early_sink=1.2), SEQUENCES),
    "order 0.25": (replace(ORDERED, order=0.25), SEQUENCES),
}
DRAWN_AREAS = ["order 0.5", "order 0.5, in place", "order 0.5, early sinks"]
DRAWN_AREAS += ["order 0.5, early sinks, first kept"]
DRAWN = ("order 1", "order 1, in place")
# What layers in place are taken for: networks of the first kind against those of the second.
CROSSED = (
    ("reversed", "order 0.5, in place", "specialised", "order 0.5"),
    ("reversed", "order 0.5, in place", "unspecialised", "order 0.5"),
    ("unspecialised", "order 0.5, in place", "specialised", "order 0.5"),
)
LANGUAGE, TRAINED, STEPS = attention.Language(), 4, 300
TRAINED_WINDOWS = [1, 2, 5, 10, 20, 28, 32, 40]
_STREAM = (8, 12, 12, 1024)


def power(folder: Path) -> dict[str, Any]:
    """Measure networks of all kinds."""
    path, found = folder / "attention-cpu.json", {}
    with Journal(journal_beside(path), "folder", json.dumps(environment())) as kept:
        for name, (design, sequences) in KINDS.items():
            started = perf_counter()
            more = {"keep_first": "first kept" in name, "seed": SEED, "once": kept.once}
            found[name] = attention.compare(design, NETWORKS, sequences, **more)
            print(f"{name}: {perf_counter() - started:.0f} s", flush=True)
        kept.finish()
    rows = [row for name, one in found.items() for row in rows_of(one, name)]
    for first, kind, second, other in CROSSED:
        for measurement in ("slope", "centroid 10"):
            values = (
                found[kind].values(measurement, first),
                found[other].values(measurement, second),
            )
            area = attention.area_of(*values)
            row = {"crossed": [first, kind, second, other], "measurement": measurement}
            rows.append(row | {"larger": area.value, "low": area.low, "high": area.high})
    means = [
        {
            "kind": name,
            "arrangement": arrangement,
            "measurement": measurement,
            "mean": float(values.mean()),
            "stderr": float(values.std(ddof=1) / len(values) ** 0.5),
        }
        for name, one in found.items()
        for arrangement in attention.ARRANGEMENTS
        for measurement in ("slope", "slope with sinks", "spread", "centroid 10", "shift")
        for values in [one.values(measurement, arrangement)]
    ]
    save(
        arrangements_figure({name: found[name] for name in DRAWN}),
        folder / "attention-lines-cpu.png",
    )
    save(areas_figure(rows, DRAWN_AREAS), folder / "attention-cpu.png")
    return {"rows": rows, "means": means}


def trained_pair(seeds: list[int], steps: int) -> list[attention.Learnt]:
    """Train networks side by side and return what they do."""
    nets, _ = attention.train_language(LANGUAGE, seeds, steps)
    each = [jax.tree.map(lambda leaf, i=i: leaf[i], nets) for i in range(len(seeds))]
    return [attention.learnt(net, LANGUAGE, TRAINED_WINDOWS) for net in each]


def trained(folder: Path) -> dict[str, Any]:
    """Train networks on a language of known ranges, two seeds at once."""
    found: list[attention.Learnt] = []
    with Journal(folder / "attention-trained.journal", "folder", json.dumps(environment())) as kept:
        for first in range(0, TRAINED, 2):
            started = perf_counter()
            found += kept.once(trained_pair, [first, first + 1], STEPS)
            print(f"seeds {first}, {first + 1}: {perf_counter() - started:.0f} s", flush=True)
        kept.finish()
    return {
        "language": asdict(LANGUAGE),
        "least_loss_of_a_letter": attention.letter_entropy(LANGUAGE),
        "steps": STEPS,
        "networks": [asdict(one) for one in found],
    }


def stream(folder: Path) -> dict[str, Any]:
    """Measure how long patterns of a model take from disk, in a process of its own."""
    S, L, H, T = _STREAM
    found = {}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for kind, code, size in (("float32", "F32", 4), ("float16", "F16", 2)):
            draws = np.random.default_rng(0)
            heads = np.tril(draws.random((H, T, T), np.float32) ** 4)
            heads = (heads / heads.sum(-1, keepdims=True)).astype(kind)
            count = S * L * H * T * T * size
            table = {
                "attention": {"dtype": code, "shape": [S, L, H, T, T], "data_offsets": [0, count]}
            }
            header = json.dumps(table).encode()
            path = Path(place) / f"{kind}.safetensors"
            with path.open("wb") as file:
                file.write(len(header).to_bytes(8, "little") + header)
                for shift in range(S * L):
                    file.write(np.roll(heads, shift, 0).tobytes())
            started = perf_counter()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-m", "jaxsuper", "attention", path], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = lambda each: each.ru_utime + each.ru_stime
            found[kind] = {
                "bytes": count,
                "seconds": perf_counter() - started,
                "processor_seconds": used(after) - used(before),
                "peak_bytes": after.ru_maxrss * 1024,
            }
            path.unlink()
            print(kind, found[kind], flush=True)
    return found


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "power": power,
    "trained": trained,
    "stream": stream,
}


def main(folder: str = "benchmarks/results", *parts: str) -> None:
    """Run parts, write and draw."""
    path = Path(folder) / "attention-cpu.json"
    for part in parts or PARTS:
        made = PARTS[part](Path(folder))
        result = json.loads(path.read_text()) if path.exists() else {}
        settings = {"networks": NETWORKS, "sequences": SEQUENCES, "seed": SEED}
        result |= {"environment": environment(), "settings": settings, part: made}
        write_json(path, result)


if __name__ == "__main__":
    main(*sys.argv[1:])
