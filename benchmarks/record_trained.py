"""Train networks of several widths, and under noise; write trained- and shares-<platform>.json.

    python -m benchmarks.record_trained [FOLDER [trained] [shares]]

Laws of T* against D for one and two active circuits, each for two efforts (four times as many steps), and
S_eff against noise for two starts. Everything that is finished is kept in a journal beside the file: the
same command goes on from there. A figure of each is drawn beside it.
"""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import numpy as np
from jaxsuper import environment
from jaxsuper._files import write_json
from jaxsuper.analytics import scaling
from jaxsuper.commands._resuming import resumable
from jaxsuper.plotting import save, shares_figure, trained_figure


WIDTHS, WIDER = (40, 80, 160), (40, 80, 160, 240)
# (z, effort, widths), what matters most first; of one z and effort the last has the widths of all.
LAWS = (
    (1, 1.0, WIDTHS), (2, 4.0, WIDTHS), (1, 4.0, WIDTHS), (1, 1.0, WIDER), (2, 16.0, WIDTHS),
)  # fmt: skip
TARGET, LAYERS, NETWORKS, SEED = 0.1, 3, 4, 2026
STARTS = (0.1, 1.0)


def law_row(law):
    """Return a law as it stands in the file."""
    number = lambda value: float(value) if np.isfinite(value) else None
    points = [
        {
            "network_width": point.network_width,
            "n_circuits": number(point.measured.at),
            "low": number(point.measured.low),
            "high": number(point.measured.high),
            "tried": [
                {"n_circuits": count, "steps": point.steps[count], "mse_x_active": errors}
                for count, errors in point.tried.items()
            ],
        }
        for point in law.points
    ]
    fit = law.fit and asdict(law.fit)
    return {"n_active": law.n_active, "effort": law.effort, "fit": fit, "points": points}


def built_row(point):
    """Return a built design at a width as it stands in the file."""
    return {
        "design": point.design,
        "says": point.says,
        "network_width": point.network_width,
        "most": point.most,
        "side": point.measured.side,
        "held": point.held,
        "tried": {str(count): errors for count, errors in point.tried.items()},
    }


def shares_row(law):
    """Return S_eff of a start as it stands in the file."""
    shares = [
        {**asdict(one), "redundancy": one.redundancy.tolist(), "payload": one.payload.tolist()}
        for one in law.shares
    ]
    return {**asdict(law), "shares": shares}


class Record:
    """A file of results that is written after every part, and resumed from a journal beside it."""

    def __init__(self, folder, name, kept):
        """Begin with what is known before anything is measured."""
        made_with = environment()
        self.path = folder / f"{name}-{made_with['platform']}.json"
        how = f"python -m benchmarks.record_trained FOLDER {name}; "
        how += os.environ.get("JAXSUPER_BENCHMARK_NOTE", "on an otherwise idle machine")
        self.content = {"environment": made_with, "how": how, "seed": SEED, "seconds": {}}
        self._more = {"once": kept.once, "seed": SEED, "progress": self._show}

    @staticmethod
    def _show(done, total):
        print(f"  {done:.0f} of {total:.0f}", flush=True)

    def part(self, name, function, *arguments, **more):
        """Measure a part and note how long it took."""
        started = perf_counter()
        made = function(*arguments, **more, **self._more)
        self.content["seconds"][name] = round(perf_counter() - started, 1)
        print(name, self.content["seconds"][name], "s", flush=True)
        return made

    def write(self, figure, **content):
        """Write what there is."""
        self.content |= content
        write_json(self.path, self.content)
        save(figure, self.path.with_suffix(".png"))


def record_shares(record):
    """Measure S_eff against noise from two starts."""
    shares = []
    for start in STARTS:
        name = f"codes start at {start:g}"
        shares.append(record.part(name, scaling.share_law, start=start))
        record.write(shares_figure(shares), shares=[shares_row(law) for law in shares])


def record_laws(record):
    """Measure T* against D of trained networks, beside built ones."""
    laws, built = {}, []
    shared = {"n_layers": LAYERS, "target": TARGET}
    for z, effort, widths in LAWS:
        settings = {"n_active": z, "effort": effort, "networks": NETWORKS, **shared}
        name = f"z = {z}, steps x {effort:g}, to D = {widths[-1]}"
        laws[z, effort] = record.part(name, scaling.trained_law, widths, **settings)
        if not built:
            built = record.part("built", scaling.built_points, WIDER, n_active=1, **shared)
        record.write(
            trained_figure([*laws.values()], built),
            settings={"networks": NETWORKS, **shared},
            laws=[law_row(law) for law in laws.values()],
            built=[built_row(point) for point in built],
        )


PARTS = {"trained": record_laws, "shares": record_shares}


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "benchmarks/results")
    for name in sys.argv[2:] or PARTS:
        with resumable(folder / f"{name}.json", "folder") as kept:
            PARTS[name](Record(folder, name, kept))
            kept.finish()
