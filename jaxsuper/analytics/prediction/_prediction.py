"""What a theory says of a network: values by metric and layer, with what it assumes and where it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..._errors import one_of


CLOSED_FORM, STATE_EVOLUTION = "closed form", "state evolution"


@dataclass(frozen=True)
class Form:
    """What one theory says.

    Attributes:
        theory: "closed form" or "state evolution".
        values: metric -> (L,), layers 1..L; what the theory does not predict is left out.
        assumes: what must hold for it to be right.
        ends: where it stops to be right.
    """

    theory: str
    values: Mapping[str, Float[np.ndarray, " L"]]
    assumes: str
    ends: str


@dataclass(frozen=True)
class Prediction:
    """What the theories say of one network with z active circuits.

    Attributes:
        n_active: z.
        closed_form: without erroneous activation, or None.
        state_evolution: with it, or None.
    """

    n_active: int
    closed_form: Form | None = None
    state_evolution: Form | None = None

    @property
    def forms(self) -> tuple[Form, ...]:
        """The theories there are, the most complete first."""
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
        values = {name: np.mean([form.values[name] for form in known], axis=0) for name in metrics}
        return Form(known[0].theory, values, known[0].assumes, known[0].ends)

    return Prediction(
        first.n_active,
        average([each.closed_form for each in predictions]),
        average([each.state_evolution for each in predictions]),
    )
