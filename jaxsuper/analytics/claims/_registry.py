"""The registry: claims by id, entered by a decorator on the function that gathers their evidence."""

import zlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import jax

from ..._errors import check
from ..._types import KeyScalar
from ...allocation import Allocation
from ...simulation import Measurement, merge_networks, simulate
from .._experiment import design_of, evolution, Experiment, prepare, samples_key
from ._evidence import Evidence, Verdict


_Choice = TypeVar("_Choice")
# Compiled programs hold memory maps, of which a process may have some ten thousands: hundreds of
# shapes are too many, so they are forgotten from time to time.
_KEPT = 12


@dataclass(frozen=True)
class Run:
    """How thoroughly a ledger is made, and the measurements that its claims share.

    Attributes:
        quick: fewer networks, samples and settings; the verdicts have to be the same.
        seed: of everything random.
        made: what several claims share, measurements above all, by experiment or name.
        locks: by the same: claims run in threads, and the second one waits for the first.
    """

    quick: bool = False
    seed: int = 0
    made: dict[Hashable, Any] = field(default_factory=dict)
    locks: defaultdict[Hashable, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def choose(self, quick: _Choice, full: _Choice) -> _Choice:
        """Return the setting for a quick or a full run."""
        return quick if self.quick else full

    def key(self, claim: str) -> KeyScalar:
        """Return a claim's root key: its draws do not depend on which other claims run."""
        return jax.random.fold_in(jax.random.key(self.seed), zlib.crc32(claim.encode()))

    def once(self, name: Hashable, make: Callable[[], _Choice]) -> _Choice:
        """Return what `make` returns, made once per ledger under that name."""
        with self.locks[name]:
            if name not in self.made:
                self.made[name] = make()
            return self.made[name]

    def design(self, **settings) -> Allocation:
        """Return the allocation of an experiment; settings as in `networks`."""
        return design_of(self.experiment(**settings))

    def experiment(self, **settings) -> Experiment:
        """Return the experiment with these settings and the ledger's seed."""
        return Experiment(**{"seed": self.seed, **settings})

    def evolution(self, experiment: Experiment, n_active: int) -> dict[str, Any]:
        """Return the state evolution of an experiment, once per ledger: metric -> (L,)."""
        # It does not depend on how much is simulated.
        bare = replace(experiment, n_active=(n_active,), n_networks=1, batch_size=1)
        make = lambda: evolution(bare, design_of(bare), n_active)
        return self.once(("evolution", bare), make)

    def networks(self, **settings) -> dict[int, list[Measurement]]:
        """Simulate the independent networks of an experiment, once per ledger.

        Args:
            **settings: of `Experiment`.

        Returns:
            z -> one measurement per network.
        """
        experiment = self.experiment(**settings)
        return self.once(experiment, partial(self._simulate, experiment))

    def _simulate(self, experiment: Experiment) -> dict[int, list[Measurement]]:
        found: dict[int, list[Measurement]] = {z: [] for z in experiment.n_active}
        for index in range(experiment.n_networks):
            _, _, network = prepare(experiment, index)
            key = samples_key(experiment, index)
            for z in experiment.n_active:
                found[z].append(simulate(network, z, experiment.batch_size, key=key))
        if len(self.made) % _KEPT == 0:
            jax.clear_caches()
        return found

    def measure(self, **settings) -> dict[int, Measurement]:
        """Return `networks` averaged: the unit of the standard error is the network."""
        found = self.networks(**settings)
        return {z: merge_networks(several) for z, several in found.items()}


@dataclass(frozen=True)
class Claim:
    """A statement that can be wrong.

    Attributes:
        id: subject and name, "errors.rotation-active".
        statement: what is claimed, in words.
        formula: the same as LaTeX, in the part that matplotlib's mathtext knows.
        source: where it comes from.
        regime: where it is meant to hold.
        expected: the verdict that this library stands for.
        rival: the formula that the same evidence has to judge the other way round, in words.
        gather: makes the evidence.
    """

    id: str
    statement: str
    formula: str
    source: str
    regime: str
    expected: Verdict
    rival: str
    gather: Callable[[Run], Evidence]


_CLAIMS: dict[str, Claim] = {}


def claim(
    id: str,
    statement: str,
    *,
    formula: str,
    source: str,
    expected: Verdict,
    rival: str,
    regime: str = "everywhere",
) -> Callable[[Callable[[Run], Evidence]], Callable[[Run], Evidence]]:
    """Enter a claim; decorates the function that gathers its evidence.

    Args:
        id: see `Claim`; so the others.
        statement: in words.
        formula: in LaTeX.
        source: where it comes from.
        expected: the verdict.
        rival: the formula to be judged the other way round.
        regime: where it is meant to hold.

    Returns:
        The decorator, which returns the function unchanged.

    Raises:
        ValueError: if there is a claim of that id already.
    """
    check(id not in _CLAIMS, "id", "must be new", repr(id))

    def enter(gather: Callable[[Run], Evidence]) -> Callable[[Run], Evidence]:
        _CLAIMS[id] = Claim(id, statement, formula, source, regime, expected, rival, gather)
        return gather

    return enter


def claims(only: Iterable[str] | None = None) -> tuple[Claim, ...]:
    """Return claims in the order of the registry.

    Args:
        only: ids, or beginnings of ids that end at a dot ("errors"); all if left out.

    Returns:
        The claims.

    Raises:
        ValueError: for an unknown id, with the nearest ones.
    """
    if only is None:
        return tuple(_CLAIMS.values())
    chosen = set()
    for name in only:
        found = {id for id in _CLAIMS if id == name or id.startswith(f"{name}.")}
        if not found:
            names = [*_CLAIMS, *{id.split(".")[0] for id in _CLAIMS}]
            # Most people remember the second half of an id.
            halves = {id.split(".")[-1]: id for id in _CLAIMS}
            near = get_close_matches(name, names, n=3, cutoff=0.4)
            near += [halves[half] for half in get_close_matches(name, halves, n=3, cutoff=0.5)]
            near = list(dict.fromkeys(near))[:4] or sorted({id.split(".")[0] for id in _CLAIMS})
            check(False, "only", "must name claims", repr(name), f"the nearest: {', '.join(near)}")
        chosen |= found
    return tuple(entry for id, entry in _CLAIMS.items() if id in chosen)
