"""Claims about trained networks: how many circuits they hold, and on how many neurons each."""

import numpy as np

from ..scaling import trained_errors, trained_shares
from ._evidence import Evidence, Point
from ._registry import claim, Run


_NOISE = 0.8


@claim(
    "trained.circuits-per-weight",
    "Gradient descent finds weights that hold (D/d)^2 circuits with random codes, one of them active: the "
    "error stays below a tenth of a guess's.",
    tier="science",
    formula=r"T = (D/d)^2:\quad \mathrm{E}|\hat x - x|^2 < 0.1",
    source="this library; notes#trained-networks",
    regime="D = 40 and 80, z = 1, L = 3, 4000 steps and more",
    expected="established",
    rival="without superposition: all circuits but D/d have the error of a guess",
    quick=False,
)
def _circuits_per_weight(run: Run) -> Evidence:
    points = []
    for width in (40, 80):
        n = width // 4
        errors = trained_errors(width, n**2, 1, 3, run.draws(8, 8), 4.0, run.seed)
        point = Point.from_draws(
            width, errors, 0.1, rival=1 - n / n**2, relation="at most", rival_relation="at least"
        )
        points.append(point)
    return Evidence(points, "D", "error of active circuits' vectors", log_y=True)


@claim(
    "trained.noise-and-exponent",
    "Noise in training drives the neurons that share a circuit down, under the squared error to a quarter "
    "and less; under fourth powers at least twice as many stay.",
    tier="science",
    formula=r"S_\mathrm{eff} = \mathrm{PR}(\mathrm{E}(A - A_0)^2)/\mathrm{PR}(\mathrm{E}a^2)",
    source="[M2]: MSE does not reward superposition, L4 does, and noise counts; notes#trained-networks",
    regime="D = 40, T = 20, z = 1, one layer, small random start, sigma = 0.8",
    expected="established",
    rival="neither matters: four fifths stay, and at most 1.2 times as many",
    quick=False,
)
def _noise_and_exponent(run: Run) -> Evidence:
    sizes = (40, 20, 1, run.draws(8, 8), 3000, 0.1, run.seed)
    square, fourth = (np.array(trained_shares(p, (0.0, _NOISE), *sizes))[..., 0] for p in (2, 4))
    falls = Point.ratio(
        2, square[1], square[0], 0.25, rival=0.8, relation="at most", rival_relation="at least",
        series="with noise over without",
    )  # fmt: skip
    keeps = Point.ratio(
        4, fourth[1], square[1], 2.0, rival=1.2, relation="at least", rival_relation="at most",
        series="fourth powers over squares",
    )  # fmt: skip
    return Evidence([falls, keeps], "p", "ratio of neurons per circuit", log_y=True)
