"""What a theory says of a network: values by metric and layer, with what it assumes and where it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._errors import one_of


CLOSED_FORM, STATE_EVOLUTION, PUBLISHED = "closed form", "state evolution", "as published"


@dataclass(frozen=True)
class Form:
    """What one theory says.

    Attributes:
        theory: "closed form", "state evolution" or "as published".
        values: metric -> (L,), layers 1..L; what the theory does not predict is left out.
        assumes: what must hold for it to be right.
        ends: where it stops to be right.
        stderr: metric -> (L,), standard errors of values that are themselves drawn; else empty.
        network_sd: metric -> (L,), standard deviation between networks, as far as the theory knows
            it; else empty.
    """

    theory: str
    values: Mapping[str, Float[np.ndarray, " L"]]
    assumes: str
    ends: str
    stderr: Mapping[str, Float[np.ndarray, " L"]] = field(default_factory=dict)
    network_sd: Mapping[str, Float[np.ndarray, " L"]] = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """What the theories say of one network with z active circuits.

    Attributes:
        n_active: z.
        closed_form: as if nothing fired because of what fired by mistake, or None.
        state_evolution: with it, or None.
        published: the closed form as its source has it, to be compared and not to be relied on, or
            None.
    """

    n_active: int
    closed_form: Form | None = None
    state_evolution: Form | None = None
    published: Form | None = None

    @property
    def forms(self) -> tuple[Form, ...]:
        """The theories that can be relied on, the most complete first."""
        both = (self.state_evolution, self.closed_form)
        return tuple(form for form in both if form is not None)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that some theory predicts."""
        return tuple(dict.fromkeys(name for form in self.forms for name in form.values))

    def get(self, metric: str) -> Float[np.ndarray, " L"] | None:
        """Return a metric by layer from the most complete theory that has it, or None."""
        for form in self.forms:
            if metric in form.values:
                return form.values[metric]
        return None

    def __getitem__(self, metric: str) -> Float[np.ndarray, " L"]:
        """Return a metric by layer from the most complete theory that has it.

        Raises:
            ValueError: if no theory predicts it.
        """
        one_of(self.metrics, metric, "metric")
        values = self.get(metric)
        assert values is not None
        return values


def mean_of(predictions: Sequence[Prediction]) -> Prediction:
    """Return the average of the predictions of several networks.

    A metric that a theory predicts for some of them alone is left out.
    """
    first = predictions[0]
    if len(predictions) == 1:
        return first

    def average(forms: Sequence[Form | None]) -> Form | None:
        known = [form for form in forms if form is not None]
        if len(known) < len(forms):
            return None
        metrics = [name for name in known[0].values if all(name in f.values for f in known)]

        def root(parts: Sequence[Mapping[str, Any]], scale: int) -> dict[str, Any]:
            """Square root of the sum of squares over `scale`, where all know the metric."""
            names = [name for name in metrics if all(name in part for part in parts)]
            squares = {n: np.sum([np.square(part[n]) for part in parts], axis=0) for n in names}
            return {name: np.sqrt(square) / scale**0.5 for name, square in squares.items()}

        count = len(known)
        return replace(
            known[0],
            values={m: np.mean([form.values[m] for form in known], axis=0) for m in metrics},
            stderr=root([form.stderr for form in known], count**2),
            network_sd=root([form.network_sd for form in known], count),
        )

    return Prediction(
        first.n_active,
        average([each.closed_form for each in predictions]),
        average([each.state_evolution for each in predictions]),
        average([each.published for each in predictions]),
    )
