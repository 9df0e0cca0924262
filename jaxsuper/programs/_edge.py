"""One edge from a circuit to a circuit of the next layer, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import check, check_kind
from .._limits import check_number, check_optional


@dataclass(frozen=True)
class Decision:
    """Switches a target on when w·x of the source is above a threshold.

    The indicator of the target becomes clip(1/2 + (w·x - threshold) / (2 margin), 0, 1): off up to a
    margin below the threshold, on from a margin above it, by the two ReLUs of its step.

    Attributes:
        direction: w, over the payload channels of the source.
        threshold: where the indicator is 1/2.
        margin: how far from it the indicator is 0 or 1.
    """

    direction: tuple[float | int, ...]
    threshold: float | int = 0.0
    margin: float | int = 0.2

    def __post_init__(self) -> None:
        check_kind("direction", self.direction, tuple, list)
        for value in (*self.direction, self.threshold, self.margin):
            check_number("branch", value)
        wide = float(self.margin) > 0
        check(wide, "margin", "must be above 0", self.margin, "a step needs room to rise")
        nonzero = any(float(value) != 0 for value in self.direction)
        check(nonzero, "direction", "must not be 0", self.direction)

    def otherwise(self) -> "Decision":
        """Return the decision that is on where this one is off."""
        return Decision(tuple(-value for value in self.direction), -self.threshold, self.margin)


@dataclass(frozen=True)
class Edge:
    """What a circuit of one layer gives a circuit of the next.

    The target receives W_e a_s, with W_e = opens·wbar + own: the mean weights wbar, which go through
    the clipped matrix and are balanced by inhibition, and the edge's own weights, which do not and
    are not. By default W_e is what the target has for its own predecessor, wbar + dw_target.

    Attributes:
        source, target: circuits, counted from 0.
        layer: of the source, counted from 1; the target is in the next. None: of every layer.
        opens: whether the mean weights are part of the edge, so that its source switches its target
            on.
        share: of the target's own difference weights, 1 for all of them.
        mean_share: of the mean weights, besides `opens`, in the edge's own weights: -1 switches off.
        decision: switches the target on by the value of the source instead.
        weight: W_e itself, (d, d); the three before are then left alone.
        to_layer: of the target, if it is said; layer + 1.
        said: the statement of a program that it is part of, for errors.
    """

    source: int
    target: int
    layer: int | None = None
    opens: bool = True
    share: float | int = 1.0
    mean_share: float | int = 0.0
    decision: Decision | None = None
    weight: Sequence[Sequence[float]] | Any = None
    to_layer: int | None = None
    said: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        check_optional("layer", self.layer)
        if self.to_layer is not None:
            rule = "must be one more than `layer`: no circuit feeds another of its own layer"
            follows = self.layer is not None and self.to_layer == self.layer + 1
            check(follows, "to_layer", rule, f"{self.layer} to {self.to_layer}")
        for name in ("share", "mean_share"):
            check_number(name, getattr(self, name))

    @property
    def hands_on(self) -> bool:
        """Whether it takes the place of the source's own successor: it does more than switch."""
        return self.opens or self.share != 0 or self.weight is not None

    @property
    def name(self) -> str:
        """What it is called in errors."""
        return f"{self.source} -> {self.target}" + (f" ({self.said})" if self.said else "")
