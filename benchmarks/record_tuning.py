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
from jaxsuper.network import AbstractNetwork, dense_network, DenseNetwork
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
# What an arm is called in the file -> where it starts.
ARMS = {"built": "built", "matched": "random", "he": "he"}


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
    listed = []
    for loss in ("mse", "l4"):
        for z in (1, 2):
            for parts, trained in (("all", ALL), ("between", BETWEEN)):
                name = f"clipped z={z} {loss}, free: {parts}"
                listed.append(Case(name, SIZE, z, loss, trained=trained))
    for z in (1, 2):
        for loss in ("mse", "l4"):
            listed.append(Case(f"carried z={z} {loss}, free: all", CARRIED, z, loss))
        listed.append(Case(f"carried z={z} mse, free: between", CARRIED, z, trained=BETWEEN))
    for z in (1, 2):
        only = ("biases",)
        listed.append(
            Case(f"clipped z={z} mse, free: biases", SIZE, z, trained=only, arms=("built",))
        )
    two = replace(SIZE, n_layers=2)
    listed.append(Case("clipped L=2 z=1 mse, free: between", two, 1, trained=BETWEEN))
    listed.append(Case("clipped z=1 mse over all circuits, free: all", SIZE, 1, circuits="all"))
    for z in (1, 2):
        listed.append(Case(f"clipped D=400 T=200 S=6 z={z} mse, free: all", WIDE, z))
    listed.append(Case("separate z=1 mse, free: all", SEPARATE, 1))
    return listed


def plain(measured):
    """Return a held-out measurement as plain data."""
    values = zip(measured.names, measured.mean, measured.stderr, strict=True)
    number = lambda value: float(value) if np.isfinite(value) else None
    return {name: {"value": number(mean), "stderr": number(error)} for name, mean, error in values}


@dataclass(frozen=True)
class Subject:
    """A construction, the same written out, and the key of its samples."""

    construction: AbstractNetwork
    built: DenseNetwork
    key: jax.Array


def subject_of(case, seed):
    """Build the network of a case."""
    size = replace(case.size, seed=seed)
    construction = prepare(size)
    return Subject(construction, dense_network(construction), samples_key(size))


def settings_of(case, rate):
    """Return task and schedule of a case."""
    schedule = training.Schedule(
        case.n_active, case.steps, learning_rate=rate, evaluate_every=case.steps // 10,
        trained=case.trained,
    )  # fmt: skip
    return training.Task(case.loss, case.circuits), schedule


def train(case, arm, subject, rate):
    """Train one network; what is not trained is that of the built one."""
    task, schedule = settings_of(case, rate)
    key = subject.key
    start = training.start_from(subject.built, ARMS[arm], key=key, parts=case.trained)
    return training.fine_tune(start, subject.construction.circuits, task, schedule, key=key)


def report(case, subject, rate, trained):
    """Return everything that is reported of one trained network."""
    task, schedule = settings_of(case, rate)
    structure = training.structure_of(subject.construction, trained.network)

    def measure(network, schedule=schedule):
        circuits = subject.construction.circuits
        return training.held_out(network, circuits, task, schedule, key=subject.key)

    as_built = measure(subject.built)
    outcome = training.judge_training(as_built, trained.test, structure)
    reverted = {}
    for part in case.trained:
        built_part = training.split(subject.built, (part,))[0]
        swapped = eqx.combine(built_part, training.split(trained.network, (part,))[1])
        reverted[part] = measure(swapped)["loss"]
    scores = {name: getattr(structure, name) for name in ("support_score", "circuits_score")}
    # A score that says nothing is NaN, for which JSON has no word.
    scores = {name: value if np.isfinite(value) else None for name, value in scores.items()}
    other = replace(schedule, n_active=3 - case.n_active)
    return {
        "start": plain(trained.start),
        "built": plain(as_built),
        "test": plain(trained.test),
        "test_at_other_z": plain(measure(trained.network, other)),
        "loss_with_one_part_of_the_built_network": reverted,
        "structure": {**asdict(structure), **scores},
        "verdict": outcome and asdict(outcome),
        "validation_loss": [[measured.step, measured["loss"]] for measured in trained.curve],
    }


def record(case):
    """Run all arms and networks of a case."""
    subjects = [subject_of(case, seed) for seed in range(SEEDS)]
    first = subjects[0]
    direct = simulate(first.construction, case.n_active, 2048, key=first.key)
    arms = {}
    for arm in case.arms:
        started = perf_counter()
        tries = {rate: train(case, arm, first, rate) for rate in RATES}
        finals = {rate: trained.curve[-1]["loss"] for rate, trained in tries.items()}
        best = min(finals, key=lambda rate: (not np.isfinite(finals[rate]), finals[rate]))
        results = [tries[best]]
        results += [train(case, arm, subject, best) for subject in subjects[1:]]
        arms[arm] = {
            "learning_rate": best,
            "validation_loss_by_rate": {str(rate): value for rate, value in finals.items()},
            "seconds": perf_counter() - started,
            "networks": [
                report(case, subject, best, trained)
                for subject, trained in zip(subjects, results, strict=True)
            ],
        }
    parameters = {name: int(getattr(first.built, name).size) for name in training.PARTS}
    return {
        **asdict(case),
        "parameters": parameters,
        "simulated_mse_x_active_of_network_0": direct["mse_x_active"].tolist(),
        "arms": arms,
    }


def average(networks, *path):
    """Return the mean over networks of a number in their results, NaN if it is missing."""
    values = []
    for result in networks:
        for name in path:
            result = result[name]
        values.append(np.nan if result is None else result)
    return float(np.mean(values))


def line(result):
    """Return one line for each arm."""
    rows = []
    for arm, of_arm in result["arms"].items():
        networks = of_arm["networks"]
        rows.append(
            f"{result['name']:48s} {arm:8s} lr {of_arm['learning_rate']:.0e} "
            f"built {average(networks, 'built', 'loss', 'value'):.4g} "
            f"test {average(networks, 'test', 'loss', 'value'):.4g} "
            f"x {average(networks, 'test', 'mse_x_active', 'value'):.4g} "
            f"dist {average(networks, 'structure', 'distance'):.3f} "
            f"support {average(networks, 'structure', 'support_score'):.3f} "
            f"circuits {average(networks, 'structure', 'circuits_score'):.3f} "
            f"{of_arm['seconds']:.0f} s"
        )
    return "\n".join(rows)


def main(target, minutes):
    """Write one file named after the device, anew after every case."""
    made_with = environment()
    result = {
        "environment": made_with,
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
    name = str(made_with["device"]).lower().replace(" ", "-")
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
    arguments = sys.argv[1:]
    target = arguments[0] if arguments else "benchmarks/results"
    main(target, float(arguments[1]) if len(arguments) > 1 else 1e9)
