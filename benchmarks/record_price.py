"""How many circuits fit when the network must find out which are on, and when it is told at the input.

D = 1000, z = 2, L = 6, error of the vectors of those that are on at layer 6 at most 0.3. Designs that
compute anew in every layer which circuits are on are measured on three sets of edges: identity (each
circuit its own successor, so the active set stays), relay (each hands on to the next) and branch (the
value of one decides which of two goes on). Carried and private designs are given the active set at
the input, and cannot have edges. The price of not knowing is the ratio of the best on both sides.

The published design is as published, and single changes of it are as they are. The others are chosen
near the T at which they end: from the structures and parameters that a search of the library has for
their kind, on networks of a seed of its own, first all on one network, the best again on others; the
T that the first choice ends at only says where to choose once more. Carried and private designs are
chosen by theory for every T, as `jaxsuper scaling capacity` does. Capacities are bisected on networks
that chose nothing, and are intervals at 95 % in all decisions.

Written to `results/price-cpu.json`, and drawn beside it; what is in the file already is kept, so that
a run that was stopped goes on.

    python -m benchmarks.record_price
"""

from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import jax
from jaxsuper import design, environment
from jaxsuper._files import write_json
from jaxsuper.design._frames import Frames
from jaxsuper.plotting import price_figure
from jaxsuper.simulation import capacity_of, Configuration, edges_of, largest_chunk

from .resuming import resumed


RESULTS = Path(__file__).parent / "results" / "price-cpu.json"
WIDTH, ACTIVE, LAYERS, TARGET = 1000, 2, 6, 0.3
SAMPLES, SEED, START = 256, 3, 400
# Seeds of networks: those that choose, and those that are reported.
CHOOSING, REPORTED = (design.seed_for(SEED, purpose) for purpose in (0, 1))
FIRST, AGAIN, FINALISTS = 1, 6, 5
RULES = design.Rules(tolerance=0.08)
KNOWN = ("carried", "private")
PROGRAMS = ("identity", "relay", "branch")
COMPUTED = ("published", "clipped", "cleaned", "separate")
# Single changes of the published design, at the same S of 6, as they are: nothing is chosen.
CHANGES: dict[str, dict[str, Any]] = {
    "even loads": {"allocation": "transversal"},
    "high thresholds": {"lower_threshold": 0.4, "upper_threshold": 0.8},
    "chi by receiver": {"inhibition": "receiver"},
    "redundant indicators": {
        "construction": "separate",
        "allocation": "transversal",
        "redundancy": 3,
        "indicator_redundancy": 3,
        "indicator_copies": 2,
        "indicator_share": 0.6,
    },
}


def choose(kind: str, edges: str, n_circuits: int) -> design.Design | None:
    """Return the best of a kind's structures and parameters at some T."""
    problem = design.Problem(WIDTH, n_circuits, ACTIVE, LAYERS, edges)
    structures = design.candidates(problem, kind)
    every = [each for one in structures for each in design.variants(one)]
    every = list(dict.fromkeys(design.with_seed(each, CHOOSING) for each in every))
    if kind == "published" or not every:
        return every[0] if every else None
    frames = Frames(16 * SAMPLES, n_circuits)

    def error(each: design.Design, count: int, first: int) -> float:
        configuration = each.configuration
        frame = frames.of(configuration, [other.configuration for other in structures])
        chunk = largest_chunk(frame.payload[0], configuration.network_width)
        sizes = {"n_networks": count, "samples": SAMPLES, "chunk": chunk}
        return design.measure_design(each, **sizes, first=first, frame=frame).rank

    ranked = sorted(every, key=lambda each: error(each, FIRST, 0))[:FINALISTS]
    return min(ranked, key=lambda each: error(each, AGAIN, FIRST))


def capacity(chosen: design.Design) -> design.Crossing:
    """Return the largest T of one choice under the target, as an interval."""
    held = capacity_of(chosen.configuration)
    assert held is not None
    frames = Frames(16 * SAMPLES, held)

    def draw(count: int, index: int) -> float:
        at = design.with_seed(chosen, REPORTED)
        at = replace(at, configuration=replace(at.configuration, n_circuits=count))
        frame = frames.of(at.configuration)
        chunk = largest_chunk(frame.payload[0], at.configuration.network_width)
        return design.measure_design(at, 1, SAMPLES, chunk, first=index, frame=frame).mse

    fewest = 3 * ACTIVE + 2
    start = chosen.configuration.n_circuits
    return design.crossing(draw, TARGET, start, fewest, held, RULES)


