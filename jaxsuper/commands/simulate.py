"""`jaxsuper simulate`: networks of one design, measured and held against theory."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import tyro
from rich.console import Console

from .._errors import check, one_of
from .._settings import Configuration, Experiment, N_NETWORKS
from ._choices import Choices
from ._layers import tables_by_layer, tables_by_z
from ._result import check_outputs, write
from ._terminal import (
    drawing_prepared,
    number,
    plain_warnings,
    progress_bar,
    save_picture,
    say,
)


_ALONE = (
    "one network: ± s.e. is over its samples, and says nothing of the mean over networks, which is "
    f"what theory predicts; leave out --n-networks for {N_NETWORKS}"
)


@dataclass(frozen=True)
class Command(Choices):
    """Build superposed networks, simulate them and hold them against the closed forms.

    Prints a table per number of active circuits, metric by layer: measured, standard error between
    networks, closed form; for clipped rotations also the form as published, where it says something
    else, and state evolution, which predicts the seizure. The file has 95 % intervals and the
    samples' part of the errors besides.

    Attributes:
        n_active: z, circuits active in a sample; several values are run one after the other.
        n_networks: independent networks to average over, batch_size samples each; with 1 the errors
            are of this network only, while predictions are of the mean over networks.
        chunk: samples run at once; by default what suits the device.
        erroneous_share: the chance of each inactive circuit to be on at the input by mistake: with 1
            networks start seized. Then there are no closed forms.
        json: write settings, environment, timing and rows to this file.
        plot: draw errors by layer and sample trajectories into this file (png, pdf, svg).
        metrics: which metrics to print, by the beginning of their names; the JSON holds all.
        long: print a table per layer, with ratios, instead of one for all layers.
    """

    n_active: tuple[int, ...] = (1,)
    network: tyro.conf.Suppress[tyro.conf.Fixed[int]] = 0
    n_networks: int = N_NETWORKS
    chunk: int | None = None
    erroneous_share: float = 0.0
    json: Path | None = None
    plot: Path | None = None
    metrics: tuple[str, ...] = ("mse", "frac_active")
    long: bool = False


def run(command: Command, console: Console) -> None:
    """Simulate, print, write and draw.

    Args:
        command: the settings.
        console: where the tables go.

    Raises:
        ValueError: for bad input, before anything is simulated or written.
    """
    check_outputs(command.json, command.plot)
    check(len(command.metrics) > 0, "metrics", "must name at least one metric", "none")
    from ..circuits import layout_of
    from ..simulation import metric_names

    averaged, worst = metric_names(layout_of(command.circuit))
    _check_metrics(command.metrics, averaged + worst)
    from ..analytics import run_experiment

    names = (
        *(field.name for field in fields(Configuration)),
        "n_networks",
        "chunk",
        "erroneous_share",
    )
    experiment = Experiment.of(**{name: getattr(command, name) for name in names})
    with plain_warnings(), progress_bar() as bar, drawing_prepared(command.plot):
        report = lambda done, total: bar(done, total, "samples")
        result = run_experiment(experiment, report, state_evolution=True)
    if command.long:
        tables = tables_by_layer(result, command.metrics)
    else:
        tables = tables_by_z(result, command.metrics, console.width)
    for shown in tables:
        console.print(shown)
        console.print()
    if command.n_networks == 1:
        say(console, _ALONE)
    made, timing = result.environment, result.timing
    say(
        console,
        f"{made['device']} ({made['platform']}), {made['dtype']} {made['precision']}, "
        f"jax {made['jax']}: build {number(timing['build'], 3)} s, "
        f"compile {number(timing['compile'], 3)} s, run {number(timing['run'], 3)} s",
    )
    write(command.json, result.to_json())

    def figure():
        from ..plotting import simulation_figure

        return simulation_figure(result)

    save_picture(command.plot, figure)


def _check_metrics(wanted: Sequence[str], known: Sequence[str]) -> None:
    """Raise a `ValueError` unless some metric starts with each of the words wanted."""
    beginnings = dict.fromkeys(name.split("_")[0] for name in known)
    for word in wanted:
        if not word or not any(name.startswith(word) for name in known):
            one_of((*beginnings, *known), word, "metrics")
