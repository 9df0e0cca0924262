"""Claims about single erroneous activations: which neurons and circuits, and how often (notes#seizure)."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...simulation import (
    configurations_of,
    forward,
    LayerView,
    parts_of,
    prepare,
    sample_inputs,
    samples_key,
)
from ._evidence import Evidence, Point
from ._measured import built_chi, measured_at, share_of_hits
from ._reference import headline
from ._registry import claim, Run


@eqx.filter_jit
def _erroneous(network, ids, key):
    """Return how often each inactive circuit's indicator exceeds 1/2, by layer: (L, T)."""
    inputs = sample_inputs(network.circuits, 1, network.n_layers, ids, key=key)
    samples = jnp.arange(ids.shape[0])[None, :]

    def observe(view: LayerView):
        on = (view.estimates[0] > 0.5).at[view.active, samples].set(False)
        return on.astype(jnp.float32).mean(axis=1)

    return forward(network, inputs, observe)


@claim(
    "activations.most-loaded-circuits",
    "Erroneous activation picks out circuits on crowded neurons: it is at least 8 times as frequent "
    "in the most loaded fifth of the circuits as in the least.",
    tier="guard",
    formula=r"P(\hat\alpha > 1/2\ |\ \mathrm{top\ fifth}) > 8\,P(\hat\alpha > 1/2\ |\ "
    r"\mathrm{bottom\ fifth})",
    source="notes#seizure (about 15 times)",
    regime="prime steps, D = 1000, T = 557, S = 6, z = 1, layer 3",
    expected="established",
    rival="loads make little difference: at most 2 times",
)
def _most_loaded(run: Run) -> Evidence:
    settings: dict[str, Any] = {"n_layers": 3, "n_networks": run.draws(24, 60)}
    experiment, samples = run.experiment(**settings), run.choose(300, 1000)
    parts = parts_of(experiment.configuration)
    most, least = [], []
    for configuration in configurations_of(experiment, 1):
        network = prepare(configuration, parts)
        erroneous = _erroneous(network, jnp.arange(samples), samples_key(configuration))
        frequency = np.asarray(jax.device_get(erroneous), np.float64)[2]
        crowd = parts.allocation.loads[np.asarray(network.placement.sets[2])].sum(axis=1)
        order = np.argsort(crowd, kind="stable")
        fifth = len(order) // 5
        least.append(frequency[order[:fifth]].mean())
        most.append(frequency[order[-fifth:]].mean())
    top, bottom = np.array(most), np.array(least)
    note = f"{top.mean() / bottom.mean():.1f} times: {top.mean():.4f} against {bottom.mean():.4f}."
    relations: dict[str, Any] = {"relation": "at least", "rival_relation": "at most"}
    point = Point.ratio(
        3, top, bottom, 8.0, rival=2.0, series="top fifth / bottom fifth", **relations
    )
    return Evidence([point], "layer", "ratio of frequencies", note=note)


@claim(
    "activations.hits-at-layer-two",
    "At layer 2 an on-neuron fires by mistake if enough active neurons reach it through the clipped "
    "matrix: a binomial tail, from three of six on at z = 1.",
    tier="science",
    formula=r"P(\mathrm{on}) = \frac{z S}{n} + \left(1 - \frac{z S}{n}\right) "
    r"P\left((1+\chi') K > \chi' z S + lo\,S\right),\ K \sim \mathrm{Bin}(z S, \kappa_r),\ "
    r"\kappa_r = 1 - \left(1 - \frac{r' - 1}{T - 1}\right)^r",
    source="notes#seizure",
    regime="prime steps, D = 1000, T = 557, S = 6, z = 1 (to 3); within 20 %",
    expected="established",
    rival="one hit fewer is enough",
)
def _hits(run: Run) -> Evidence:
    by_z, points, allocation = headline(run), [], run.allocation()
    chi = built_chi(run.experiment())
    for z, measured in by_z.items():
        tails = [share_of_hits(z, allocation, chi, spare) for spare in (0, 1)]
        name = "frac_active_neurons_block0"
        points.append(measured_at(measured, name, 2, *tails, x=z, series="on0"))
    return Evidence(points, "z", "share of active neurons, layer 2", tolerance=0.2)
