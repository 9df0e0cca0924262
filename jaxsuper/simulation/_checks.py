"""Checks of settings, before anything is built."""

from .._errors import check, one_of
from .._settings import Configuration, Experiment
from ..circuits import check_parameters, layout_of, width_of
from ..network import construction_for, indicator_schemes, traits_of
from ._parameters import parameters_of


_SIZES = ("network_width", "n_circuits", "redundancy", "n_layers", "batch_size")


def check_settings(configuration: Configuration) -> None:
    """Check the settings of a network and its batch, those of its circuits included.

    Args:
        configuration: the settings.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    settings = configuration
    for name in _SIZES:
        check(getattr(settings, name) >= 1, name, "must be at least 1", getattr(settings, name))
    for name in ("seed", "network"):
        value = getattr(settings, name)
        check(0 <= value < 2**32, name, "must lie in 0..2^32-1", value)
    one_of(indicator_schemes(), settings.indicator, "indicator")
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
    own = own_indicators_of(settings)
    needs = traits_of(construction_for(settings.construction, settings.indicator, own)).needs
    suits = needs.fits(layout_of(settings.circuit))
    check(suits, "circuits", needs.rule, settings.circuit, f"use {needs.kind}")


def own_indicators_of(configuration: Configuration) -> tuple[int, float, int]:
    """Return redundancy, share and copies of indicators with neurons of their own."""
    return (
        configuration.indicator_redundancy,
        configuration.indicator_share,
        configuration.indicator_copies,
    )


def check_active(n_active: int, n_circuits: int) -> None:
    """Raise a `ValueError` unless 1 <= z <= T."""
    rule = f"must lie in 1..{n_circuits}, the number of circuits"
    check(1 <= n_active <= n_circuits, "n_active", rule, n_active)


def check_experiment(experiment: Experiment) -> None:
    """Check what can be checked before anything is built.

    Raises:
        ValueError: names the argument, the rule, what was given and a remedy.
    """
    check_settings(experiment.configuration)
    count, chunk = experiment.n_networks, experiment.chunk
    check(count >= 1, "n_networks", "must be at least 1", count)
    for z in experiment.n_active:
        check_active(z, experiment.configuration.n_circuits)
    check(chunk is None or chunk >= 1, "chunk", "must be at least 1", chunk)
