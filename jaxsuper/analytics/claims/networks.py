"""Claims about circuits and weight constructions (notes#network): exact algebra and matrices."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ... import circuits
from ...allocation import prime_steps
from ...network import Clipped, indicator_vectors
from ._evidence import Evidence, Point
from ._matrices import allocation_for, incidence, interaction, lines
from ._registry import claim, Run


@claim(
    "networks.rotation3-growth",
    "With d = 3 an error of the on-indicator is multiplied by 1 + b in every layer; with d = 4 the "
    "step removes it as long as it stays below the threshold.",
    tier="algebra",
    formula=r"\delta^l = (1+b)^l\,\delta^0 \ (d = 3), \qquad \delta^l = 0 \ (d = 4)",
    source="[R]; notes#circuits",
    regime="|delta| < lo, and on > 0",
    expected="established",
    rival="the error keeps its size",
)
def _rotation3_growth(run: Run) -> Evidence:
    points, delta = [], 1e-3
    for b in (0.5, 1.0, 2.0):
        three = circuits.Rotation3(jnp.array([0.3]), gate_bias=b)
        start = jnp.array([[1 + delta, 1.6, 1.8]], jnp.float32)
        states = circuits.exact_trajectory(three, jnp.zeros(1, jnp.int32), start, 4)
        four = circuits.Rotation(jnp.array([0.3]), gate_bias=b)
        # alpha = on0 - on1 carries the error.
        step = jnp.array([[1.5 + delta, 0.5, 1.6, 1.8]], jnp.float32)
        stepped = circuits.exact_trajectory(four, jnp.zeros(1, jnp.int32), step, 4)
        for layer in range(1, 5):
            grown = float(states[layer, 0, 0] - 1) / delta
            points.append(Point(layer, grown, (1 + b) ** layer, rival=1, series=f"d = 3, b = {b}"))
            rest = float(stepped[layer, 0, 0] - stepped[layer, 0, 1] - 1) / delta
            points.append(Point(layer, rest, 0, rival=1, series=f"d = 4, b = {b}"))
    return Evidence(points, "layer", "error / initial error", tolerance=0.01, slack=0.01)


@claim(
    "networks.rotation3-unstable",
    "In a network the squared error of the active indicator grows by (1+b)^2 = 4 a layer, at least by "
    "nine tenths of it, with d = 3 and ends above 0.1; with d = 4 it stays a thousand times smaller.",
    tier="science",
    formula=r"\mathrm{E}\,\delta^2_{l+1} \geq 0.9\,(1+b)^2\,\mathrm{E}\,\delta^2_l \ (d = 3)",
    source="[R]; notes#circuits",
    regime="n = 300 (d = 4), T = 300, S = 5, z = 2, layers 1 to 3",
    expected="established",
    rival="noise of every layer adds up without growth: the ratio is at most (l+1)/l",
)
def _rotation3_unstable(run: Run) -> Evidence:
    settings: dict[str, Any] = {
        "network_width": 1200,
        "n_circuits": 300,
        "redundancy": 5,
        "n_layers": 4,
        "n_active": (2,),
        "n_networks": run.choose(16, 48),
        "batch_size": run.choose(60, 300),
    }
    # Of the ratios of means, the layers' common ups and downs cancel.
    name = "mse_on_active"
    three = np.array([m[name] for m in run.networks(**settings, circuit="rotation3")[2]])
    four = np.array([m[name] for m in run.networks(**settings)[2]])
    points = []
    for layer in range(1, 4):
        points.append(
            Point.ratio(
                layer + 1,
                three[:, layer],
                three[:, layer - 1],
                # Below 1 by definition, E delta^2 saturates in the last layer.
                3.6 if layer < 3 else 3.0,
                rival=(layer + 1) / layer,
                series="growth, d = 3",
                relation="at least",
                rival_relation="at most",
            )
        )
    last, share = three[:, 3], four[:, 3] / three[:, 3]
    points += [
        Point.from_draws(4, last, 0.1, series="E delta^2, d = 3", relation="at least"),
        Point.from_draws(4, share, 1e-3, series="d = 4 relative to d = 3", relation="at most"),
    ]
    return Evidence(points, "layer", "growth of E delta^2, and E delta^2", log_y=True)


@claim(
    "networks.inhibition",
    "chi' = U/(S^2 - U) makes the mean unwanted input of the clipped matrix vanish.",
    tier="algebra",
    formula=r"\chi' = \frac{U}{S^2 - U}, \quad U = \mathrm{E}_{t \neq v} \langle e_t, C e_v \rangle",
    source="[R]; notes#inhibition",
    expected="established",
    rival="U/S^2, which leaves out that the wanted input grows too",
)
def _inhibition(run: Run) -> Evidence:
    points = []
    sizes = ((250, 557, 6), (300, 80, 8), (250, 300, 6), (500, 1000, 4))
    for n, T, S in run.choose(sizes[:1], sizes):
        allocation = prime_steps(n, S, T)
        key = jax.random.fold_in(run.key("inhibition"), T)
        small = circuits.Rotation.random(T, key=key)
        network = Clipped.build(small, allocation, 2, key=key)
        to, source = (
            np.asarray(indicator_vectors(network.placement, layer), np.float64) for layer in (1, 0)
        )
        clipped = np.minimum(to.T @ source, 1)
        off = ~np.eye(T, dtype=bool)
        mean = float((to @ clipped @ source.T)[off].mean())
        # <e, (C - chi(1-C)) e> has the mean (1 + chi)·mean - chi·S^2; its zero, by bisection.
        low, high = 0.0, 100.0
        for _ in range(80):
            chi = (low + high) / 2
            low, high = (chi, high) if (1 + chi) * mean - chi * S**2 > 0 else (low, chi)
        built = float(network.inhibition[0, 0])
        points.append(Point(T, built, low, rival=mean / S**2, series=f"n = {n}, S = {S}"))
    return Evidence(points, "T", "chi'", tolerance=1e-4, log_x=True)


@claim(
    "networks.clipped-density",
    "The density of the clipped matrix is 1 - exp(-T S^2/n^2).",
    tier="science",
    formula=r"\kappa = 1 - e^{-T S^2 / n^2}",
    source="notes#inhibition (Willshaw's matrix)",
    regime="even loads, T S^2/n^2 up to 1.1; within 5 %",
    expected="established",
    rival="T S^2/n^2, no clipping",
)
def _clipped_density(run: Run) -> Evidence:
    rng, points, draws = np.random.default_rng(run.seed), [], run.draws(16, 32)
    for q, S, classes in ((41, 6, 4), (41, 6, 14), (41, 6, 41), (31, 8, 10), (61, 4, 30)):
        n, sets = q * S, lines(q * S, q, S, np.arange(classes * q))
        densities = [
            ((incidence(sets, rng).T @ incidence(sets, rng)) > 0).mean() for _ in range(draws)
        ]
        crowding = sets.n_circuits * S**2 / n**2
        points.append(
            Point.from_draws(
                crowding,
                densities,
                1 - float(np.exp(-crowding)),
                rival=crowding,
                series=f"n = {n}, S = {S}",
            )
        )
    return Evidence(points, "T S^2/n^2", "share of ones in C", tolerance=0.05)


@claim(
    "networks.rademacher-interaction",
    "With mean weights of random sign per circuit, two circuits interact with the second moment "
    "T e^2 + 2 e.",
    tier="science",
    formula=r"\mathrm{E}_{t \neq v}\left[\left(\langle e_t, W e_v \rangle / S^2\right)^2\right] "
    r"= T e^2 + 2 e",
    source="[R], appendix; notes#interaction",
    regime="S = 2 to 10 (quick: 6); within 10 %",
    expected="established",
    rival="2 e, direct overlap alone",
)
def _rademacher_interaction(run: Run) -> Evidence:
    points, draws = [], run.draws(16, 32)
    for n, T in ((200, 300), (300, 700)):
        for S in run.choose((2, 3, 4, 6), (2, 3, 4, 6, 8, 10)):
            allocation = allocation_for(n, T, S)
            rng = np.random.default_rng([run.seed, n, S])
            moments = [interaction(allocation, rng, "rademacher") for _ in range(draws)]
            e = allocation.overlap_rate
            points.append(
                Point.from_draws(
                    S,
                    moments,
                    allocation.n_circuits * e**2 + 2 * e,
                    rival=2 * e,
                    series=f"n = {n}, T = {T}",
                )
            )
    return Evidence(points, "S", "second moment", tolerance=0.1, log_y=True)
