"""A design in words: its choices, and the command that measures it."""

from dataclasses import fields

from ..simulation import Configuration
from ._problem import Design


# Settings that `simulate_line` writes in every line, in this order.
_SIZES = ("network_width", "n_circuits", "redundancy", "n_active", "n_layers")
# Settings that it does not copy: the two are set by what is measured, and networks are counted from 0.
_REPLACED = ("batch_size", "seed", "network")


def summary(design: Design) -> str:
    """Return kind and choices of a design in a few words."""
    return f"{design.kind}, {choices(design)}"


def choices(design: Design) -> str:
    """Return the choices of a design in a few words.

    What is usual goes unsaid: transversal sets, blocks on one neuron (S = 1), the published chi,
    and thresholds that the design's error does not depend on.
    """
    configuration, traits = design.configuration, design.traits
    words = []
    if traits.own_indicators:
        words.append(f"S={configuration.indicator_redundancy}/{configuration.redundancy}")
        words.append(f"share={configuration.indicator_share:.3g}")
    elif configuration.redundancy > 1:
        words.append(f"S={configuration.redundancy}")
    if configuration.allocation != "transversal":
        words.append(configuration.allocation)
    if "lower_threshold" in traits.tunable:
        low, high = configuration.lower_threshold, configuration.upper_threshold
        words.append(f"lo/hi={low:.3g}/{high:.3g}")
    words.append(f"b={configuration.gate_bias:.3g}")
    if configuration.inhibition_factor != 1:
        words.append(f"chi*{configuration.inhibition_factor:.3g}")
    return " ".join(words)


def simulate_line(design: Design, samples: int, n_networks: int, chunk: int | None = None) -> str:
    """Return the command that measures a design as it was measured here.

    Args:
        design: its configuration's seed is the one to measure with.
        samples: per network.
        n_networks: independent networks.
        chunk: samples run at once, which decides the last digits.

    Returns:
        A shell command.
    """
    configuration = design.configuration

    def flag(name: str) -> str:
        return f"--{name.replace('_', '-')} {getattr(configuration, name)}"

    words = [flag(name) for name in _SIZES]
    words += [f"--batch-size {samples}", f"--n-networks {n_networks}", flag("seed")]
    for field in fields(Configuration):
        usual = getattr(configuration, field.name) == field.default
        if not usual and field.name not in (*_SIZES, *_REPLACED):
            words.append(flag(field.name))
    if chunk is not None:
        words.append(f"--chunk {chunk}")
    return "jaxsuper simulate " + " ".join(words)
