"""Train networks of several widths, and under noise; write benchmarks/results/trained-<platform>.json.

    python -m benchmarks.record_trained [FOLDER]

Laws of T* against D for one and two active circuits, each for two efforts (four times as many steps), and
S_eff against noise for two starts. Everything that is finished is kept in a journal beside the file: the
same command goes on from there. A figure of each kind is drawn beside it.
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


def record(folder):
    """Measure all of it, and write what there is after every part."""
    made_with = environment()
    path = folder / f"trained-{made_with['platform']}.json"
    settings = {"target": TARGET, "n_layers": LAYERS, "networks": NETWORKS, "seed": SEED}
    how = "python -m benchmarks.record_trained; "
    how += os.environ.get("JAXSUPER_BENCHMARK_NOTE", "on an otherwise idle machine")
    result = {"environment": made_with, "how": how, "settings": settings}
    result |= {"laws": [], "built": [], "shares": [], "seconds": {}}
    laws, shares = {}, []
    shared = {"n_layers": LAYERS, "target": TARGET, "seed": SEED}
    show = lambda done, total: print(f"  {done:.0f} of {total:.0f}", flush=True)
    with resumable(path, "folder") as kept:

        def part(name, function, *arguments, **more):
            started = perf_counter()
            made = function(*arguments, **more, **kept_here)
            result["seconds"][name] = round(perf_counter() - started, 1)
            print(name, result["seconds"][name], "s", flush=True)
            return made

        def share(start):
            name = f"shares, codes start at {start:g}"
            shares.append(part(name, scaling.share_law, start=start, seed=SEED))
            result["shares"].append(shares_row(shares[-1]))
            write_json(path, result)
            save(shares_figure(shares), folder / f"shares-{made_with['platform']}.png")

        kept_here = {"once": kept.once, "progress": show}
        share(STARTS[0])
        built = part("built", scaling.built_points, WIDER, n_active=1, **shared)
        result["built"] = [built_row(point) for point in built]
        for z, effort, widths in LAWS:
            name, settings = f"z = {z}, steps x {effort:g}", {"n_active": z, "effort": effort}
            settings |= {"networks": NETWORKS, **shared}
            laws[z, effort] = part(name, scaling.trained_law, widths, **settings)
            result["laws"] = [law_row(law) for law in laws.values()]
            write_json(path, result)
            save(
                trained_figure([*laws.values()], built),
                folder / f"trained-{made_with['platform']}.png",
            )
        for start in STARTS[1:]:
            share(start)
        kept.finish()


if __name__ == "__main__":
    record(Path(sys.argv[1] if len(sys.argv) > 1 else "benchmarks/results"))