def measured(kind: str, edges: str) -> dict[str, Any]:
    """Return what is found of one kind and one set of edges."""
    first = choose(kind, edges, START)
    if first is None:
        raise LookupError(f"no {kind} design holds {START} circuits")
    crossing = capacity(first)
    again = choose(kind, edges, crossing.low or 3 * ACTIVE + 2)
    if again is None or design.choices(again) == design.choices(first):
        return found_of(first, crossing)
    return found_of(again)


def changed(name: str, edges: str) -> dict[str, Any]:
    """Return what is found of a single change of the published design."""
    sizes = {"network_width": WIDTH, "n_circuits": START, "n_active": ACTIVE, "n_layers": LAYERS}
    settings = Configuration(**{"redundancy": 6, **sizes, "edges": edges, **CHANGES[name]})
    return found_of(design.Design("clipped", settings))


def found_of(chosen: design.Design, crossing: design.Crossing | None = None) -> dict[str, Any]:
    """Return a design and its interval as they stand in the file."""
    crossing = crossing or capacity(chosen)
    at = replace(chosen.configuration, n_circuits=crossing.low or 3 * ACTIVE + 2)
    made = edges_of(at)
    return {
        "choices": design.choices(chosen),
        "config": asdict(at),
        "n_edges": at.n_circuits if made is None else int(made.n_edges.max()),
        **row_of(crossing),
    }


def given(kind: str) -> dict[str, Any]:
    """Return what is found of a kind that is told the active set."""
    problem = design.Problem(WIDTH, 0, ACTIVE, LAYERS)
    found = design.frontier(
        problem, TARGET, kind, rules=RULES, samples=SAMPLES, seed=REPORTED, max_circuits=20_000
    )
    low = found.crossing.low
    assert low is not None
    return {
        "choices": design.choices(found.chosen[low]),
        "config": asdict(found.chosen[low].configuration),
        "n_edges": low,
        "limited_by": found.limited_by,
        **row_of(found.crossing),
    }


def row_of(crossing: design.Crossing) -> dict[str, Any]:
    """Return an interval and its points as they stand in the file."""
    points = [
        {"n_circuits": each.at, "geometric_mean": each.geometric_mean, "verdict": each.verdict}
        for each in crossing.evaluated
    ]
    return {"low": crossing.low, "high": crossing.high, "points": points}


def main() -> None:
    """Measure what is missing, write and draw."""
    settings = {"network_width": WIDTH, "n_active": ACTIVE, "n_layers": LAYERS}
    settings |= {"error_target": TARGET, "samples": SAMPLES, "tolerance": RULES.tolerance}
    settings |= {"start": START, "networks_choosing": [FIRST, AGAIN], "finalists": FINALISTS}
    result: dict[str, Any] = {"environment": environment(), "settings": settings, "rows": []}
    result = resumed(RESULTS, result)
    done = {(row["design"], row["edges"]) for row in result["rows"]}
    wanted = [(kind, edges) for edges in PROGRAMS for kind in COMPUTED]
    wanted += [(name, edges) for edges in PROGRAMS for name in CHANGES]
    for kind, edges in [*((kind, "identity") for kind in KNOWN), *wanted]:
        if (kind, edges) in done:
            continue
        started = perf_counter()
        if kind in KNOWN:
            found = given(kind)
        else:
            found = changed(kind, edges) if kind in CHANGES else measured(kind, edges)
        row = {"design": kind, "edges": edges, "known": kind in KNOWN, **found}
        row["assumes"] = "" if kind in CHANGES else design.design_kind(kind).assumes
        row["seconds"] = round(perf_counter() - started, 1)
        result["rows"].append(row)
        write_json(RESULTS, result)
        shown = f"{row['low']} to {row['high']}, {row['n_edges']} edges, {row['choices']}"
        print(f"{kind}, {edges}: {shown}, {row['seconds']:.0f} s", flush=True)
        jax.clear_caches()
    price_figure(result).savefig(RESULTS.with_suffix(".png"))


if __name__ == "__main__":
    main()
