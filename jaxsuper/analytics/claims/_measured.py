"""Points from measurements of networks; what is known of single neurons and of every input."""

from typing import Any

import numpy as np
from scipy import stats

from ... import features
from ...allocation import Allocation
from ...simulation import Experiment, Measurement, prepare
from ._evidence import Point, Real, Relation


def measured_at(
    measurement: Measurement,
    metric: str,
    layer: int,
    predicted: Real,
    rival: Real | None = None,
    *,
    x: Real | None = None,
    unit: Real = 1.0,
    series: str = "",
    relation: Relation = "equal",
    rival_relation: Relation | None = None,
) -> Point:
    """Return the point of one metric in one layer, with the networks as the unit of its error.

    Args:
        measurement: averaged over networks.
        metric: its name.
        layer: l, from 1.
        predicted: by the claim.
        rival: by the rival.
        x: where the point stands; the layer if left out.
        unit: what the measured value and its error are divided by.
        series: of the plot.
        relation: of measured to predicted.
        rival_relation: of measured to the rival.

    Returns:
        The point.
    """
    return Point(
        layer if x is None else x,
        measurement[metric][layer - 1] / unit,
        predicted,
        stderr=measurement.stderr_of(metric)[layer - 1] / unit,
        rival=rival,
        freedom=measurement.n_networks - 1,
        series=series,
        relation=relation,
        rival_relation=rival_relation,
    )


def ratio_at(
    above: Measurement,
    below: Measurement,
    layer: int,
    most: Real,
    least: Real,
    *,
    x: Real | None = None,
    series: str = "",
) -> Point:
    """Return the ratio of the errors of active vectors in two independent measurements.

    Args:
        above: of the numerator.
        below: of the denominator, on as many networks.
        layer: l, from 1.
        most: what the claim says the ratio is at most.
        least: what the rival says it is at least.
        x: where the point stands; the layer if left out.
        series: of the plot.

    Returns:
        The point; its standard error takes the two for independent.
    """
    metric, both = "mse_x_active", (above, below)
    values = [measurement[metric][layer - 1] for measurement in both]
    spreads = [measurement.stderr_of(metric)[layer - 1] for measurement in both]
    ratio = values[0] / values[1]
    return Point(
        layer if x is None else x,
        ratio,
        most,
        stderr=ratio * np.hypot(spreads[0] / values[0], spreads[1] / values[1]),
        rival=least,
        freedom=below.n_networks - 1,
        series=series,
        relation="at most",
        rival_relation="at least",
    )


def built_chi(experiment: Experiment) -> float:
    """Return chi' of the first layer of a clipped network, as it is built."""
    network: Any = prepare(experiment.configuration)
    return float(network.inhibition[0, 0])


def share_of_hits(z: int, allocation: Allocation, chi: float, spare: int = 0) -> float:
    """Return the share of on-neurons that are active at layer 2, erroneously active ones included.

    A neuron of an idle circuit meets each of the z S active neurons if one of its circuits uses
    that neuron too, and fires if what it receives, ((1 + chi') K - chi' z S)/S, exceeds lo = 1/4.

    Args:
        z: active circuits.
        allocation: of both layers.
        chi: chi'.
        spare: so many hits fewer do, for a rival.

    Returns:
        The share of the neurons of a block.
    """
    loads, S = allocation.loads.astype(float), allocation.redundancy
    own = z * S / allocation.block_width
    others = float((loads * (loads - 1)).sum() / loads.sum())  # on an active neuron
    kappa = 1 - (1 - others / (allocation.n_circuits - 1)) ** loads
    hits = int(np.floor((0.25 * S + chi * z * S) / (1 + chi))) + 1 - spare
    return own + (1 - own) * float(stats.binom.sf(hits - 1, z * S, kappa).mean())


def all_inputs(T: int, z: int) -> np.ndarray:
    """Return every input with z of T features active, (C(T, z), T), in double precision."""
    sets = features.active_sets(T, z)
    inputs = np.zeros((len(sets), T))
    np.put_along_axis(inputs, sets, 1, axis=1)
    return inputs


def exact_error(embedding: features.Embedding, readout: features.Linear, z: int) -> float:
    """Return the mean squared error over every single input, in double precision."""
    inputs = all_inputs(embedding.n_features, z)
    vectors = np.asarray(embedding.vectors, np.float64)
    outputs = inputs @ vectors @ np.asarray(readout.weights, np.float64).T
    return float(((inputs - outputs) ** 2).sum(axis=1).mean())


def some_embeddings(T: int, D: int, key) -> dict[str, features.Embedding]:
    """Return embeddings of all kinds that exist for T features in D neurons."""
    return {
        "random": features.random_unit(T, D, key=key),
        "shared": features.shared_neurons(T, D, key=key),
        "tight": features.tight_frame(T, D, key=key),
        "dedicated": features.one_per_neuron(T, D),
    }
