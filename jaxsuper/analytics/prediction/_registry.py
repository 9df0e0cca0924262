"""The one door to the theories: which of them speaks of which construction, and `predict`."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ..._errors import check, check_kind
from ..._settings import Configuration, Experiment
from ...network import AbstractNetwork
from ...simulation import check_active, check_settings, configurations_of, depends_on_seed
from ._block import block
from ._carried import carried
from ._cleaned import cleaned
from ._clipped import as_published, clipped, clipped_evolution
from ._prediction import Form, mean_of, Prediction
from ._private import private
from ._program_evolution import program_evolution
from ._programs import program_form
from ._separate import separate_evolution, separate_form
from ._subject import of_configuration, of_network, Subject


class _Theories(NamedTuple):
    closed_form: Callable[[Subject], Form | None] | None = None
    state_evolution: Callable[[Subject], Form | None] | None = None
    published: Callable[[Subject], Form | None] | None = None


# Construction -> what predicts it; constructions without a theory (plain, split) are left out.
_THEORIES = {
    "block": _Theories(closed_form=block),
    "carried": _Theories(closed_form=carried),
    "cleaned": _Theories(closed_form=cleaned),
    "clipped": _Theories(clipped, clipped_evolution, as_published),
    "early-guess": _Theories(closed_form=carried),
    "oracle": _Theories(closed_form=clipped, published=as_published),
    "private": _Theories(closed_form=private),
    "separate": _Theories(separate_form, separate_evolution),
}


def predict(
    subject: Configuration | Experiment | AbstractNetwork,
    n_active: int | None = None,
    *,
    state_evolution: bool = True,
    given: bool = False,
) -> Prediction:
    """Return what the theories say of a network.

    It depends on sizes, sets and parameters alone, never on shuffles or samples, and on the angles
    only if asked for: it is the average over networks, and the same for the settings and for the
    network built of them, unless the network itself is `given`. Random
    sets are those of the configuration's seed and network; an experiment on several networks with
    different sets is predicted by the average. With all circuits active (z = T) metrics of inactive
    circuits are left out, and there is no state evolution, which is about those.

    Args:
        subject: settings, or a built network.
        n_active: z; that of the settings if left out.
        state_evolution: whether to work that out, which takes longer than the closed forms.
        given: whether state evolution is to predict this very network, by the mean rotation of its
            angles; settings have no angles.

    Returns:
        The prediction; its theories are None for constructions without any, and for programs that they
        do not cover.

    Raises:
        ValueError: for settings that do not fit together, or unless 1 <= z <= T, or for `given`
            settings.
    """
    settings = isinstance(subject, Experiment | Configuration)
    check(
        not (given and settings), "given", "must be False for settings", given, "build the network"
    )
    if isinstance(subject, Experiment):
        z = subject.n_active[0] if n_active is None else n_active
        each = configurations_of(subject, z)
        each = each if depends_on_seed(subject.configuration) else each[:1]
        return mean_of([predict(one, state_evolution=state_evolution) for one in each])
    if isinstance(subject, Configuration):
        settings = subject if n_active is None else replace(subject, n_active=n_active)
        check_settings(settings)
        check_active(settings.n_active, settings.n_circuits)
        return _predict(of_configuration(settings), state_evolution)
    check_kind("subject", subject, Configuration, Experiment, AbstractNetwork)
    check(n_active is not None, "n_active", "must be given with a network", n_active)
    assert n_active is not None
    check_active(n_active, subject.n_circuits)
    return _predict(of_network(subject, n_active, given), state_evolution)


def _predict(subject: Subject, state_evolution: bool) -> Prediction:
    if subject.edges is not None:
        return _of_program(subject, state_evolution)
    theories = _THEORIES.get(subject.construction, _Theories())
    everything = subject.n_active == subject.n_circuits
    evolved = None
    if theories.state_evolution is not None and state_evolution and not everything:
        evolved = theories.state_evolution(subject)
    closed, published = (
        None if theory is None else _of_those_there(theory(subject), everything)
        for theory in (theories.closed_form, theories.published)
    )
    return Prediction(subject.n_active, closed, evolved, published)


def _of_program(subject: Subject, state_evolution: bool) -> Prediction:
    """Return what is said of circuits that feed others: the clipped construction and its oracle."""
    evolved = subject.construction == "clipped" and state_evolution
    covered = subject.construction in ("clipped", "oracle")
    return Prediction(
        subject.n_active,
        program_form(subject) if covered else None,
        program_evolution(subject) if evolved else None,
    )


def _of_those_there(form: Form | None, everything: bool) -> Form | None:
    """Return a form without metrics of inactive circuits if there are none."""
    if form is None or not everything:
        return form
    values = {name: v for name, v in form.values.items() if "inactive" not in name}
    return replace(form, values=values)
