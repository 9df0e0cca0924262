"""The two ends of every score: an answer drawn at random, and the truth itself."""

import numpy as np

from ._answer import Answer, answer_of
from ._components import dense_pairs, parts_of
from ._export import Export, reported_of, sizes_of
from ._truth import indicators, paths, templates


def random_answer(answer: Answer, export: Export, seed: int = 0) -> Answer:
    """Return an answer of the same form, of Gaussian directions and uniform indices.

    Components have the norm of the weights together. Owners and pairs stay.

    Args:
        answer: whose form is taken.
        export: the network.
        seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    for name, values in answer.arrays.items():
        kind, *rest = name.split(".")
        if values.dtype.kind == "f":
            found[name] = generator.standard_normal(values.shape, np.float32)
        elif rest[-1] in ("owner", "pair"):
            found[name] = values
        else:
            of = int(rest[0]) + (int(rest[1]) if rest[-1] == "targets" else 0)
            count = len(answer[f"directions.{reported_of(export)[of]}"])
            found[name] = generator.integers(0, count, values.shape)
        if kind == "components" and rest[-1] == "u":
            weights = np.asarray(export.model[f"layers.{rest[0]}.weight"])
            expected = (values.shape[0] * weights.size) ** 0.5
            found[name] *= np.float32(np.linalg.norm(weights) / expected)
    return answer_of(found, "random")


def oracle_answer(answer: Answer, export: Export) -> Answer:
    """Return the truth in the form of an answer: mean activities, indicators, pairs, true edges.

    Args:
        answer: whose form is taken.
        export: the network.
    """
    n_neurons, _, _ = sizes_of(export)
    found: dict[str, np.ndarray] = {}
    reported = reported_of(export)
    wanted = set(answer.layers("directions"))
    for place, hops in answer.edges():
        true = paths(export, place, hops)
        if len(true):
            found[f"edges.{place}.{hops}.sources"] = true[:, 0]
            found[f"edges.{place}.{hops}.targets"] = true[:, 1]
            wanted |= {reported[place], reported[place + hops]}
    for layer in sorted(wanted):
        found[f"directions.{layer}"] = templates(export, layer)
    for layer in answer.layers("indicators"):
        found[f"indicators.{layer}"] = indicators(export, layer)
    for layer in answer.layers("components"):
        parts = parts_of(export, layer)
        found[f"components.{layer}.u"], found[f"components.{layer}.v"] = dense_pairs(
            parts, n_neurons
        )
        found[f"components.{layer}.owner"] = parts.part
        if f"components.{layer}.pair" in answer:
            found[f"components.{layer}.pair"] = np.arange(len(parts.part))
    return answer_of(found, "oracle")
