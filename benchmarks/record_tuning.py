"""Train hand-built networks and random ones; write benchmarks/results/tuning-<device>.json.

    python -m benchmarks.record_tuning [FOLDER [MINUTES]]

Every arm of a case (built, random of matched scale, random of He's scale) takes the same steps. Its
learning rate is the best of a grid by the validation loss of the first network; all figures are of
test samples, one row for each network. Cases are written as they are finished; those that would
start after the given minutes are left out, and named.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import equinox as eqx
import jax
import numpy as np
from jaxsuper import environment, simulate, training
from jaxsuper._files import written_whole
from jaxsuper.simulation import Configuration, prepare, samples_key


SIZE = Configuration(
    network_width=200, n_circuits=100, redundancy=4, n_layers=3, allocation="transversal"
)
CARRIED = replace(SIZE, circuit="rotation3", indicator="carried", indicator_share=0.5)
SEPARATE = replace(SIZE, construction="separate", indicator_share=0.5)
WIDE = replace(SIZE, network_width=400, n_circuits=200, redundancy=6)
ALL, BETWEEN = ("embedding", "weights", "biases"), ("weights", "biases")
RATES = (1e-3, 3e-3, 1e-2)
SEEDS = 3


@dataclass(frozen=True)
class Case:
    """A network, a task, and what may be trained."""

    name: str
    size: Configuration
    n_active: int
    loss: str = "mse"
    circuits: str = "active"
    trained: tuple[str, ...] = ALL
    arms: tuple[str, ...] = ("built", "matched", "he")
    steps: int = 1000


def cases():
    """Return all cases, the ones that matter most first."""
    found = []
    for loss in ("mse", "l4"):
        for z in (1, 2):
            for parts, trained in (("all", ALL), ("between", BETWEEN)):
                name = f"clipped z={z} {loss}, free: {parts}"
                found.append(Case(name, SIZE, z, loss, trained=trained))
    for z in (1, 2):
        for loss in ("mse", "l4"):
            found.append(Case(f"carried z={z} {loss}, free: all", CARRIED, z, loss))
        found.append(Case(f"carried z={z} mse, free: between", CARRIED, z, trained=BETWEEN))
    for z in (1, 2):
        only = ("biases",)
        found.append(
            Case(f"clipped z={z} mse, free: biases", SIZE, z, trained=only, arms=("built",))
        )
    two = replace(SIZE, n_layers=2)
    found.append(Case("clipped L=2 z=1 mse, free: between", two, 1, trained=BETWEEN))
    found.append(Case("clipped z=1 mse over all circuits, free: all", SIZE, 1, circuits="all"))
    for z in (1, 2):
        found.append(Case(f"clipped D=400 T=200 S=6 z={z} mse, free: all", WIDE, z))
    found.append(Case("separate z=1 mse, free: all", SEPARATE, 1))
    return found


def measured(one):
    """Return a measurement as plain data."""
    values = zip(one.names, one.mean, one.stderr, strict=True)
    plain = lambda value: float(value) if np.isfinite(value) else None
    return {name: {"value": plain(mean), "stderr": plain(error)} for name, mean, error in values}


def start_of(arm, built, case, key):
    """Return the network that an arm starts from; what is not trained is that of the built one."""
    if arm == "built":
        return built
    return training.random_like(built, key=key, scale=arm, parts=case.trained)


def run(case, arm, network, rate):
    """Train one network; return the result and its plain form."""
    size, circuits, built = network
    task = training.Task(case.loss, case.circuits)
    schedule = training.Schedule(
        case.n_active, case.steps, learning_rate=rate, evaluate_every=case.steps // 10,
        trained=case.trained,
    )  # fmt: skip
    key = samples_key(size.seed)
    start = start_of(arm, built, case, jax.random.fold_in(key, 10))
    return task, schedule, key, training.fine_tune(start, circuits, task, schedule, key=key)


def judged(case, network, construction, outcome):
    """Return everything that is reported of one trained network."""
    _, circuits, built = network
    task, schedule, key, tuned = outcome
    kept = training.structure(construction, tuned.network)
    of_built = training.held_out(built, circuits, task, schedule, key=key)
    said = training.verdict(
        of_built["loss"],
        of_built.stderr_of("loss"),
        tuned.test["loss"],
        tuned.test.stderr_of("loss"),
        kept,
    )
    other = replace(schedule, n_active=3 - case.n_active)
    reverted = {}
    for part in case.trained:
        parts = training.split(built, (part,))[0], training.split(tuned.network, (part,))[1]
        swapped = eqx.combine(*parts)
        reverted[part] = training.held_out(swapped, circuits, task, schedule, key=key)["loss"]
    scores = {"support_score": kept.support_score, "circuits_score": kept.circuits_score}
    # A score that says nothing is NaN, for which JSON has no word.
    scores = {name: value if np.isfinite(value) else None for name, value in scores.items()}
    return {
        "start": measured(tuned.start),
        "built": measured(of_built),
        "test": measured(tuned.test),
        "test_at_other_z": measured(
            training.held_out(tuned.network, circuits, task, other, key=key)
        ),
        "loss_with_one_part_of_the_built_network": reverted,
        "structure": {**asdict(kept), **scores},
        "verdict": asdict(said),
        "validation_loss": [[one.step, one["loss"]] for one in tuned.curve],
    }


def record(case):
    """Run all arms and networks of a case."""
    networks, constructions = [], []
    for seed in range(SEEDS):
        size = replace(case.size, seed=seed)
        circuits, _, construction = prepare(size)
        networks.append((size, circuits, training.from_construction(construction)))
        constructions.append(construction)
    size, _, built = networks[0]
    direct = simulate(constructions[0], case.n_active, 2048, key=samples_key(size.seed))
    arms = {}
    for arm in case.arms:
        started = perf_counter()
        tries = {rate: run(case, arm, networks[0], rate) for rate in RATES}
        finals = {rate: outcome[3].curve[-1]["loss"] for rate, outcome in tries.items()}
        best = min(finals, key=lambda rate: (not np.isfinite(finals[rate]), finals[rate]))
        outcomes = [tries[best]]
        outcomes += [run(case, arm, network, best) for network in networks[1:]]
        arms[arm] = {
            "learning_rate": best,
            "validation_loss_by_rate": {str(rate): value for rate, value in finals.items()},
            "seconds": perf_counter() - started,
            "networks": [
                judged(case, *parts)
                for parts in zip(networks, constructions, outcomes, strict=True)
            ],
        }
    parameters = {name: int(getattr(built, name).size) for name in training.PARTS}
    return {
        **asdict(case),
        "parameters": parameters,
        "simulated_mse_x_active_of_network_0": direct["mse_x_active"].tolist(),
        "arms": arms,
    }


def average(networks, *path):
    """Return the mean over networks of a number in their results, NaN if it is missing."""
    values = []
    for one in networks:
        for name in path:
            one = one[name]
        values.append(np.nan if one is None else one)
    return float(np.mean(values))


def line(found):
    """Return one line for each arm."""
    rows = []
    for arm, one in found["arms"].items():
        networks = one["networks"]
        rows.append(
            f"{found['name']:48s} {arm:8s} lr {one['learning_rate']:.0e} "
            f"built {average(networks, 'built', 'loss', 'value'):.4g} "
            f"test {average(networks, 'test', 'loss', 'value'):.4g} "
            f"x {average(networks, 'test', 'mse_x_active', 'value'):.4g} "
            f"dist {average(networks, 'structure', 'distance'):.3f} "
            f"support {average(networks, 'structure', 'support_score'):.3f} "
            f"circuits {average(networks, 'structure', 'circuits_score'):.3f} "
            f"{one['seconds']:.0f} s"
        )
    return "\n".join(rows)


def main(target, minutes):
    """Write one file named after the device, anew after every case."""
    made = environment()
    result = {
        "environment": made,
        "how": "python -m benchmarks.record_tuning; "
        + os.environ.get("JAXSUPER_BENCHMARK_NOTE", "on an otherwise idle machine"),
        "settings": {
            "learning_rates": RATES,
            "networks": SEEDS,
            "schedule": asdict(training.Schedule()),
        },
        "cases": [],
        "left_out": [],
    }
    name = str(made["device"]).lower().replace(" ", "-")
    path, started = Path(target) / f"tuning-{name}.json", perf_counter()
    for case in cases():
        if perf_counter() - started > 60 * minutes:
            result["left_out"].append(case.name)
        else:
            result["cases"].append(record(case))
            print(line(result["cases"][-1]), flush=True)
        with written_whole(path) as partial:
            partial.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(given[0] if given else "benchmarks/results", float(given[1]) if len(given) > 1 else 1e9)
