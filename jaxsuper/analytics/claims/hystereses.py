"""Claims about the hysteresis of the seizure (notes#hysteresis)."""

from typing import Any

import numpy as np

from ..scaling import hysteresis_law
from ._evidence import Evidence, Point
from ._registry import claim, Run


_DESIGN: dict[str, Any] = {"redundancy": 3, "lower_threshold": 0.6, "upper_threshold": 0.9}
_LOADS = (2500, 2900, 3100, 3300, 3700, 4200, 4500, 4800)


@claim(
    "critical.two-states",
    "Between two loads a network that starts quiet stays so and the same one with a twentieth of its "
    "circuits on by mistake stays seized: inactive errors differ more than tenfold after 30 layers.",
    tier="science",
    formula=r"\mathrm{E}\,\hat\alpha^2(\mathrm{seized}) > 10\;\mathrm{E}\,\hat\alpha^2(\mathrm{quiet})",
    source="this library; notes#hysteresis",
    regime="n = 400, T = 1450, S = 3, .6/.9, z = 1, lines",
    expected="established",
    rival="no hysteresis: both end within a factor 2",
    quick=False,
)
def _two_states(run: Run) -> Evidence:
    count = run.draws(6, 12)
    law = hysteresis_law(
        400, n_circuits=(1450,), **_DESIGN, networks=count, samples=8, seed=run.seed
    )
    point = Point.ratio(
        1450,
        law.seized[0],
        law.quiet[0],
        10.0,
        rival=2.0,
        relation="at least",
        rival_relation="at most",
    )
    return Evidence([point], "T", "seized / quiet", log_y=True)


@claim(
    "critical.hysteresis",
    "Density evolution has the load at which quiet networks stop to work, and the lower one at which "
    "seized ones fall silent, within 25 %; the first is the higher by half.",
    tier="science",
    formula=r"T_\downarrow < T_\uparrow",
    source="this library; notes#hysteresis",
    regime="n = 800, S = 3, .6/.9, z = 1, lines, 30 layers",
    expected="established",
    rival="no hysteresis: for each the load of the other",
    quick=False,
)
def _hysteresis(run: Run) -> Evidence:
    n, count = 800, run.draws(8, 8)
    law = hysteresis_law(n, n_circuits=_LOADS, **_DESIGN, networks=count, samples=16, seed=run.seed)
    up, down = law.theory_up, law.theory_down
    points = []
    for name, found, said, other in (("up", law.up, up, down), ("down", law.down, down, up)):
        stderr = float(np.nanstd(found.draws, ddof=1))
        more: dict[str, Any] = {"rival": other, "freedom": count - 1, "series": name}
        points.append(Point(n, found.at, said, stderr=stderr, **more))
    return Evidence(points, "n", "circuits", tolerance=0.25)
