"""Claims about single erroneous activations: which neurons and circuits, and how often (notes#seizure)."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from ...simulation import forward, sample_inputs
from .._experiment import prepare, samples_key
from ._evidence import Evidence, Point
from ._registry import claim, Run


@eqx.filter_jit
def _erroneous(network, ids, key):
    """Return how often each inactive circuit's indicator exceeds 1/2, by layer: (L, T)."""
    inputs = sample_inputs(network.circuits, 1, network.n_layers, ids, key=key)
    samples = jnp.arange(ids.shape[0])[None, :]

    def observe(view, truth):
        del truth
        on = (view.estimates[0] > 0.5).at[inputs.active, samples].set(False)
        return on.astype(jnp.float32).mean(axis=1)

    return forward(network, inputs, observe)


@claim(
    "activations.most-loaded-circuits",
    "Erroneous activation picks out circuits on crowded neurons: it is at least 5 times as frequent "
    "in the most loaded fifth of the circuits as in the least.",
    formula=r"P(\hat\alpha > 1/2\ |\ \mathrm{top\ fifth}) > 5\,P(\hat\alpha > 1/2\ |\ "
    r"\mathrm{bottom\ fifth})",
    source="notes#seizure (about 15 times)",
    regime="prime steps, D = 1000, T = 557, S = 6, z = 1, layer 3",
    expected="holds",
    rival="loads make no difference",
)
def _most_loaded(run: Run) -> Evidence:
    settings: dict[str, Any] = {"n_layers": 3, "n_networks": run.choose(16, 60)}
    experiment, samples = run.experiment(**settings), run.choose(300, 1000)
    most, least = [], []
    for index in range(experiment.n_networks):
        _, design, network = prepare(experiment, index)
        found = _erroneous(network, jnp.arange(samples), samples_key(experiment, index))
        frequency = np.asarray(jax.device_get(found), np.float64)[2]
        crowd = design.loads[np.asarray(network.placement.sets[2])].sum(axis=1)
        order = np.argsort(crowd, kind="stable")
        fifth = len(order) // 5
        least.append(frequency[order[:fifth]].mean())
        most.append(frequency[order[-fifth:]].mean())
    top, bottom = np.array(most), np.array(least)
    gap = top - 5 * bottom
    error = float(gap.std(ddof=1) / len(gap) ** 0.5)
    note = f"{top.mean() / bottom.mean():.1f} times: {top.mean():.4f} against {bottom.mean():.4f}."
    # As differences, so that a fifth in which nothing ever happens does no harm.
    point = Point(
        3,
        float(gap.mean()),
        0.0,
        error,
        float(-4 * bottom.mean()),
        len(gap) - 1,
        "top fifth - 5 bottom fifth",
        "at least",
        "at most",
    )
    return Evidence([point], "layer", "frequency of erroneous activation", note=note)


@claim(
    "activations.hits-at-layer-two",
    "At layer 2 an on-neuron fires by mistake if at least three of the six active neurons reach it "
    "through the clipped matrix: a binomial tail.",
    formula=r"P(\mathrm{on}) = \frac{z S}{n} + \left(1 - \frac{z S}{n}\right) P(K \geq 3),\ "
    r"K \sim \mathrm{Bin}(6, \kappa),\ \kappa = 1 - e^{-T S^2/n^2}",
    source="notes#seizure",
    regime="prime steps, D = 1000, T = 557, S = 6, z = 1; within 15 %",
    expected="holds",
    rival="at least two hits are enough",
)
def _hits(run: Run) -> Evidence:
    settings: dict[str, Any] = {
        "n_networks": run.choose(12, 40),
        "batch_size": run.choose(250, 500),
        "n_active": run.choose((1,), (1, 2, 3)),
    }
    measured = run.measure(**settings)[1]
    name = "frac_active_neurons_block0"
    n, T, S = 250, 557, 6
    kappa = 1 - np.exp(-T * S**2 / n**2)
    own = S / n
    tails = [own + (1 - own) * float(stats.binom.sf(hits - 1, S, kappa)) for hits in (3, 2)]
    point = Point(
        2,
        measured[name][1],
        tails[0],
        measured.stderr_of(name)[1],
        tails[1],
        settings["n_networks"] - 1,
        "on0",
    )
    return Evidence([point], "layer", "share of active neurons", tolerance=0.15)
