"""Which configurations share a compiled program: few programs, little padding."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..simulation import Configuration
from ._shape import Kind, seconds, Shape


# What one more program costs. A compile takes about 5 seconds of one CPU core, but several run side
# by side, and not at all if they are found in the cache on disk.
COMPILE_SECONDS = 1.5
# With more shapes than this, near ones are joined first, so that the search stays quick.
_MANY_SHAPES = 60


@dataclass(frozen=True)
class Bucket:
    """Configurations that one compiled program runs.

    Attributes:
        kind: what they have in common.
        shape: the largest of their sizes, to which all are padded.
        ids: their config ids, in the order of the grid.
        needed: seconds of one core without padding.
    """

    kind: Kind
    shape: Shape
    ids: tuple[str, ...]
    needed: float

    @property
    def seconds(self) -> float:
        """Estimated seconds of one CPU core for all of them, padding included."""
        return len(self.ids) * seconds(self.shape)

    @property
    def waste(self) -> float:
        """Share of the work that is padding."""
        return 1 - self.needed / self.seconds


def make_buckets(
    configurations: Mapping[str, Configuration], loads: Mapping[str, int]
) -> list[Bucket]:
    """Group configurations so that compiling and padding together cost least, greedily.

    Two groups are joined while that lowers the estimated seconds: one compile less, more padding.

    Args:
        configurations: by id.
        loads: the largest load of each one's design, by id.

    Returns:
        The buckets, the most expensive first.
    """
    by_kind: dict[Kind, dict[Shape, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, one in configurations.items():
        by_kind[Kind.of(one)][Shape.of(one, loads[name])].append(name)
    order = {name: index for index, name in enumerate(configurations)}
    found = []
    for kind, shapes in by_kind.items():
        groups = [(shape, names, len(names) * seconds(shape)) for shape, names in shapes.items()]
        for shape, names, needed in _join(_coarse(groups)):
            ids = tuple(sorted(names, key=order.__getitem__))
            found.append(Bucket(kind, shape, ids, needed))
    return sorted(found, key=lambda bucket: -bucket.seconds)


_Group = tuple[Shape, list[str], float]


def _coarse(groups: list[_Group]) -> list[_Group]:
    """Join groups of nearly equal shape, finer or coarser until there are few enough."""
    step = 1.0
    while len(groups) > _MANY_SHAPES:
        step *= 1.5
        merged: dict[tuple, _Group] = {}
        for shape, names, needed in groups:
            rung = tuple(_rung(size, step) for size in vars(shape).values())
            merged[rung] = (
                _both(merged[rung], (shape, names, needed))
                if rung in merged
                else (
                    shape,
                    names,
                    needed,
                )
            )
        groups = list(merged.values())
    return groups


def _rung(size: int, step: float) -> int:
    rung = 0
    while size > 1:
        size, rung = size / (1 + 0.02 * step), rung + 1
    return rung


def _both(one: _Group, other: _Group) -> _Group:
    return one[0].join(other[0]), one[1] + other[1], one[2] + other[2]


def _joined_cost(one: _Group, other: _Group) -> float:
    """Return the seconds gained by joining two groups, negative if that costs more."""
    apart = len(one[1]) * seconds(one[0]) + len(other[1]) * seconds(other[0])
    together = (len(one[1]) + len(other[1])) * seconds(one[0].join(other[0]))
    return COMPILE_SECONDS + apart - together


def _join(groups: Sequence[_Group]) -> list[_Group]:
    """Join the pair that gains most, until none gains."""
    kept = dict(enumerate(groups))
    gains = {(i, j): _joined_cost(kept[i], kept[j]) for i in kept for j in kept if i < j}
    following = len(kept)
    while gains:
        (i, j), gain = max(gains.items(), key=lambda item: item[1])
        if gain <= 0:
            break
        merged = _both(kept.pop(i), kept.pop(j))
        gains = {pair: gain for pair, gain in gains.items() if not {i, j} & set(pair)}
        gains.update({(k, following): _joined_cost(other, merged) for k, other in kept.items()})
        kept[following] = merged
        following += 1
    return list(kept.values())
