"""The predictions of the designs beyond the sources, metric by metric."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .. import theory
from ..network import AbstractNetwork, Carried, Cleaned, Private, Separate


def predict_design(
    network: AbstractNetwork, n_active: int, n_layers: int
) -> dict[str, Float[np.ndarray, " L"]]:
    """Return what the closed forms say of a private, a carried or a cleaned network.

    Args:
        network: any network.
        n_active: z.
        n_layers: L.

    Returns:
        metric -> (L,); nothing for constructions without a closed form, and for carried indicators
        nothing of the payload where closed gates leak (`theory.carried_leak`).
    """
    if isinstance(network, Private):
        return _private(network, n_active, n_layers)
    if isinstance(network, Carried):
        return _carried(network, n_active, n_layers)
    if isinstance(network, Cleaned):
        return _cleaned(network, n_active, n_layers)
    return {}


def _rate(loads: Float[np.ndarray, " n"], redundancy: int, n_circuits: int) -> float:
    """Return e, or 0 for a single circuit, which has none to overlap with."""
    if n_circuits < 2:
        return 0.0
    return theory.overlap_rate_from_loads(loads, redundancy, n_circuits)


def _loads(sets: Int[np.ndarray, "T S"], n: int) -> Float[np.ndarray, " n"]:
    """Return how many circuits use each neuron."""
    return np.bincount(np.asarray(sets).ravel(), minlength=n).astype(np.float64)


def _private(network: Private, z: int, n_layers: int) -> dict[str, Float[np.ndarray, " L"]]:
    n, size, count = network.block_width, network.redundancy, network.n_circuits
    e = _rate(_loads(np.asarray(network.placement.sets[0]), n), size, count)
    # An indicator counts open neurons, once each, like that of the published first layer.
    silent = theory.inactive_first_layer_mse(z, size, e * size**2)
    errors = theory.private_active_mse(n_layers, count, n, size, z, e)
    constant = np.ones(n_layers)
    return {
        "mse_on_active": 0 * constant,
        "mse_on_inactive": silent * constant,
        "mse_x_inactive": z * e * constant,
        "mse_x_active": np.array(errors),
    }


def _cleaned(network: Cleaned, z: int, n_layers: int) -> dict[str, Float[np.ndarray, " L"]]:
    size, count = network.redundancy, network.n_circuits
    loads = _loads(np.asarray(network.placement.sets[0]), network.block_width)
    e = _rate(loads, size, count)
    constant = np.ones(n_layers)
    return {
        "mse_on_active": 0 * constant,
        "mse_on_inactive": theory.inactive_first_layer_mse(z, size, e * size**2) * constant,
        "mse_x_inactive": z * e * constant,
        "mse_x_active": np.array(theory.cleaned_active_mse(n_layers, count, e, z)),
    }


def _carried(network: Carried, z: int, n_layers: int) -> dict[str, Float[np.ndarray, " L"]]:
    own, size, count = network.indicator_width, network.indicator_redundancy, network.n_circuits
    payload, large = network.block_width - own, network.payload_redundancy
    sets = np.asarray(network.placement.sets[0])
    e_a = _rate(_loads(sets[:, :size], own), size, count)
    e_x = _rate(_loads(sets[:, size:] - own, payload), large, count)
    gate_bias = (float(network.circuits.mean_weights()[0, -1, 0])) - 1
    errors = theory.carried_active_mse(n_layers, count, own, size, payload, large, z, gate_bias)

    def counted(others: int) -> float:
        """E(k/S)^2 for k indicator neurons shared with several circuits, counted each time."""
        return others * e_a + others * (others - 1) * (e_a * size) ** 2

    constant = np.ones(n_layers)
    indicators = {
        "mse_on_active": counted(z - 1) * constant,
        "mse_on_inactive": counted(z) * constant,
    }
    leak = theory.carried_leak(count, own, size, payload, large, z, gate_bias)
    if leak > theory.CARRIED_LEAK_LIMIT:
        return indicators
    return {
        **indicators,
        "mse_x_inactive": z * (3 * e_x + 2 * e_a) * constant,
        "mse_x_active": np.array(errors),
    }


def separate_evolution(
    network: Separate, n_active: int, n_layers: int, inhibition: str = "scalar"
) -> dict[str, Float[np.ndarray, " L"]]:
    """Return the state evolution of a network whose indicators have neurons of their own.

    Args:
        network: with rotation circuits.
        n_active: z.
        n_layers: L.
        inhibition: what it was built with.

    Returns:
        metric -> (L,), collapse included.
    """
    own, size = network.indicator_width, network.indicator_redundancy
    sets = np.asarray(network.placement.sets[0])
    indicators, payload = sets[:, :size], sets[:, size:] - own
    width = network.block_width - own
    circuits: Any = network.circuits
    return theory.separate_evolution(
        _loads(indicators, own)[indicators],
        own,
        _loads(payload, width)[payload],
        width,
        n_active,
        n_layers,
        float(circuits.lower_threshold),
        float(circuits.upper_threshold),
        float(circuits.gate_bias),
        float(network.inhibition_factor),
        inhibition,
    )
