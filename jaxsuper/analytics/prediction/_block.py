"""The block construction: exact for one active circuit."""

from ._prediction import CLOSED_FORM, Form
from ._subject import Subject


def block(subject: Subject) -> Form | None:
    """Return that one active circuit has no error; nothing is known for several."""
    if subject.n_active > 1:
        return None
    names = ("mse_on_active", "mse_x_active")
    values = {name: subject.constant(0.0) for name in names}
    assumes = "a known active set of one circuit, gate bias b of at least 1"
    return Form(CLOSED_FORM, values, assumes, "with two active circuits")
