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
from ._kept import errors_with
from ._match import FOUND
from ._metrics import METRICS
from ._truth import indicators, loads, terciles


_LOADS = ("low", "middle", "high")


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
    """The matched cosine of each circuit in a layer, and how many circuits share its neurons."""

    layer: int
    cosine: list[float]
    load: list[float]


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

    def keep(layer: int, scores: dict[str, float], hops: int = 0) -> None:
        found.update({(name, layer, hops): value for name, value in scores.items()})

    for layer in answer.layers("directions"):
        scores, match = direction_scores(answer[f"directions.{layer}"], export, layer)
        load = loads(export, layer)
        third, hit = terciles(load), match.cosine >= FOUND
        for index, name in enumerate(_LOADS):
            if (third == index).any():
                scores[f"recall_{name}_load"] = float(hit[third == index].mean())
        keep(layer, scores)
        if circuits is not None:
            circuits.append(Circuits(layer, _plain(match.cosine), _plain(load)))
    for layer in answer.layers("indicators"):
        keep(
            layer,
            indicator_scores(answer[f"indicators.{layer}"], indicators(export, layer)),
        )
    if layers := answer.layers("components"):
        for layer in layers:
            keep(layer, component_scores(answer, export, layer))
        sums = {
            layer: answer[f"components.{layer}.u"].T @ answer[f"components.{layer}.v"]
            for layer in layers
        }
        full, kept = errors_with(export, {}), errors_with(export, sums)
        for layer in (each for each in kept if each >= layers[0]):
            for place, kind in enumerate(("active", "inactive")):
                keep(layer, {f"loss_full_{kind}": full[layer][place]})
                keep(layer, {f"loss_kept_{kind}": kept[layer][place]})
    for place, hops in answer.edges():
        keep(reported_of(export)[place], edge_scores(answer, export, place, hops), hops)
    return found


def _plain(values: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in values]


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
