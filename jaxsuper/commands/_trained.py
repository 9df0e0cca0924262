"""`jaxsuper scaling trained`: how many circuits trained networks hold, by width, beside built ones.

Exit status: 0 done, 2 bad input, 130 after SIGINT and 143 after SIGTERM. With --json the networks of
every T that is finished are kept until the results are written: the same command goes on from them.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console

from .._limits import check_index
from ._result import check_outputs, config_of, envelope, finite, write
from ._resuming import resumable
from ._terminal import number, progress_bar, save_picture, say, table


if TYPE_CHECKING:
    from ..analytics.scaling import BuiltPoint, TrainedLaw, TrainedPoint

_COLUMNS = ("D", "no superposition", "T trained", "95 %", "T (d/D)^2", "per weight", "steps at T")


@dataclass(frozen=True)
class Trained:
    """Measure how many circuits gradient descent finds room for, by width, beside built networks.

    Circuits get random codes in the first and the last layer; the weights between them are trained
    from random ones on fresh samples, the error that of active circuits' vectors at the last layer.
    T is the number of circuits at which its mean over networks passes the target. Built designs of
    the same widths and layers are measured alike.

    Attributes:
        network_width: D, several multiples of 4.
        n_active: z, circuits active in a sample.
        n_layers: L; the last one is read out.
        networks: independent ones for each T; intervals are a bootstrap over them.
        error_target: for the error, 1 being that of a guess.
        effort: steps of gradient descent, as a multiple of the usual ones.
        seed: of everything random.
        json: write settings, environment, timing and rows to this file; a run that ended resumes.
        plot: draw T against D into this file (png, pdf, svg).
    """

    network_width: tuple[int, ...] = (40, 80, 160)
    n_active: int = 1
    n_layers: int = 3
    networks: int = 4
    error_target: float = 0.1
    effort: float = 1.0
    seed: int = 0
    json: Path | None = None
    plot: Path | None = None


def run(command: Trained, console: Console) -> int:
    """Train, print, write and draw.

    Args:
        command: the settings.
        console: where the table goes.

    Returns:
        The exit status.

    Raises:
        ValueError: for bad input.
    """
    check_outputs(command.json, command.plot)
    for width in command.network_width:
        check_index("network_width", width)
    from ..analytics import scaling

    target, networks = command.error_target, command.networks
    shared: dict[str, Any] = {"n_active": command.n_active, "n_layers": command.n_layers}
    shared |= {"target": target, "seed": command.seed}
    training: dict[str, Any] = {**shared, "networks": networks, "effort": command.effort}
    scaling.check_trained(command.network_width, **training)
    started = perf_counter()
    with resumable(command.json, "json") as kept, progress_bar() as bar:
        report = lambda done, total: bar(round(done), round(total), "expected seconds of training")
        law = scaling.trained_law(
            command.network_width, **training, once=kept.once, progress=report
        )
        beside = lambda done, total: bar(done, total, "built designs")
        built = scaling.built_points(
            command.network_width, **shared, once=kept.once, progress=beside
        )
        _show(law, built, console)
        rows = [_row(point, law) for point in law.points]
        content = envelope(
            config_of(command),
            timing={"run": perf_counter() - started},
            rows=rows,
            built=[_built_row(point) for point in built],
            fit=law.fit and asdict(law.fit),
        )
        write(command.json, content)

        def figure():
            from ..plotting import trained_figure

            return trained_figure([law], built)

        save_picture(command.plot, figure)
        kept.finish()
    return 0


def _row(point: "TrainedPoint", law: "TrainedLaw") -> dict[str, Any]:
    """Return a width as it stands in the file."""
    from ..analytics.scaling import weights_per_equation

    return {
        "network_width": point.network_width,
        "n_circuits": finite(point.measured.at),
        "low": finite(point.measured.low),
        "high": finite(point.measured.high),
        "no_superposition": point.network_width // 4,
        "one_weight_per_equation": weights_per_equation(point.network_width, law.n_layers),
        "tried": [
            {"n_circuits": count, "steps": point.steps[count], "mse_x_active": errors}
            for count, errors in point.tried.items()
        ],
    }


def _built_row(point: "BuiltPoint") -> dict[str, Any]:
    return {
        "design": point.design,
        "network_width": point.network_width,
        "n_circuits": finite(point.measured.at),
        "low": finite(point.measured.low),
        "high": finite(point.measured.high),
        "side": point.measured.side,
        "held": point.held,
        "tried": [
            {"n_circuits": count, "mse_x_active": errors} for count, errors in point.tried.items()
        ],
    }


def _show(law: "TrainedLaw", built: "list[BuiltPoint]", console: Console) -> None:
    """Print what was found."""
    title = f"most circuits of trained networks, z = {law.n_active}, {law.n_layers} layers, "
    title += f"error {law.target:g}"
    names = list(dict.fromkeys(point.design for point in built))
    shown = table(title, (*_COLUMNS, *names), (), box=SIMPLE, padding=(0, 0, 0, 1))
    for point in law.points:
        D, at = point.network_width, point.measured.at
        weights = (law.n_layers - 1) * D**2
        nearest = min(point.tried, key=lambda count: abs(count - at)) if at == at else 0
        cells = {one.design: one for one in built if one.network_width == D}
        shown.add_row(
            str(D),
            str(D // 4),
            number(at, 4),
            f"{number(point.measured.low, 4)} to {number(point.measured.high, 4)}",
            number(at / (D / 4) ** 2, 3),
            number(at / weights, 3),
            str(point.steps.get(nearest, "")),
            *(_most(cells.get(name)) for name in names),
        )
    console.print(shown)
    if law.fit is not None:
        fit = law.fit
        say(console, f"trained: T ~ D^{fit.exponent:.3f} ({fit.low:.3f} to {fit.high:.3f})")
    say(console, "built: >= where all circuits that the sets hold pass, < where the fewest fail")


def _most(point: "BuiltPoint | None") -> str:
    if point is None:
        return "no sets"
    sign = {-1: "< ", 0: "", 1: ">= "}[point.measured.side]
    shown = min(point.tried) if point.measured.side < 0 else point.most
    return f"{sign}{shown:.0f}"
