"""The model card of an exported network: what it is, how well it does, and how to load it."""

from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Any

from ._format import Config, PICTURE


_TEXT = "card.txt"
_MASKED = """The construction is no ReLU network: after every layer all neurons are set to 0 but those of
the circuits in `active` (`neurons.k` of `truth.safetensors`), and nothing else is done to them. In the
lines above put this mask in the place of the ReLU.

"""
# Squares of rounding errors in single precision lie below it.
_ROUNDING = 1e-10
# Errors that the card shows by layer.
_SHOWN = ("mse", "frac_samples", "frac_inactive")


def _number(value: Any) -> str:
    if value is None:
        return ""
    return "0" if abs(value) < _ROUNDING else f"{value:.3g}"


def _times(naive: Any, own: Any) -> str:
    """Return how many times lower an error is."""
    if naive is None or own is None:
        return ""
    return "exact" if own < _ROUNDING else f"{naive / own:.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _errors(config: Config) -> str:
    """Return errors by layer: metrics down, layers across."""
    names = list(dict.fromkeys(row["metric"] for row in config.measured))
    rows = []
    for name in names:
        if name.startswith(_SHOWN):
            cells = [row for row in config.measured if row["metric"] == name]
            rows.append(
                [f"`{name}`", *(f"{_number(c['value'])} ± {_number(c['stderr'])}" for c in cells)]
            )
    return _table(["", *(f"layer {l + 1}" for l in range(config.n_layers))], rows)


def _position(config: Config) -> str:
    one = config.position
    if not one:
        return (
            "The theory of the seizure does not speak of this network: circuits that switch each other, or "
            "a construction whose indicators are not computed by a step of the clipped sum."
        )
    ends = {
        "seizure": "the network seizes: noise switches on circuits that are off",
        "dying": "active circuits die",
        "sets": "the sets hold no more circuits",
    }[one["ends_by"]]
    return (
        f"T / T_c = **{one['distance']:.3g}** for z = {one['n_active']}, where T_c = "
        f"{one['critical']:.4g} is the T beyond which {ends} within {config.n_layers} layers (density "
        "evolution with the loads of this design's sets). Below 1 the network is quiet."
    )


def _baseline(config: Config) -> str:
    """Return the naive baseline beside the network: one row for each z, of the last layer."""
    shown = [name for name in config.readouts if name != "on"] or list(config.readouts)
    rows = []
    for row in config.baseline:
        if row["readout"] not in shown:
            continue
        rows.append(
            [
                row["n_active"],
                row["layer"],
                f"{_number(row['active'])} ± {_number(row['active_stderr'])}",
                _number(row["naive"]),
                _times(row["naive"], row["active"]),
                _number(row["naive_every"]),
                _number(row["every"]),
                _number(row["gated"]),
                _times(row["naive_every"], row["gated"]),
            ]
        )
    head = [
        "z",
        "layer",
        "network, active",
        "naive, active",
        "times better",
        "naive, all T",
        "network, all T",
        "the same, gated",
        "times better",
    ]
    return _table(head, rows)


def _labels(config: Config) -> str:
    names = list(config.labels[0]) if config.labels else []
    rows = [[k, *(one[name] for name in names)] for k, one in enumerate(config.labels, 1)]
    return _table(["into layer", *names], rows)


def card_of(config: Config, drawn: bool = False) -> str:
    """Return the card as Markdown.

    Args:
        config: all that it says.
        drawn: whether there is a picture of its errors beside it.
    """
    text = (resources.files(__name__.rpartition(".")[0]) / _TEXT).read_text(encoding="utf-8")
    settings = ", ".join(f"`{name}` {value}" for name, value in config.settings.items())
    each = "circuits that switch each other on" if config.program else "circuits"
    return Template(text).substitute(
        circuits=config.n_circuits,
        each=each,
        neurons=config.n_neurons,
        relu=config.n_relu,
        width=config.circuit_width,
        layers=config.n_layers,
        construction=config.construction,
        version=config.made_with.get("jaxsuper", ""),
        active=config.n_active,
        naive=config.n_neurons // config.circuit_width,
        position=_position(config),
        errors=_errors(config),
        baseline=_baseline(config),
        picture=f"![errors by layer, and those of the naive baseline]({PICTURE})\n\n"
        if drawn
        else "",
        labels=_labels(config),
        masked=_MASKED if config.activation == "masked" else "",
        inputs=config.inputs,
        samples=config.n_samples,
        seed=config.seed,
        settings=f"{settings}." if settings else "Made by hand.",
    )
