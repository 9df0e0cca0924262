"""How much a search measures, and what it returns: a ranking of measured designs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..simulation import Frame, student_interval
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
class Difference:
    """The held-out error of a design less that of the first of the ranking, network by network.

    Both were measured on networks and samples of the same keys, so that much of what varies between
    networks drops out.

    Attributes:
        mean: over networks.
        stderr: of `mean`, between networks; NaN for one network.
        low, high: interval of the difference. The intervals of all pairs of the ranking cover at
            once with 95 % confidence (Bonferroni), so that it does not matter that the first was
            chosen for its low error.
    """

    mean: float
    stderr: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether the design is worse than the first beyond chance."""
        return self.low > 0


def differences(by_network: Sequence[Sequence[float]]) -> list[Difference]:
    """Return the paired differences of ranked designs to the first of them.

    Args:
        by_network: of each design, the first before all, its errors on the same networks.

    Returns:
        One for each design, that of the first to itself included; NaN where an error overflowed.
    """
    errors = np.asarray(by_network, np.float64)
    with np.errstate(invalid="ignore"):
        gaps = (errors - errors[0]).T
    mean, unknown = gaps.mean(axis=0), np.full(len(errors), np.nan)
    stderr = low = high = unknown
    if len(gaps) > 1:
        # With two or more designs there are n (n - 1) / 2 pairs.
        pairs = max(1, len(errors) * (len(errors) - 1) // 2)
        with np.errstate(invalid="ignore"):
            stderr = gaps.std(axis=0, ddof=1) / len(gaps) ** 0.5
        low, high = student_interval(gaps, 1 - 0.05 / pairs)
    rows = np.stack([mean, stderr, low, high], axis=1)
    return [Difference(*row) for row in rows.tolist()]


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
        frame: the arrays in which it ran, which it shares with other designs; they and the chunk
            decide the last digits.
        difference: of the held-out error to that of the first of the ranking; None if the search
            was stopped before.
    """

    design: Design
    method: str
    predicted: float | None
    searched: DesignError
    held_out: DesignError | None
    chunk: int
    frame: Frame | None = None
    difference: Difference | None = None


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
