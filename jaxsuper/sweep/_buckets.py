"""Which configurations share a compiled program: few programs, little padding."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from itertools import chain

from ..simulation import Configuration
from ._allocations import structure_of
from ._shape import Kind, seconds, Shape


# What one more program costs. A compile takes about 5 seconds of one CPU core, but several run side
# by side, and not at all if they are found in the cache on disk.
COMPILE_SECONDS = 0.7
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
    ids: tuple[str, ...] = field(repr=False)
    needed: float

    @property
    def seconds(self) -> float:
        """Estimated seconds of one CPU core for all of them, padding included."""
        return len(self.ids) * seconds(self.shape)

    @property
    def waste(self) -> float:
        """Share of the work that is padding."""
        return 1 - self.needed / self.seconds

    def shard(self, index: int, count: int) -> "Bucket":
        """Return every `count`-th configuration, from the `index`-th on, counted from 1."""
        ids = self.ids[index - 1 :: count]
        return replace(self, ids=ids, needed=self.needed * len(ids) / len(self.ids))


def make_buckets(
    configurations: Mapping[str, Configuration], loads: Mapping[str, int], speed: float = 1.0
) -> list[Bucket]:
    """Group configurations so that compiling and padding together cost least, greedily.

    Two groups are joined while that lowers the estimated seconds: one compile less, more padding.

    Args:
        configurations: by id.
        loads: the largest load of each one's allocation, by id.
        speed: of the device, in CPU cores; the faster it is, the less padding matters.

    Returns:
        The buckets, the most expensive first.
    """
    alike: dict[tuple, list[str]] = defaultdict(list)
    for name, one in configurations.items():
        alike[structure_of(one), loads[name]].append(name)
    by_kind: dict[Kind, dict[Shape, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (_, load), names in alike.items():
        one = configurations[names[0]]
        by_kind[Kind.of(one)][Shape.of(one, load)].extend(names)
    order = {name: index for index, name in enumerate(configurations)}
    found = []
    for kind, shapes in by_kind.items():
        groups: list[_Group] = [
            (shape, (names,), len(names), len(names) * seconds(shape))
            for shape, names in shapes.items()
        ]
        for shape, lists, _, needed in _join(_coarse(groups), COMPILE_SECONDS * speed):
            ids = tuple(sorted(chain.from_iterable(lists), key=order.__getitem__))
            found.append(Bucket(kind, shape, ids, needed))
    return sorted(found, key=lambda bucket: -bucket.seconds)


# Shape, lists of ids, how many ids they hold, seconds without padding.
_Group = tuple[Shape, tuple[list[str], ...], int, float]


def _coarse(groups: list[_Group]) -> list[_Group]:
    """Join groups of nearly equal shape, finer or coarser until there are few enough."""
    step = 1.0
    while len(groups) > _MANY_SHAPES:
        step *= 1.5
        merged: dict[tuple, _Group] = {}
        for group in groups:
            rung = tuple(_rung(float(size), step) for size in vars(group[0]).values())
            merged[rung] = _both(merged[rung], group) if rung in merged else group
        groups = list(merged.values())
    return groups


@lru_cache(maxsize=2**16)
def _rung(size: float, step: float) -> int:
    rung = 0
    while size > 1:
        size, rung = size / (1 + 0.02 * step), rung + 1
    return rung


def _both(one: _Group, other: _Group) -> _Group:
    return one[0].join(other[0]), one[1] + other[1], one[2] + other[2], one[3] + other[3]


def _total(atoms: Iterable[_Group]) -> _Group:
    return reduce(_both, atoms)


def _cost(atoms: Sequence[_Group], compiling: float) -> float:
    """Return the seconds that a bucket of these groups takes, nothing if it is empty."""
    if not atoms:
        return 0.0
    shape, _, count, _ = _total(atoms)
    return compiling + count * seconds(shape)


def _join(atoms: Sequence[_Group], compiling: float) -> list[_Group]:
    """Join the pair of groups that gains most until none gains, then move single shapes."""
    kept = {index: [atom] for index, atom in enumerate(atoms)}
    costs = {index: _cost(group, compiling) for index, group in kept.items()}

    def gain(i, j):
        return costs[i] + costs[j] - _cost([_total(kept[i]), _total(kept[j])], compiling)

    gains = {(i, j): gain(i, j) for i in kept for j in kept if i < j}
    following = len(kept)
    while gains:
        (i, j), best = max(gains.items(), key=lambda item: item[1])
        if best <= 0:
            break
        kept[following] = kept.pop(i) + kept.pop(j)
        costs[following] = _cost(kept[following], compiling)
        gains = {pair: gain for pair, gain in gains.items() if not {i, j} & set(pair)}
        gains.update({(k, following): gain(k, following) for k in kept if k != following})
        following += 1
    return [_total(group) for group in _moved(list(kept.values()), compiling)]


def _moved(groups: list[list[_Group]], compiling: float) -> list[list[_Group]]:
    """Move groups of one shape between buckets while that helps."""
    improved = len(groups) > 1
    while improved:
        improved = False
        for here, atom in [(i, atom) for i, group in enumerate(groups) for atom in group]:
            rest = [other for other in groups[here] if other is not atom]
            freed = _cost(groups[here], compiling) - _cost(rest, compiling)
            added = {
                there: _cost([*group, atom], compiling) - _cost(group, compiling)
                for there, group in enumerate(groups)
                if there != here and group
            }
            if added and min(added.values()) < freed - 1e-9:
                groups[here] = rest
                groups[min(added, key=added.__getitem__)].append(atom)
                improved = True
                break
    return [group for group in groups if group]
