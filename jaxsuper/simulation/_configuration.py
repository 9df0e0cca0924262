"""One configuration: a network and what it is measured on, from plain settings and one seed.

Everything random is derived here, from the seed and the number of the network alone, so that a
single simulation and any sweep, on any device, draw the same numbers.
"""

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from .._errors import check, one_of
from .._settings import Configuration as Configuration
from .._types import KeyScalar
from ..allocation import Allocation
from ..circuits import AbstractCircuits, make, width_of
from ..network import AbstractNetwork, assemble, constructions, indicator_schemes, parts_for


# Constructions with inhibition.
INHIBITED = ("clipped", "cleaned", "oracle", "separate", "carried", "early-guess")
# Settings of indicators with neurons of their own.
OWN_INDICATORS = ("indicator", "indicator_redundancy", "indicator_share", "indicator_copies")
# Families of which every seed gives another draw.
SEEDED = ("random", "auto")
# A `Configuration`, or anything else with its attributes but `n_active` and `network`.
Settings: TypeAlias = Any


# Purposes of the keys folded from the network's key, in the order of `network_keys`.
_N_PURPOSES = 4


def network_keys(seed: Any, network: Any) -> Key[Array, "4"]:
    """Return the keys of a network: for its circuits, shuffles, samples and random sets.

    Args:
        seed: 0..2^32-1, concrete or traced.
        network: which of the independent networks of this seed.

    Returns:
        Four typed keys.
    """
    root = jax.random.fold_in(jax.random.key(jnp.asarray(seed, jnp.uint32)), network)
    return jax.vmap(lambda purpose: jax.random.fold_in(root, purpose))(jnp.arange(_N_PURPOSES))


def samples_key(seed: int, network: int = 0) -> KeyScalar:
    """Return the root key of the samples that a network is measured on."""
    return network_keys(seed, network)[2]


def check_settings(given: Settings) -> None:
    """Check what can be checked before anything is built.

    Args:
        given: the settings.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    for name in ("network_width", "n_circuits", "redundancy", "n_layers", "batch_size"):
        check(getattr(given, name) >= 1, name, "must be at least 1", getattr(given, name))
    check(0 <= given.seed < 2**32, "seed", "must lie in 0..2^32-1", given.seed)
    one_of(indicator_schemes(), given.indicator, "indicator")
    one_of(constructions(), given.construction, "construction")
    width = width_of(given.circuit)
    check(
        given.network_width % width == 0 or given.indicator_share > 0,
        "network_width",
        f"must be divisible by the circuit width {width}",
        given.network_width,
        f"use {given.network_width // width * width or width}",
    )
    if given.construction not in INHIBITED:
        rule = f"must be left alone for the construction {given.construction!r}"
        check(given.inhibition == "scalar", "inhibition", rule, given.inhibition)
        check(given.inhibition_factor == 1, "inhibition_factor", rule, given.inhibition_factor)
    factor = given.inhibition_factor
    check(
        0 <= factor < float("inf"), "inhibition_factor", "must be finite and not negative", factor
    )


def check_active(n_active: int, n_circuits: int) -> None:
    """Raise a `ValueError` unless 1 <= z <= T."""
    rule = f"must lie in 1..{n_circuits}, the number of circuits"
    check(1 <= n_active <= n_circuits, "n_active", rule, n_active)


def parameters_of(given: Settings) -> dict[str, float]:
    """Return the parameters of the circuits."""
    names = ("lower_threshold", "upper_threshold", "gate_bias")
    return {name: getattr(given, name) for name in names}


def _choices_of(given: Settings) -> dict[str, Any]:
    """Return the settings that decide which designs a network is made of."""
    names = ("network_width", "redundancy", "allocation", "construction", *OWN_INDICATORS)
    return {name: getattr(given, name) for name in names}


def depends_on_seed(given: Settings) -> bool:
    """Return whether the sets differ from seed to seed, not just their shuffles."""
    return given.allocation in SEEDED or given.indicator_copies > 1


def parts_of(given: Settings, network: int = 0) -> tuple[str, Allocation, Allocation | None]:
    """Return what a configuration's network is built of, see `network.parts_for`.

    Raises:
        ValueError: for settings that do not fit together.
    """
    key = network_keys(given.seed, network)[3] if depends_on_seed(given) else None
    return parts_for(given.n_circuits, width_of(given.circuit), key=key, **_choices_of(given))


def design_of(given: Settings, network: int = 0) -> Allocation:
    """Return the sets of a configuration's network, those of the payload if it has two parts.

    Raises:
        ValueError: if the family does not hold so many circuits.
    """
    return parts_of(given, network)[1]


def prepare(
    given: Settings, network: int = 0
) -> tuple[AbstractCircuits, Allocation, AbstractNetwork]:
    """Build a network from its settings.

    Args:
        given: the settings.
        network: which of the independent networks of this seed.

    Returns:
        (circuits, allocation, network).

    Raises:
        ValueError: for settings that do not fit together.
    """
    check_settings(given)
    keys = network_keys(given.seed, network)
    circuits = make(given.circuit, given.n_circuits, key=keys[0], **parameters_of(given))
    options: dict[str, Any] = {}
    if given.construction in INHIBITED:
        options = {"inhibition": given.inhibition, "inhibition_factor": given.inhibition_factor}
    design, made = assemble(
        circuits,
        given.n_layers,
        key=keys[1],
        sets_key=keys[3],
        precision=given.precision,
        **_choices_of(given),
        **options,
    )
    return circuits, design, jax.block_until_ready(made)
