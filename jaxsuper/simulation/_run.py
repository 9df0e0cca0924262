"""The networks of an experiment, one after the other: build, simulate for every z."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from .._settings import Configuration, Experiment
from ._build import depends_on_seed, parts_of, prepare, samples_key
from ._checks import check_experiment
from ._chunks import sharing_devices, Trajectories
from ._padding import room_for
from ._precision import warn_of_precision
from ._simulate import simulate_and_show
from ._statistics import Measurement, merge_networks


# Samples whose trajectories are kept to look at.
_N_SHOWN = 2


def _after(progress: Callable[[int, int], None], done: int, total: int) -> Callable[[int], None]:
    """Return what reports samples that come after those done."""
    return lambda n: progress(done + n, total)


@dataclass(frozen=True)
class Networks:
    """What was measured of the networks of an experiment.

    Attributes:
        measurements: z -> one for each network.
        trajectories: z -> two samples of the first network, to look at.
        timing: seconds: `build` and `run` are warm, `compile` is what came before them.
    """

    measurements: dict[int, list[Measurement]]
    trajectories: dict[int, Trajectories]
    timing: dict[str, float]

    def merged(self) -> dict[int, Measurement]:
        """Return the averages over networks by z, with the standard errors of those averages."""
        return {z: merge_networks(each) for z, each in self.measurements.items()}


def configurations_of(experiment: Experiment, n_active: int) -> list[Configuration]:
    """Return the configuration of every network of an experiment, for one number of circuits."""
    first = experiment.configuration
    return [
        replace(first, n_active=n_active, network=first.network + index)
        for index in range(experiment.n_networks)
    ]


def run_networks(
    experiment: Experiment, progress: Callable[[int, int], None] | None = None
) -> Networks:
    """Build the networks of an experiment and measure each for every z.

    One compiled program serves all networks and all z, and other experiments besides (`_padding`).

    Args:
        experiment: the settings.
        progress: called with (samples done, samples in all).

    Returns:
        The measurements.

    Raises:
        ValueError: for settings that do not fit together, before anything is simulated.
    """
    check_experiment(experiment)
    warn_of_precision([experiment.configuration.precision])
    counts, size = experiment.n_active, experiment.configuration.batch_size
    first_z = counts[0]
    measurements: dict[int, list[Measurement]] = {z: [] for z in counts}
    trajectories: dict[int, Trajectories] = {}
    timing = {"build": 0.0, "compile": 0.0, "run": 0.0}
    total, done = size * experiment.n_networks * len(counts), 0
    parts = room = None
    for index, configuration in enumerate(configurations_of(experiment, first_z)):
        started = perf_counter()
        if parts is None or depends_on_seed(configuration):
            made = parts_of(configuration)
            room = room or room_for(experiment, made)
            parts = room.fit(made)
        allocated = perf_counter() - started
        if index == 0:
            started = perf_counter()
            prepare(configuration, parts)
            timing["compile"] += perf_counter() - started
        started = perf_counter()
        network = prepare(configuration, parts)
        built = perf_counter() - started
        timing["build"] += allocated + built
        key = samples_key(configuration)
        assert room is not None
        options: dict[str, Any] = {"key": key, "chunk": room.chunk, "slots": room.slots}
        options["erroneous_share"] = experiment.erroneous_share
        if index == 0:
            started = perf_counter()
            # Every device that shares the samples compiles.
            some = min(room.chunk * max(len(sharing_devices()), 1), size)
            simulate_and_show(network, first_z, some, _N_SHOWN, **options)
            timing["compile"] = max(timing["compile"] - built, 0.0) + perf_counter() - started
        for z in counts:
            report = None if progress is None else _after(progress, done, total)
            started = perf_counter()
            measurement, shown = simulate_and_show(
                network, z, size, _N_SHOWN, progress=report, **options
            )
            timing["run"] += perf_counter() - started
            measurements[z].append(measurement)
            trajectories.setdefault(z, shown)
            done += size
    return Networks(measurements, trajectories, timing)
