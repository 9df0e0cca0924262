"""The score of an answer: every metric by layer, beside a random answer and the truth itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from .._errors import check
from ._answer import Answer, check_fits, read_answer
from ._components import component_scores
from ._directions import direction_scores, indicator_scores
from ._edges import edge_scores
from ._ends import oracle_answer, random_answer
from ._export import Export, reported_of
from ._kept import errors_with, Losses
from ._match import FOUND
from ._metrics import LOADS, METRICS
from ._truth import indicators, loads, terciles


class Row(msgspec.Struct, frozen=True):
    """A metric of one layer.

    Attributes:
        metric: its name; the formulas stand at `direction_scores`, `indicator_scores`,
            `component_scores`, `edge_scores` and `errors_with`.
        layer: k, of edges where they start; None: the mean over layers.
        hops: of edges, 0 for all else.
        value: of the answer, in the mean over networks.
        stderr: of that mean over networks; None for one network.
        random: what random answers of the same form get.
        oracle: what the truth gets.
        networks: how many.
    """

    metric: str
    layer: int | None
    hops: int
    value: float
    stderr: float | None
    random: float | None
    oracle: float | None
    networks: int = 1


class Circuits(msgspec.Struct, frozen=True):
    """Circuits of a layer one by one.

    Attributes:
        layer: k.
        load: how many circuits use a neuron of each, in the mean over its neurons.
        values: metric -> its value for each circuit, None where there is none: `cosine_span`, `auc`,
            `loss_full_active`, `loss_kept_active`.
    """

    layer: int
    load: list[float]
    values: dict[str, list[float | None]]


class Score(msgspec.Struct, frozen=True):
    """What an answer about one network is worth.

    Attributes:
        source: the answer's file or method.
        rows: metrics by layer.
        circuits: one by one, by layer.
    """

    source: str
    rows: list[Row]
    circuits: list[Circuits]

    def value(self, metric: str, layer: int | None = None, hops: int = 0) -> float:
        """Return a metric of a layer, or its mean over layers; a `KeyError` if it is not there."""
        return _find(self.rows, metric, layer, hops).value


def _find(rows: Sequence[Row], metric: str, layer: int | None, hops: int) -> Row:
    for row in rows:
        if (row.metric, row.layer, row.hops) == (metric, layer, hops):
            return row
    raise KeyError(f"{metric}, layer {layer}, {hops} hops")


Progress = Callable[[int, int, str], None]
_Values = dict[tuple[str, int, int], float]


def score(
    answer: Answer | Path | str, export: Export, *, seed: int = 0, progress: Progress | None = None
) -> Score:
    """Score what was found in a network against what is there.

    Args:
        answer: an answer or its file.
        export: the network, from `testbed.read_export`.
        seed: of the random answer.
        progress: called with (answers scored, 3, which).

    Returns:
        All metrics that the answer has something for, each beside the same of a random answer and of
        the truth.

    Raises:
        ValueError: if the answer cannot be one about this network: one line.
    """
    given = read_answer(Path(answer)) if isinstance(answer, (str, Path)) else answer
    check_fits(given, export)
    ends = {
        "random": lambda: random_answer(given, export, seed),
        "oracle": lambda: oracle_answer(given, export),
    }
    circuits: list[Circuits] = []
    values = _values(given, export, circuits)
    beside: dict[str, _Values] = {}
    for done, (name, make) in enumerate(ends.items(), 1):
        if progress is not None:
            progress(done, 3, name)
        beside[name] = _values(make(), export)
    rows = [
        Row(*key, value, None, beside["random"].get(key), beside["oracle"].get(key))
        for key, value in values.items()
    ]
    order = list(METRICS)
    rows.sort(key=lambda row: (order.index(row.metric), row.hops, row.layer))
    return Score(given.source, [*rows, *_over_layers(rows)], circuits)


def _values(answer: Answer, export: Export, circuits: list[Circuits] | None = None) -> _Values:
    """Return metrics by (name, layer, hops); fill in those of single circuits if wanted."""
    found: _Values = {}
    single: dict[int, dict[str, np.ndarray]] = {}

    def keep(layer: int, scores: dict[str, float], hops: int = 0) -> None:
        found.update({(name, layer, hops): value for name, value in scores.items()})

    for layer in answer.layers("directions"):
        scores, match = direction_scores(answer[f"directions.{layer}"], export, layer)
        keep(layer, scores)
        single.setdefault(layer, {})["cosine_span"] = match.cosine
    for layer in answer.layers("indicators"):
        predicted, true = answer[f"indicators.{layer}"], indicators(export, layer)
        scores, single.setdefault(layer, {})["auc"] = indicator_scores(predicted, true)
        keep(layer, scores)
    for layer in answer.layers("components"):
        keep(layer, component_scores(answer, export, layer))
    for layer, kept in _losses(answer, export).items():
        for name, losses in kept.items():
            keep(layer, {f"{name}_active": losses.active, f"{name}_inactive": losses.inactive})
            single.setdefault(layer, {})[f"{name}_active"] = losses.by_circuit
    for layer, values in single.items():
        load = loads(export, layer)
        keep(layer, _by_load(values, load))
        if circuits is not None:
            plain = {name: _plain(each) for name, each in values.items()}
            circuits.append(Circuits(layer, [round(float(each), 5) for each in load], plain))
    for place, hops in answer.edges():
        keep(reported_of(export)[place], edge_scores(answer, export, place, hops), hops)
    return found


def _losses(answer: Answer, export: Export) -> dict[int, dict[str, Losses]]:
    """Return losses of full W and of what was found, of the layers that it decides."""
    layers = answer.layers("components")
    if not layers:
        return {}
    stems = {layer: f"components.{layer}" for layer in layers}
    sums = {layer: answer[f"{stem}.u"].T @ answer[f"{stem}.v"] for layer, stem in stems.items()}
    full, kept = errors_with(export, {}), errors_with(export, sums)
    later = [layer for layer in kept if layer >= layers[0]]
    return {layer: {"loss_full": full[layer], "loss_kept": kept[layer]} for layer in later}


def _by_load(values: dict[str, np.ndarray], load: np.ndarray) -> dict[str, float]:
    """Return means over circuits in each third of the loads; of cosines how many are found."""
    third, found = terciles(load), {}
    for metric, each in values.items():
        name, own = (metric, each) if metric != "cosine_span" else ("recall", each >= FOUND)
        for index, words in enumerate(LOADS):
            chosen = own[(third == index) & np.isfinite(each)]
            if len(chosen):
                found[f"{name}_{words}_load"] = float(chosen.mean())
    return found


def _plain(values: np.ndarray) -> list[float | None]:
    return [round(float(value), 5) if np.isfinite(value) else None for value in values]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _over_layers(rows: Sequence[Row]) -> list[Row]:
    """Return the mean over layers of each metric."""
    found = []
    for metric, hops in dict.fromkeys((row.metric, row.hops) for row in rows):
        own = [row for row in rows if (row.metric, row.hops) == (metric, hops)]
        means = [
            _mean([getattr(row, name) for row in own]) for name in ("value", "random", "oracle")
        ]
        assert means[0] is not None
        found.append(Row(metric, None, hops, means[0], None, means[1], means[2]))
    return found


class Scored(msgspec.Struct, frozen=True):
    """What a method is worth, over networks: the network is the unit of all standard errors.

    Attributes:
        rows: means over networks.
        scores: of the single networks.
    """

    rows: list[Row]
    scores: list[Score]

    def row(self, metric: str, layer: int | None = None, hops: int = 0) -> Row:
        """Return a metric of a layer, or its mean over layers; a `KeyError` if it is not there."""
        return _find(self.rows, metric, layer, hops)


def over_networks(scores: Sequence[Score]) -> Scored:
    """Return means over networks with standard errors s / sqrt(n), s with n - 1 degrees of freedom.

    Args:
        scores: at least one; metrics that some networks have not are left out.

    Returns:
        The means.

    Raises:
        ValueError: for no scores.
    """
    check(len(scores) > 0, "scores", "must hold one network at least", "none")
    keyed = [{(row.metric, row.layer, row.hops): row for row in one.rows} for one in scores]
    rows = []
    for key in keyed[0]:
        if not all(key in one for one in keyed):
            continue
        own = [one[key] for one in keyed]
        values = np.array([row.value for row in own])
        error = float(values.std(ddof=1) / len(own) ** 0.5) if len(own) > 1 else None
        chance, truth = (
            _mean([getattr(row, name) for row in own]) for name in ("random", "oracle")
        )
        rows.append(Row(*key, float(values.mean()), error, chance, truth, len(own)))
    return Scored(rows, list(scores))
