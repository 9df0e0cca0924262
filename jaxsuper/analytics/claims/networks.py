"""Claims about circuits and weight constructions (notes#network): exact algebra and matrices."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ... import allocation, circuits, theory
from ...network import build, Clipped, indicators
from ._designs import design_for, incidence, interaction, lines
from ._evidence import Evidence, Point, Relation
from ._registry import claim, Run


def _small_layer(small: circuits.AbstractCircuits, states: np.ndarray) -> np.ndarray:
    """Run one layer of the first circuit on its own, states (B, d) in and out."""
    ids = jnp.zeros(len(states), jnp.int32)
    after = circuits.exact_trajectory(small, ids, jnp.asarray(states, jnp.float32), 1)
    return np.asarray(after[-1], np.float64)


@claim(
    "networks.step-is-a-clip",
    "The two ReLUs of the on-indicator make a step from lo to hi.",
    formula=r"\alpha' = \mathrm{clip}\left(\frac{\alpha - lo}{hi - lo},\ 0,\ 1\right)",
    source="[R]; notes#circuits",
    expected="holds",
    rival="one ReLU, without saturation at 1",
)
def _step_is_a_clip(run: Run) -> Evidence:
    points, alphas = [], np.linspace(-0.5, 2, 26)
    for lo, hi in ((0.25, 0.75), (0.6, 0.9), (0.0, 1.0)):
        small = circuits.Step(1, lo, hi)
        states = np.stack([alphas, np.zeros_like(alphas)], axis=1)
        after = _small_layer(small, states)
        for alpha, found in zip(alphas, after[:, 0] - after[:, 1], strict=True):
            step = (alpha - lo) / (hi - lo)
            points.append(
                Point(
                    alpha,
                    found,
                    float(np.clip(step, 0, 1)),
                    rival=max(step, 0.0),
                    series=f"lo, hi = {lo}, {hi}",
                )
            )
    return Evidence(points, "alpha", "alpha'", slack=1e-5)


@claim(
    "networks.rotation-is-exact",
    "While its indicator is 1 a rotation circuit turns x by its angle and keeps the indicator, for "
    "any gate bias; while it is 0 it stays silent.",
    formula=r"x^l = R_t^l\,x^0, \quad \alpha^l = 1",
    source="[R]; notes#circuits",
    expected="holds",
    rival="x is passed on unturned",
)
def _rotation_is_exact(run: Run) -> Evidence:
    points, key = [], run.key("rotation")
    for b in (0.0, 0.25, 1.0, 2.0):
        small = circuits.Rotation(jnp.array([0.7]), gate_bias=b)
        start = small.sample_input(key=jax.random.fold_in(key, int(4 * b)))
        states = circuits.exact_trajectory(small, jnp.zeros(1, jnp.int32), start[None], 5)
        channels = np.asarray(circuits.exact_channels(small, states), np.float64)[:, 0]
        angles = np.unwrap(np.arctan2(channels[:, 2], channels[:, 1]))
        for layer in range(1, 6):
            turned = float(angles[layer] - angles[0])
            points.append(Point(layer, turned, 0.7 * layer, rival=0.0, series=f"angle, b = {b:g}"))
            points.append(Point(layer, float(channels[layer, 0]), 1.0, series="indicator"))
        silent = circuits.exact_trajectory(small, jnp.zeros(1, jnp.int32), jnp.zeros((1, 4)), 5)
        points.append(Point(5, float(jnp.abs(silent).max()), 0.0, series="silent circuit"))
    return Evidence(points, "layer", "angle turned, indicator", slack=1e-4)


@claim(
    "networks.rotation3-growth",
    "With d = 3 an error of the on-indicator is multiplied by 1 + b in every layer; with d = 4 the "
    "step removes it as long as it stays below the threshold.",
    formula=r"\delta^l = (1+b)^l\,\delta^0 \ (d = 3), \qquad \delta^l = 0 \ (d = 4)",
    source="[R]; notes#circuits",
    regime="|delta| < lo, and on > 0",
    expected="holds",
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
        kept = circuits.exact_trajectory(four, jnp.zeros(1, jnp.int32), step, 4)
        for layer in range(1, 5):
            grown = float(states[layer, 0, 0] - 1) / delta
            points.append(Point(layer, grown, (1 + b) ** layer, rival=1, series=f"d = 3, b = {b}"))
            rest = float(kept[layer, 0, 0] - kept[layer, 0, 1] - 1) / delta
            points.append(Point(layer, rest, 0, rival=1, series=f"d = 4, b = {b}"))
    return Evidence(points, "layer", "error / initial error", tolerance=0.01, slack=0.01)


@claim(
    "networks.rotation3-unstable",
    "In a network the squared error of the active indicator grows at least by (1+b)^2 = 4 a layer "
    "with d = 3 and ends above 0.1; with d = 4 it stays a thousand times smaller.",
    formula=r"\mathrm{E}\,\delta^2_{l+1} \geq (1+b)^2\,\mathrm{E}\,\delta^2_l \ (d = 3)",
    source="[R]; notes#circuits",
    regime="n = 300 (d = 4), T = 300, S = 5, z = 2, layers 1 to 3",
    expected="holds",
    rival="noise of every layer adds up without growth: the ratio is at most (l+1)/l",
)
def _rotation3_unstable(run: Run) -> Evidence:
    settings: dict[str, Any] = {
        "network_width": 1200,
        "n_circuits": 300,
        "redundancy": 5,
        "n_layers": 4,
        "n_active": (2,),
        "n_networks": run.choose(16, 60),
        "batch_size": run.choose(60, 400),
    }
    # A ratio of means, its error from the networks: the layers' common ups and downs cancel.
    name = "mse_on_active"
    three = np.array([m[name] for m in run.networks(**settings, circuit="rotation3")[2]])
    four = np.array([m[name] for m in run.networks(**settings)[2]])
    count = len(three)
    points = []
    for layer in range(1, 4):
        before, after = three[:, layer - 1], three[:, layer]
        ratio = float(after.mean() / before.mean())
        error = float((after - ratio * before).std(ddof=1) / before.mean() / count**0.5)
        # Below 1 by definition, E delta^2 saturates in the last layer.
        said, adding = (4.0 if layer < 3 else 3.0), (layer + 1) / layer
        points.append(
            Point(
                layer + 1,
                ratio,
                said,
                error,
                adding,
                count - 1,
                "growth, d = 3",
                "at least",
                "at most",
            )
        )
    share = four[:, 3] / three[:, 3]
    ends: tuple[tuple[str, np.ndarray, float, Relation], ...] = (
        ("E delta^2, d = 3", three[:, 3], 0.1, "at least"),
        ("d = 4 relative to d = 3", share, 1e-3, "at most"),
    )
    for series, values, said, relation in ends:
        error = float(values.std(ddof=1) / count**0.5)
        points.append(
            Point(4, float(values.mean()), said, error, None, count - 1, series, relation)
        )
    return Evidence(points, "layer", "growth of E delta^2, and E delta^2", log_y=True)


@claim(
    "networks.no-overlap-no-error",
    "If no two circuits share a neuron (T S <= n) every construction is exact, in every layer.",
    formula=r"T S \leq n \ \Rightarrow\ \mathrm{E}|\delta a|^2 = 0",
    source="notes#network",
    expected="holds",
    rival="the naive overlap S^2/n of independent sets",
)
def _no_overlap_no_error(run: Run) -> Evidence:
    points = []
    kinds = ("clipped", "plain", "split", "oracle")
    for index, construction in enumerate(run.choose(kinds[:1], kinds)):
        measured = run.measure(
            network_width=400,
            n_circuits=20,
            redundancy=5,
            n_layers=5,
            n_active=(3,),
            batch_size=100,
            construction=construction,
        )[3]
        for metric in ("mse_x_active", "mse_on_inactive", "mse_x_inactive", "mse_on_active"):
            worst = float(measured[metric].max())
            points.append(
                Point(
                    index, worst, 0, rival=3 * theory.mean_overlap_naive(100, 5) / 25, series=metric
                )
            )
    return Evidence(
        points, "clipped, plain, split, oracle", "largest error of 5 layers", slack=1e-10
    )


@claim(
    "networks.inhibition",
    "chi' = U/(S^2 - U) makes the mean unwanted input of the clipped matrix vanish.",
    formula=r"\chi' = \frac{U}{S^2 - U}, \quad U = \mathrm{E}_{t \neq v} \langle e_t, C e_v \rangle",
    source="[R]; notes#inhibition",
    expected="holds",
    rival="U/S^2, which leaves out that the wanted input grows too",
)
def _inhibition(run: Run) -> Evidence:
    points = []
    sizes = ((250, 557, 6), (300, 80, 8), (250, 300, 6), (500, 1000, 4))
    for n, T, S in run.choose(sizes[:1], sizes):
        design = allocation.prime_steps(n, S, T)
        key = jax.random.fold_in(run.key("inhibition"), T)
        small = circuits.Rotation.random(T, key=key)
        net = build(small, design, 2, key=key)
        assert isinstance(net, Clipped)
        to, source = (np.asarray(indicators(net, layer), np.float64) for layer in (1, 0))
        clipped = np.minimum(to.T @ source, 1)
        off = ~np.eye(T, dtype=bool)
        mean = float((to @ clipped @ source.T)[off].mean())
        # <e, (C - chi(1-C)) e> has the mean (1 + chi)·mean - chi·S^2; its zero, by bisection.
        low, high = 0.0, 100.0
        for _ in range(80):
            chi = (low + high) / 2
            low, high = (chi, high) if (1 + chi) * mean - chi * S**2 > 0 else (low, chi)
        built = float(net.inhibition[0, 0])
        points.append(Point(T, built, low, rival=mean / S**2, series=f"n = {n}, S = {S}"))
    return Evidence(points, "T", "chi'", tolerance=1e-4, log_x=True)


@claim(
    "networks.clipped-density",
    "The density of the clipped matrix is 1 - exp(-T S^2/n^2).",
    formula=r"\kappa = 1 - e^{-T S^2 / n^2}",
    source="notes#inhibition (Willshaw's matrix)",
    regime="even loads, T S^2/n^2 up to 1.1; within 5 %",
    expected="holds",
    rival="T S^2/n^2, no clipping",
)
def _clipped_density(run: Run) -> Evidence:
    rng, points, draws = np.random.default_rng(run.seed), [], run.choose(8, 20)
    for q, S, classes in ((41, 6, 4), (41, 6, 14), (41, 6, 41), (31, 8, 10), (61, 4, 30)):
        n, design = q * S, lines(q * S, q, S, np.arange(classes * q))
        found = [
            ((incidence(design, rng).T @ incidence(design, rng)) > 0).mean() for _ in range(draws)
        ]
        crowding = design.n_circuits * S**2 / n**2
        error = float(np.std(found, ddof=1) / draws**0.5)
        points.append(
            Point(
                crowding,
                float(np.mean(found)),
                1 - float(np.exp(-crowding)),
                error,
                crowding,
                draws - 1,
                f"n = {n}, S = {S}",
            )
        )
    return Evidence(points, "T S^2/n^2", "share of ones in C", tolerance=0.05)


@claim(
    "networks.rademacher-interaction",
    "With mean weights of random sign per circuit, two circuits interact with the second moment "
    "T e^2 + 2 e.",
    formula=r"\mathrm{E}_{t \neq v}\left[\left(\langle e_t, W e_v \rangle / S^2\right)^2\right] "
    r"= T e^2 + 2 e",
    source="[R], appendix; notes#interaction",
    regime="S = 2 to 10; within 6 %",
    expected="holds",
    rival="2 e, direct overlap alone",
)
def _rademacher_interaction(run: Run) -> Evidence:
    points, draws = [], run.choose(8, 24)
    for n, T in ((200, 300), (300, 700)):
        for S in (2, 3, 4, 6, 8, 10):
            design = design_for(n, T, S)
            rng = np.random.default_rng([run.seed, n, S])
            found = [interaction(design, rng, "rademacher") for _ in range(draws)]
            e = design.overlap_rate
            points.append(
                Point(
                    S,
                    float(np.mean(found)),
                    design.n_circuits * e**2 + 2 * e,
                    float(np.std(found, ddof=1) / draws**0.5),
                    2 * e,
                    draws - 1,
                    f"n = {n}, T = {T}",
                )
            )
    return Evidence(points, "S", "second moment", tolerance=0.06, log_y=True)
