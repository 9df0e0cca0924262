"""A finite automaton in superposition beside other circuits: in the right state, by symbols read.

It divides a number of ten binary digits by 3, a digit a layer: 6 circuits for its states, one for the
start and 20 for the tape, of which as many are on as there are digits to read. All others of the T
circuits are rotations that are their own successors, one of which is on in every sample. D = 2000,
L = 11. Beside the published design stands the best of a grid, for every T: family, S, both
thresholds, the rule for chi and a factor on it, of clipped weights; and of separate ones, of which
indicators have most neurons, since an automaton needs no others. The grid is searched on networks of
numbers that none of those reported has, first on one of them each, the best of those again on
several.

Written to `results/programs-cpu.json`, and drawn beside it; what is in the file already is kept, so
that a run that was stopped goes on.

    python -m benchmarks.record_programs [SAMPLES] [NETWORKS]
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxsuper import allocation, circuits, network, simulation
from jaxsuper._files import write_json
from jaxsuper.plotting import accuracy_figure
from jaxsuper.programs import Automaton, automaton, remainders

from .resuming import resumed


RESULTS = Path(__file__).parent / "results" / "programs-cpu.json"
WIDTH, DEPTH, DIVISOR, BESIDE = 2000, 10, 3, 1
SIZES = (200, 500, 1000, 2000, 5000)
# Numbers of networks: those that choose and those that are reported are others.
FIRST_SEARCHED = 1000
SEARCHED, FINALISTS = (1, 64), (12, 4, 128)
PUBLISHED, CLIPPED, SEPARATE = "published", "best clipped", "best separate"
# Of separate weights: the part of D that indicators have, and neurons of each vector.
SHARE, PAYLOAD = 0.8, 2
LOWEST, RISES = (0.15, 0.25, 0.35, 0.45, 0.55), (0.1, 0.2, 0.35, 0.5)
THRESHOLDS = [(low, low + rise) for low, rise in product(LOWEST, RISES) if low + rise < 1]
FACTORS = (0.5, 1.0, 1.5)


@dataclass(frozen=True)
class Choice:
    """A design: what there is to choose of it."""

    construction: str
    family: str
    redundancy: int
    low: float
    high: float
    inhibition: str = "scalar"
    factor: float = 1.0

    @property
    def width(self) -> int:
        """Neurons of a block of those that have the indicators."""
        return WIDTH // 4 if self.construction == "clipped" else round(SHARE * WIDTH / 2)

    def holds(self, n_circuits: int) -> bool:
        """Return whether its sets hold so many circuits."""
        return (allocation.capacity(self.width, self.redundancy, self.family) or 0) >= n_circuits

    def __str__(self) -> str:
        receiver = ", chi by receiver" if self.inhibition == "receiver" else ""
        sets = f"{self.family}, S = {self.redundancy}"
        factor = "" if self.factor == 1 else f", chi x {self.factor:g}"
        return f"{sets}, {self.low:.2g}/{self.high:.2g}{receiver}{factor}"


def published(n_circuits: int) -> Choice:
    """Return the published choice, with the largest S up to 6 that holds T circuits."""
    every = (Choice("clipped", "prime-steps", s, 0.25, 0.75) for s in range(6, 1, -1))
    return next(choice for choice in every if choice.holds(n_circuits))


def grid(kind: str, n_circuits: int) -> list[Choice]:
    """Return all choices of a kind that hold T circuits."""
    if kind == CLIPPED:
        sets = [("prime-steps", "scalar"), ("prime-steps", "receiver"), ("transversal", "scalar")]
        every: Iterator[Choice] = (
            Choice("clipped", family, s, low, high, rule, factor)
            for (family, rule), s, (low, high), factor in product(
                sets, (2, 3, 4, 6), THRESHOLDS, FACTORS
            )
        )
    else:
        every = (
            Choice("separate", "transversal", s, low, high, "scalar", factor)
            for s, (low, high), factor in product((2, 3, 4, 6, 8), THRESHOLDS, FACTORS)
        )
    return [choice for choice in every if choice.holds(n_circuits)]


def _build(rule, construction, count, sets, own, edges, key, low, high, factor):
    small = circuits.Rotation.random(count, key=key, lower_threshold=low, upper_threshold=high)
    options = {"inhibition": rule, "inhibition_factor": factor, "edges": edges}
    options |= {} if own is None else {"indicators": own}
    return network.make_network(small, sets, DEPTH + 1, construction, key=key, **options)


_built = eqx.filter_jit(_build)


class Bench:
    """Networks of one T and construction, in arrays that all choices share: few programs."""

    def __init__(self, made: Automaton, choices: Iterable[Choice]):
        self.made, self.count = made, made.edges.n_circuits
        self.choices = list(choices)
        self._sets = {choice: self._allocate(choice) for choice in self.choices}
        loads = [sets.members.shape[1] for sets in self._sets.values()]
        most = max(choice.redundancy for choice in self.choices)
        shape = (self.count + 1, self.choices[0].width + 1, most, max(loads))
        self._padded = {
            choice: allocation.Padded(sets, shape) for choice, sets in self._sets.items()
        }
        self._edges = made.edges.padded(self.count + 1, made.edges.room)
        payload = (WIDTH - 2 * round(SHARE * WIDTH / 2)) // 2
        self._payload = None
        if self.choices[0].construction == "separate":
            vectors = allocation.allocate(payload, PAYLOAD, self.count, "transversal")
            room = (self.count + 1, payload + 1, PAYLOAD, vectors.members.shape[1])
            self._payload = allocation.Padded(vectors, room)

    def _allocate(self, choice: Choice) -> allocation.Allocation:
        sizes = choice.width, choice.redundancy, self.count
        return allocation.allocate(*sizes, choice.family)

    def chosen(self, choice: Choice, numbers: Iterable[int], samples: int) -> np.ndarray:
        """Return the share of samples in the right state, (networks, depth)."""
        shares = []
        for number in numbers:
            key = jax.random.fold_in(jax.random.key(0), number)
            sets, own = self._padded[choice], None
            if self._payload is not None:
                sets, own = self._payload, sets
            kind = choice.inhibition, choice.construction, self.count + 1
            levels = map(np.float32, (choice.low, choice.high, choice.factor))
            net = _built(*kind, sets, own, self._edges, key, *levels)
            found = simulation.program_shares(
                net, 1, samples, key=key, among=self.made.states, chunk=64
            )
            shares.append(found.chosen[1:])
        return np.array(shares)


def search(bench: Bench) -> tuple[Choice, list[dict[str, Any]]]:
    """Return the best of the choices by the mean share over all depths, and the finalists."""
    networks, samples = SEARCHED
    numbers = range(FIRST_SEARCHED, FIRST_SEARCHED + networks)
    first = {each: float(bench.chosen(each, numbers, samples).mean()) for each in bench.choices}
    ranked = sorted(bench.choices, key=lambda each: -first[each])
    finalists, networks, samples = FINALISTS
    # Not on the network that the first choice was made by.
    numbers = range(FIRST_SEARCHED + SEARCHED[0], FIRST_SEARCHED + SEARCHED[0] + networks)
    again = {
        each: float(bench.chosen(each, numbers, samples).mean()) for each in ranked[:finalists]
    }
    table = [{**asdict(each), "first": first[each], "again": mean} for each, mean in again.items()]
    return max(again, key=lambda each: again[each]), table


def accuracy(name: str, n_circuits: int, samples: int, networks: int) -> dict[str, Any]:
    """Choose, and return the share in the right state after each symbol, on fresh networks."""
    started = perf_counter()
    made = automaton(n_circuits, remainders(DIVISOR), DEPTH, beside=BESIDE)
    finalists: list[dict[str, Any]] = []
    if name == PUBLISHED:
        bench = Bench(made, [published(n_circuits)])
        choice = bench.choices[0]
    else:
        bench = Bench(made, grid(name, n_circuits))
        choice, finalists = search(bench)
    shares = bench.chosen(choice, range(networks), samples)
    spread = np.std(shares, axis=0, ddof=1) / networks**0.5
    return {
        "design": name,
        "n_circuits": n_circuits,
        "choice": str(choice),
        **asdict(choice),
        "n_edges": int(made.edges.n_edges.max()),
        "chosen": np.mean(shares, axis=0).tolist(),
        "stderr": spread.tolist(),
        "tried": len(bench.choices),
        "finalists": finalists,
        "seconds": perf_counter() - started,
    }


def main(samples: int = 256, networks: int = 4) -> None:
    """Run what is missing, write and draw."""
    settings = {"network_width": WIDTH, "depth": DEPTH, "divisor": DIVISOR, "beside": BESIDE}
    settings |= {"samples": samples, "networks": networks, "searched": SEARCHED}
    settings |= {"finalists": FINALISTS, "indicator_share": SHARE, "payload_redundancy": PAYLOAD}
    settings = json.loads(json.dumps(settings))
    result: dict[str, Any] = {"settings": settings, "chance": 1 / (2 * DIVISOR), "runs": []}
    result = resumed(RESULTS, result)
    done = {(run["design"], run["n_circuits"]) for run in result["runs"]}
    for n_circuits, name in product(SIZES, (PUBLISHED, CLIPPED, SEPARATE)):
        if (name, n_circuits) in done:
            continue
        run = accuracy(name, n_circuits, samples, networks)
        result["runs"].append(run)
        write_json(RESULTS, result)
        shown = " ".join(f"{share:.3f}" for share in run["chosen"])
        took = f"{run['seconds']:.0f} s"
        print(f"T = {n_circuits}, {name} ({run['choice']}), {took}: {shown}", flush=True)
        jax.clear_caches()
    accuracy_figure(result).savefig(RESULTS.with_suffix(".png"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
