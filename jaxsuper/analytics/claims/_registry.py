"""The registry: claims by id, entered by a decorator on the function that gathers their evidence."""

import zlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from itertools import count
from threading import Lock
from typing import Any, Literal, TypeVar

import jax
import numpy as np
from jaxtyping import Float

from ..._arrays import root_key
from ..._errors import bad, check
from ..._types import KeyScalar
from ...allocation import Allocation
from ...simulation import Experiment, Measurement, merge_networks, parts_of, run_networks
from ..prediction import predict, Prediction
from ._evidence import Evidence, Verdict


_Choice = TypeVar("_Choice")
_Gather = TypeVar("_Gather", bound=Callable[..., Any])
Tier = Literal["science", "inequality", "algebra", "guard"]
TIERS: dict[Tier, str] = {
    "science": "measured against theory, or against a statement of a source",
    "inequality": "bounds, and what attains them",
    "algebra": "exact identities, and derivations done again",
    "guard": "bars of this library, read off its own data: they guard against regressions",
}
# Compiled programs hold memory maps, of which a process may have some ten thousands: hundreds of
# shapes are too many, so they are forgotten after so many experiments.
_EXPERIMENTS_KEPT = 12


@dataclass(frozen=True)
class Run:
    """How thoroughly a ledger is made, and the measurements that its claims share.

    Attributes:
        quick: fewer networks, samples and settings; the verdicts have to be the same.
        seed: of everything random.
        effort: how many times as many networks or draws as in the first look: 1, 2, 4, ...
        error_rate: of each claim by itself, shared among its points and looks; None: a share of the
            ledger's, whatever else is judged.
        shared: what several claims use, measurements above all, by experiment or name.
        locks: by the same: claims run in threads, and the second one waits for the first.
        experiments: counts those that were simulated.
    """

    quick: bool = False
    seed: int = 0
    effort: int = 1
    error_rate: float | None = None
    shared: dict[Hashable, Any] = field(default_factory=dict)
    locks: defaultdict[Hashable, Lock] = field(default_factory=lambda: defaultdict(Lock))
    experiments: Iterator[int] = field(default_factory=lambda: count(1))

    def choose(self, quick: _Choice, full: _Choice) -> _Choice:
        """Return the setting for a quick or a full run."""
        return quick if self.quick else full

    def draws(self, quick: int, full: int) -> int:
        """Return a number of networks or draws, for a quick or a full run and this effort."""
        return self.effort * self.choose(quick, full)

    def key(self, claim: str) -> KeyScalar:
        """Return a claim's root key: its draws do not depend on which other claims run."""
        return jax.random.fold_in(root_key(self.seed), zlib.crc32(claim.encode()))

    def once(self, name: Hashable, make: Callable[[], _Choice]) -> _Choice:
        """Return what `make` returns, made once per ledger under that name."""
        with self.locks[name]:
            if name not in self.shared:
                self.shared[name] = make()
            return self.shared[name]

    def experiment(self, **settings: Any) -> Experiment:
        """Return the experiment with these settings, as of `Experiment.of`, and the ledger's seed."""
        return Experiment.of(**{"seed": self.seed, **settings})

    def allocation(self, **settings: Any) -> Allocation:
        """Return the allocation of an experiment's circuits; settings as in `networks`."""
        return parts_of(self.experiment(**settings).configuration).allocation

    def predict(self, experiment: Experiment, n_active: int) -> Prediction:
        """Return what the theories say of an experiment, once per ledger."""
        # It does not depend on how much is simulated.
        bare = replace(experiment.configuration, batch_size=1, n_active=n_active)
        bare = Experiment(bare, n_networks=experiment.n_networks)
        return self.once(("prediction", bare), partial(predict, bare))

    def closed_form(
        self, experiment: Experiment, n_active: int
    ) -> Mapping[str, Float[np.ndarray, " L"]]:
        """Return the closed form of an experiment: metric -> (L,).

        Raises:
            ValueError: if there is none for its construction.
        """
        bare = replace(experiment.configuration, batch_size=1, n_active=n_active)
        bare = Experiment(bare, n_networks=experiment.n_networks)
        closed = partial(predict, bare, state_evolution=False)
        form = self.once(("prediction", bare, "closed"), closed).closed_form
        if form is None:
            construction = experiment.configuration.construction
            raise bad("construction", "must have a closed form", construction)
        return form.values

    def evolution(
        self, experiment: Experiment, n_active: int
    ) -> Mapping[str, Float[np.ndarray, " L"]]:
        """Return the state evolution of an experiment: metric -> (L,).

        Raises:
            ValueError: if the theory says nothing of its construction.
        """
        form = self.predict(experiment, n_active).state_evolution
        if form is None:
            configuration = experiment.configuration
            raise bad("construction", "must have a state evolution", configuration.construction)
        return form.values

    def networks(self, **settings: Any) -> dict[int, list[Measurement]]:
        """Simulate the independent networks of an experiment, each once per ledger.

        Args:
            **settings: of `Experiment.of`; `n_networks` as for an effort of 1.

        Returns:
            z -> one measurement per network.
        """
        first = self.experiment(**settings)
        wanted, bare = first.n_networks * self.effort, replace(first, n_networks=1)
        with self.locks[bare]:
            have: dict[int, list[Measurement]] = self.shared.setdefault(
                bare, {z: [] for z in first.n_active}
            )
            done = len(have[first.n_active[0]])
            if done < wanted:
                start = replace(first.configuration, network=first.configuration.network + done)
                rest = replace(first, configuration=start, n_networks=wanted - done)
                for z, measurements in self._simulate(rest).items():
                    have[z] += measurements
            # The first so many, however many other claims have asked for.
            return {z: measurements[:wanted] for z, measurements in have.items()}

    def _simulate(self, experiment: Experiment) -> dict[int, list[Measurement]]:
        measurements = run_networks(experiment).measurements
        if next(self.experiments) % _EXPERIMENTS_KEPT == 0:
            jax.clear_caches()
        return measurements

    def measure(self, **settings: Any) -> dict[int, Measurement]:
        """Return `networks` averaged: the unit of the standard error is the network."""
        networks = self.networks(**settings)
        return {z: merge_networks(measurements) for z, measurements in networks.items()}


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
        rival: the formula that the same evidence has to judge the other way round, in words; empty
            without one.
        gather: makes the evidence.
        tier: what kind of statement it is, of `TIERS`.
        quick: whether a quick run decides it too.
    """

    id: str
    statement: str
    formula: str
    source: str
    regime: str
    expected: Verdict
    rival: str
    gather: Callable[[Run], Evidence]
    tier: Tier = "science"
    quick: bool = True


_CLAIMS: dict[str, Claim] = {}


def claim(
    id: str,
    statement: str,
    *,
    rival: str = "",
    tier: Tier = "science",
    formula: str = "",
    source: str = "",
    expected: Verdict = "established",
    regime: str = "everywhere",
    quick: bool = True,
) -> Callable[[_Gather], _Gather]:
    """Enter a claim; decorates the function that gathers its evidence.

    A class can be decorated too: it is made without arguments, and called with the run. Whoever runs
    the cell of a notebook again enters the claim anew.

    Args:
        id: subject and name, "errors.rotation-active".
        statement: what is claimed, in words.
        rival: the formula that the same evidence has to judge the other way round, in words; every
            claim of this library has one.
        tier: what kind of statement it is, of `TIERS`.
        formula: the same as LaTeX.
        source: where it comes from.
        expected: the verdict that this library, or its author, stands for.
        regime: where the claim is meant to hold.
        quick: whether a quick run decides it too.

    Returns:
        The decorator, which returns the function unchanged.

    Raises:
        ValueError: if there is a claim of that id already, by another function.
    """
    if id in _CLAIMS and written_as(_CLAIMS[id].gather).__module__ != "__main__":
        raise bad("id", "must be new", repr(id))

    def enter(gather: _Gather) -> _Gather:
        made = gathering(gather)
        _CLAIMS[id] = Claim(
            id, statement, formula, source, regime, expected, rival, made, tier, quick
        )
        return gather

    return enter


def gathering(given: Any) -> Callable[[Run], Any]:
    """Return what gathers evidence: a function as it is, a class by making and calling it.

    Raises:
        ValueError: for a class whose instances cannot be called.
    """
    if not isinstance(given, type):
        return given
    rule = "must be a class with `__call__(self, run)`"
    check("__call__" in dir(given), "claim", rule, given.__name__)
    return partial(_made_and_called, given)


def _made_and_called(kind: Any, run: Run) -> Evidence:
    return kind()(run)


def written_as(gather: Any) -> Any:
    """Return the function or class that `gathering` was given."""
    return gather.args[0] if getattr(gather, "func", None) is _made_and_called else gather


def claims(only: Iterable[str] | None = None) -> tuple[Claim, ...]:
    """Return claims in the order of the registry.

    Args:
        only: ids, or beginnings of ids that end at a dot ("errors"), or tiers; all if left out.

    Returns:
        The claims.

    Raises:
        ValueError: for an unknown id, with the nearest ones.
    """
    if only is None:
        return tuple(_CLAIMS.values())
    chosen = set()
    for name in only:
        matching = {
            id
            for id, entry in _CLAIMS.items()
            if name in (id, entry.tier) or id.startswith(f"{name}.")
        }
        if not matching:
            remedy = f"the nearest: {', '.join(_nearest(name))}"
            raise bad("only", "must name claims", repr(name), remedy)
        chosen |= matching
    return tuple(entry for id, entry in _CLAIMS.items() if id in chosen)


def _nearest(name: str) -> list[str]:
    """Return up to four ids or subjects that look like a name; all subjects if none does."""
    subjects = {id.split(".")[0] for id in _CLAIMS}
    # Most people remember the second half of an id.
    halves = {id.split(".")[-1]: id for id in _CLAIMS}
    near = get_close_matches(name, [*_CLAIMS, *subjects], n=3, cutoff=0.4)
    near += [halves[half] for half in get_close_matches(name, halves, n=3, cutoff=0.5)]
    return list(dict.fromkeys(near))[:4] or sorted(subjects)
