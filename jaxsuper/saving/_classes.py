"""What can be saved, by short names: a file says these, never where code lies."""

from dataclasses import is_dataclass
from typing import Any

from .. import allocation, circuits, features, logic, network, programs, simulation
from .._errors import bad, check


_FIXED: dict[str, type[Any]] = {
    "layout": circuits.Layout,
    "circuits.mlp": circuits.MLP,
    "circuits.gated": circuits.Gated,
    "circuits.guarded": circuits.Guarded,
    "circuits.centered-rotation": circuits.CenteredRotation,
    "allocation": allocation.Allocation,
    "allocation.extent": allocation.Extent,
    "allocation.padded": allocation.Padded,
    "allocation.widened": allocation.Widened,
    "network.placement": network.Placement,
    "network.links": network.Links,
    "network.dense": network.DenseNetwork,
    "program": programs.Program,
    "program.edge": programs.Edge,
    "program.decision": programs.Decision,
    "program.edges": programs.Edges,
    "measurement": simulation.Measurement,
    "configuration": simulation.Configuration,
    "experiment": simulation.Experiment,
    "features.embedding": features.Embedding,
    "features.linear": features.Linear,
    "features.rectified": features.Rectified,
    "features.threshold": features.Threshold,
    "logic.universal-and": logic.UniversalAnd,
}
_added: dict[str, type[Any]] = {}


def classes() -> dict[str, type[Any]]:
    """Return all classes by name; kinds of circuits and constructions as they are registered."""
    kinds = {f"circuits.{kind}": circuits.class_of(kind) for kind in circuits.kinds()}
    built = {f"network.{name}": network.class_of(name) for name in network.constructions()}
    return {**_FIXED, **kinds, **built, **_added}


def register(name: str, kind: type[Any]) -> None:
    """Add a class, so that its instances can be saved, also as parts of others.

    Kinds of circuit and constructions are known by their own `register`. Whoever loads such a file
    has to register the class by the same name first.

    Args:
        name: what files call it.
        kind: an Equinox module or a dataclass whose fields can be saved: arrays, numbers, texts,
            tuples, lists, tables, and what is registered. No functions.

    Raises:
        ValueError: if there is a class of that name, or it has no fields.
    """
    check(name not in classes(), "name", "must be new", repr(name))
    fields = isinstance(kind, type) and is_dataclass(kind)
    check(fields, "kind", "must be an Equinox module or a dataclass", repr(kind))
    _added[name] = kind


def name_of(value: Any, where: str) -> str:
    """Return the name of a value's class.

    Raises:
        ValueError: if it is not known; says where the value stands.
    """
    for name, kind in classes().items():
        if type(value) is kind:
            return name
    rule = "must be made of arrays, numbers, texts, lists, tables and classes that are known"
    given = f"{type(value).__module__}.{type(value).__qualname__} at {where}"
    remedy = "name its class with `jaxsuper.saving.register`"
    raise bad("thing", rule, given, "" if callable(value) and not is_dataclass(value) else remedy)
