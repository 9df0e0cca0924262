"""How much a search measures, and what it returns: a ranking of measured designs."""

from dataclasses import dataclass

from ._measure import DesignError
from ._problem import Design, Problem


@dataclass(frozen=True)
class Effort:
    """How much is measured; sample counts are powers of two, so that one chunk serves all.

    Attributes:
        structures: of each kind that are measured at all, where the kind does not ask for fewer.
        finalists: designs of the table.
        tuned: how many of them are tuned by gradient.
        search_networks: of the second stage.
        samples: of each network while searching.
        networks: held out, of each finalist.
        held_out_samples: of each.
        skip: kinds that are searched only when they are named.
    """

    structures: int = 3
    finalists: int = 8
    tuned: int = 5
    search_networks: int = 3
    samples: int = 256
    networks: int = 6
    held_out_samples: int = 512
    skip: tuple[str, ...] = ()


QUICK = Effort(1, 5, 0, 2, 128, 4, 256, skip=("early-guess",))


@dataclass(frozen=True)
class Ranked:
    """A row of the table.

    Attributes:
        design: with the held-out seed.
        method: where its continuous parameters come from: "published", "prediction", "scan" or
            "gradient".
        predicted: the theory's E|x_est - x|^2 at layer L, or None.
        searched: its measurement while searching, biased low for whatever was chosen by it.
        held_out: its measurement on fresh seeds; None if the search was stopped before.
        chunk: samples run at once.
    """

    design: Design
    method: str
    predicted: float | None
    searched: DesignError
    held_out: DesignError | None
    chunk: int


@dataclass(frozen=True)
class SearchResult:
    """What a search ended with.

    Attributes:
        problem: the sizes.
        ranking: by rising held-out error, then those that were not reached, by search error.
        confirmed: the first of the ranking measured once more on other fresh seeds: being the
            lowest of several, its held-out error may be low by chance.
        absent: kinds without any structure that holds the circuits.
        interrupted: whether the search was stopped before its end.
        effort: how much was measured.
    """

    problem: Problem
    ranking: list[Ranked]
    confirmed: DesignError | None
    absent: list[str]
    interrupted: bool
    effort: Effort
