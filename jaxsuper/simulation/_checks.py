"""Checks of settings, before anything is built."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from .._errors import check, check_kind, one_of
from .._limits import (
    check_cost,
    check_index,
    check_integer,
    check_optional,
    check_seed,
    check_single,
    Cost,
)
from .._settings import Configuration, Experiment
from ..allocation import families
from ..circuits import check_kind_name, check_parameters, kinds, layout_of, width_of
from ..network import (
    construction_for,
    constructions,
    indicator_schemes,
    inhibition_rules,
    PRECISIONS,
    Traits,
    traits_of,
)
from ._cost import experiment_cost, memories, network_cost
from ._inputs import checked_share
from ._parameters import parameters_of
from ._programs import check_edges_fit, check_edges_name


_SIZES = ("network_width", "n_circuits", "redundancy", "n_layers", "batch_size")
_COUNTS = (*_SIZES, "n_active", "indicator_copies")
# Asked when they are needed: what is registered later counts too.
CHOICES: dict[str, Callable[[], Sequence[str]]] = {
    "circuit": kinds,
    "construction": constructions,
    "allocation": families,
    "indicator": indicator_schemes,
    "inhibition": inhibition_rules,
    "precision": lambda: PRECISIONS,
}


def check_setting(name: str, value: Any, place: str = "") -> None:
    """Raise a `ValueError` for a value that a setting can have with no others.

    Args:
        name: of a field of `Configuration`.
        value: of the setting.
        place: what it is called in the error, by default the name.
    """
    place = place or name
    if name == "circuit":
        check_kind(place, value, str)
        check_kind_name(value, place)
    elif name in CHOICES:
        one_of(CHOICES[name](), value, place)
    elif name == "edges":
        check_kind(place, value, str)
        check_edges_name(value, place)
    elif name in _COUNTS:
        check_index(place, value)
    elif name == "indicator_redundancy":
        check_index(place, value, least=0)
    elif name in ("seed", "network"):
        check_seed(place, value)
    else:
        check_single(place, value)


def check_settings(configuration: Configuration) -> None:
    """Check the settings of a network and its batch, those of its circuits included.

    Args:
        configuration: the settings.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    settings = configuration
    check_kind("configuration", configuration, Configuration)
    for field in fields(Configuration):
        check_setting(field.name, getattr(settings, field.name))
    traits = traits_of(settings.construction)
    width = width_of(settings.circuit)
    check(
        settings.network_width % width == 0 or settings.indicator_share > 0,
        "network_width",
        f"must be divisible by the circuit width {width}",
        settings.network_width,
        f"use {settings.network_width // width * width or width}",
    )
    factor = settings.inhibition_factor
    if not traits.inhibited:
        rule = f"must be left alone for the construction {settings.construction!r}"
        check(settings.inhibition == "scalar", "inhibition", rule, settings.inhibition)
        check(factor == 1, "inhibition_factor", rule, factor)
    fits = 0 <= factor < float("inf")
    check(fits, "inhibition_factor", "must be finite and not negative", factor)
    check_parameters(settings.circuit, **parameters_of(settings))
    built = _traits(settings)
    needs = built.needs
    suits = needs.fits(layout_of(settings.circuit))
    check(suits, "circuits", needs.rule, settings.circuit, f"use {needs.kind}")
    check_edges_fit(settings, built)


def own_indicators_of(configuration: Configuration) -> tuple[int, float, int]:
    """Return redundancy, share and copies of indicators with neurons of their own."""
    return (
        configuration.indicator_redundancy,
        configuration.indicator_share,
        configuration.indicator_copies,
    )


def check_active(n_active: int, n_circuits: int) -> None:
    """Raise a `ValueError` unless 1 <= z <= T."""
    check_integer("n_active", n_active)
    rule = f"must lie in 1..{n_circuits}, the number of circuits"
    check(1 <= n_active <= n_circuits, "n_active", rule, n_active)


def _traits(configuration: Configuration) -> Traits:
    own = own_indicators_of(configuration)
    indicator = configuration.indicator
    return traits_of(construction_for(configuration.construction, indicator, own))


_NETWORK = ("network_width", "n_circuits", "n_layers", "redundancy", "indicator_copies")


def _least(n_active: int) -> dict[str, int]:
    """Return how few circuits there can be, and how many neurons for one."""
    return {"n_circuits": n_active, "network_width": 2}


def check_network_fits(
    configuration: Configuration,
    names: Sequence[str] = _NETWORK,
    remedy: str = "",
    shares: int = 1,
) -> None:
    """Raise a `ValueError` if a network needs more memory than there is.

    Args:
        configuration: settings that `check_settings` has passed.
        names: of the sizes that could be lowered.
        remedy: what else would help.
        shares: on how many accelerators it lies.

    Raises:
        ValueError: says what is needed, what there is and what fits.
    """
    traits = _traits(configuration)

    def cost(**sizes: Any) -> Cost:
        whole = network_cost(replace(configuration, **sizes), traits)
        return Cost(whole.bytes / memories(shares))

    check_cost(
        cost,
        {name: getattr(configuration, name) for name in names},
        remedy,
        _least(configuration.n_active),
    )


def check_experiment(experiment: Experiment) -> None:
    """Check what can be checked before anything is built, memory and time included.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    check_kind("experiment", experiment, Experiment)
    configuration = experiment.configuration
    check_settings(configuration)
    count, chunk = experiment.n_networks, experiment.chunk
    check_index("n_networks", count)
    check_seed("network", configuration.network + count - 1)
    for z in experiment.n_active:
        check_active(z, configuration.n_circuits)
    check_optional("chunk", chunk)
    mistaken = checked_share(experiment.erroneous_share) is not None
    traits = _traits(configuration)

    def cost(n_networks: int, chunk: int | None = chunk, **sizes: Any) -> Cost:
        made = replace(configuration, **sizes)
        return experiment_cost(made, traits, experiment.n_active, n_networks, chunk, mistaken)

    names = (*_SIZES, "indicator_copies")
    sizes = {name: getattr(configuration, name) for name in names} | {"n_networks": count}
    if chunk is not None:
        sizes["chunk"] = chunk
    check_cost(cost, sizes, least=_least(max(experiment.n_active)))
