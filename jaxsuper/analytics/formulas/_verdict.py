"""What a sweep says of a formula: verdict, where it fails, what could have been seen."""

from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

from ..._repr import html_table
from ..claims import Evidence, Judgement
from ._failing import Axis


if TYPE_CHECKING:
    import polars


def percent(error: float | None) -> str:
    """Return a relative error for a sentence."""
    return "less than a factor 100" if error is None else f"{100 * error:.2g} %"


@dataclass(frozen=True)
class FormulaVerdict:
    """A formula, held against the networks of a grid.

    Attributes:
        formula: as it was given.
        metric: what it is of.
        verdict: "established" if every place lies within the tolerance with room for its error,
            "refuted" if one lies outside beyond doubt, else "undecided".
        axes: for each setting that the grid varies, where along it the formula fails.
        rows: of each place: the axes' settings; `measured` with its standard error between networks;
            `predicted`; their `ratio` with the interval `ratio_low`..`ratio_high` that holds for all
            places and looks together; `place`, "within", "outside" or "undecided".
        detectable: the smallest relative error of a formula that these networks would have
            refuted, more often than not; None if not even a factor 100.
        tolerance: relative deviation that the formula is allowed.
        error_rate: of refuting a formula that is right everywhere, and of establishing one that is
            wrong somewhere.
        n_networks: of each place, those of the last look.
        judgement: the verdict with its points by number.
        rival: another formula, and what the same networks say of it; "" and None without one.
        rival_judgement: see `rival`.
        evidence: the points as the ledger has them.
        settings: of the grid, those that all places share.
        environment: versions, device, precision.
        seconds: that it took.
    """

    formula: str
    metric: str
    axes: tuple[Axis, ...]
    rows: tuple[dict[str, Any], ...]
    detectable: float | None
    tolerance: float
    error_rate: float
    n_networks: int
    judgement: Judgement
    rival: str
    rival_judgement: Judgement | None
    evidence: Evidence
    settings: dict[str, Any]
    environment: dict[str, Any]
    seconds: float

    @property
    def verdict(self) -> str:
        """The verdict in a word."""
        return self.judgement.verdict

    @property
    def relation(self) -> str:
        """What the formula says of the metric: "equal", "at most" or "at least"."""
        return self.evidence.points[0].relation

    @property
    def farthest(self) -> dict[str, Any]:
        """The row of the place that deviates most, in parts of what it is allowed."""
        excess = [self.evidence.excess(point) for point in self.evidence.points]
        gaps = [self.evidence.bounds(point)[0] for point in self.evidence.points]
        order = sorted(range(len(gaps)), key=lambda i: (excess[i], gaps[i]))
        return self.rows[order[-1]]

    def __repr__(self) -> str:
        return (
            f"FormulaVerdict({self.metric} {_SIGNS[self.relation]} {self.formula}: {self.verdict}; "
            f"{len(self.rows)} places, {self.n_networks} networks each)"
        )

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        head, *more = self.lines()
        names = [axis.name for axis in self.axes]
        shown = [
            *names,
            "measured",
            "predicted",
            "measured / predicted",
            "",
        ]
        rows = [
            [
                *(str(row[name]) for name in names),
                f"{row['measured']:.4g} ± {row['stderr']:.2g}",
                f"{row['predicted']:.4g}",
                _ratio(row),
                row["place"],
            ]
            for row in self.rows
        ]
        # The table cuts long lists in the middle, so what is worth most comes first.
        rows.sort(key=lambda row: row[-1] == "within")
        return html_table(". ".join([head, *more]), shown, rows)

    def lines(self) -> list[str]:
        """Return verdict, counts and axes in words, a line each."""
        count = {word: 0 for word in ("within", "outside", "undecided")}
        for row in self.rows:
            count[row["place"]] += 1
        samples = self.settings["batch_size"]
        lines = [
            f"{self.metric} {_SIGNS[self.relation]} {self.formula}: {self.verdict}",
            f"{len(self.rows)} places, {self.n_networks} networks of {samples} samples each: "
            + ", ".join(f"{n} {word}" for word, n in count.items())
            + f"; allowed {percent(self.tolerance)}, error rate {percent(self.error_rate)} for all",
        ]
        far = self.farthest
        where = ", ".join(f"{axis.name} = {far[axis.name]}" for axis in self.axes)
        lines.append(f"measured / formula {_ratio(far)} at its farthest{', ' * bool(where)}{where}")
        lines += map(str, self.axes)
        lines.append(
            f"a formula that is wrong by {percent(self.detectable)} would have been refuted"
            if self.detectable is not None
            else "not even a formula that is wrong by a factor 100 would have been refuted"
        )
        if self.rival_judgement is not None:
            lines.append(f"rival {self.rival}: {self.rival_judgement.verdict}")
        return lines

    def to_polars(self) -> "polars.DataFrame":
        """Return the rows as a table; `pandas.DataFrame(verdict.rows)` does too."""
        import polars

        return polars.DataFrame(list(self.rows), infer_schema_length=None)

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data, without NaN or infinity."""
        rival = self.rival_judgement
        return {
            "formula": self.formula,
            "metric": self.metric,
            "relation": self.relation,
            "verdict": self.verdict,
            "tolerance": self.tolerance,
            "error_rate": self.error_rate,
            "detectable": self.detectable,
            "n_networks": self.n_networks,
            "axes": [vars(axis) for axis in self.axes],
            "rows": [{n: _plain(v) for n, v in row.items()} for row in self.rows],
            "rival": {"formula": self.rival, "verdict": rival and rival.verdict},
            "settings": self.settings,
            "environment": self.environment,
            "seconds": self.seconds,
        }


_SIGNS = {"equal": "=", "at most": "<=", "at least": ">="}


def _ratio(row: dict[str, Any]) -> str:
    if row["ratio"] is None:
        return f"{row['measured']:.3g} / 0"
    return f"{row['ratio']:.4g} ({row['ratio_low']:.4g} to {row['ratio_high']:.4g})"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not abs(value) < float("inf") else value
