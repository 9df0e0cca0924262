"""What every kind of small circuit must say of itself.

A small circuit is a^l = ReLU(w_t a^{l-1} + beta). The large network needs w_t split into a mean
part, shared by all circuits, and a difference part, and it needs them in *channels*: k linear
combinations of the d neurons that are all the weights and readouts look at. Rotation circuits
have d = 4 neurons but read only alpha = on0 - on1, x0 and x1; the mean part reads alpha alone and
the difference part reads and writes x. Working in channels is what makes the structured forward
pass cheap, and the readout of a circuit the same numbers as the input of its next layer.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._errors import bad, check, cut, Shown
from .._limits import check_index
from .._repr import html_fields
from .._types import KeyScalar


@dataclass(frozen=True)
class Layout:
    """Static shape of a kind of circuit: which channels are read and written by what.

    Attributes:
        channels: k rows of d coefficients; channel values are `channels @ activation`.
        mean_channels: the channels that the mean weights read.
        difference_channels: the channels that the difference weights read.
        difference_outputs: the neurons (of d) that the difference weights write.
        readouts: (name, channels) of the quantities that are compared with the truth.
    """

    channels: tuple[tuple[int, ...], ...]
    mean_channels: tuple[int, ...]
    difference_channels: tuple[int, ...]
    difference_outputs: tuple[int, ...]
    readouts: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def width(self) -> int:
        """d, the neurons of a layer."""
        return len(self.channels[0])

    @property
    def matrix(self) -> Float[np.ndarray, "k d"]:
        """`channels` as a float32 matrix."""
        return np.asarray(self.channels, dtype=np.float32)


class AbstractCircuits(eqx.Module):
    """T circuits of one kind as a pytree: sizes are static, every swept value is an array leaf.

    Attributes:
        parameters: names of the scalars that all T circuits share and that the kind's constructor
            takes, of those a configuration has.
        layout: which channels are read and written.
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    layout: eqx.AbstractClassVar[Layout] | eqx.AbstractVar[Layout]  # pyrefly: ignore
    _repr_html_ = html_fields

    @classmethod
    @abstractmethod
    def check_parameters(cls, **parameters: Any) -> None:
        """Raise a `ValueError` unless the `parameters` of the kind are in range; traced ones pass."""

    @property
    @abstractmethod
    def n_circuits(self) -> int:
        """T."""

    @property
    def width(self) -> int:
        """d, the neurons of a layer of one circuit."""
        return self.layout.width

    @property
    def depth(self) -> int | None:
        """Layers that have their own weights, or None if every layer has the same."""
        layers = self.difference_weights().shape[0]
        return None if layers == 1 else layers

    @abstractmethod
    def mean_weights(self) -> Float[Array, "layers d r"]:
        """Weights from the r mean channels to the d neurons; layers is 1 if all are the same."""

    @abstractmethod
    def difference_weights(self) -> Float[Array, "layers T out in_"]:
        """Weights from difference channels to difference outputs, per circuit."""

    @abstractmethod
    def biases(self) -> Float[Array, "layers d"]:
        """Biases beta, the same for all circuits."""

    @abstractmethod
    def sample_input(self, *, key: KeyScalar) -> Float[Array, " d"]:
        """Draw the input activation of one active circuit."""

    def from_inputs(self, values: Any) -> Float[Array, "*batch d"]:
        """Return input activations of what the circuits compute on; here, d numbers as they are.

        Raises:
            ValueError: for another last axis.
        """
        values = jnp.asarray(values, jnp.float32)
        check(
            values.shape[-1:] == (self.width,), "values", f"must end in {self.width}", values.shape
        )
        return values

    def __call__(
        self, active: Any, inputs: Any, n_layers: int | None = None
    ) -> Float[Array, "*batch L z k"]:
        """Run circuits alone on one's own inputs: the truth beside a network's call.

        Args:
            active: (z,) or (B, z), which circuits.
            inputs: (z, i) or (B, z, i), their inputs, as of `from_inputs`.
            n_layers: L, by default the layers they have weights for.

        Returns:
            (L, z, k) or (B, L, z, k), their channels after layers 1..L.

        Raises:
            ValueError: for shapes that do not fit each other, or ids that are no circuits.
        """
        from ._exact import call_circuits, checked_call

        depth = self.depth or 1
        ids, given = checked_call(self, active, inputs)
        rows = given.reshape(-1, *given.shape[-2:])
        wanted = depth if n_layers is None else n_layers
        self.check_depth(wanted)
        found = call_circuits(self, jnp.atleast_2d(ids), rows, wanted)
        return found[0] if ids.ndim == 1 else found

    def carried_biases(self) -> Float[Array, "layers T m"] | None:
        """Return biases of single circuits, if weights from a neuron that is on carry any."""
        return None

    def outputs(self, channels: Float[Array, "*batch k"]) -> Float[Array, "*batch outputs"]:
        """Return what the circuits compute among their channels: here, all of them."""
        return channels

    def check_depth(self, n_layers: int) -> None:
        """Raise a `ValueError` unless the circuits have weights for `n_layers` layers."""
        check_index("n_layers", n_layers)
        depth = self.depth
        check(
            depth is None or depth == n_layers,
            "n_layers",
            f"must be {depth}, the layers these circuits have weights for",
            n_layers,
        )


def check_finite(argument: str, values: Any) -> None:
    """Raise a `ValueError` if a concrete array holds NaN or infinity; traced values pass."""
    try:
        concrete = np.asarray(values)
    except ValueError:
        rule = "must hold numbers in rows of equal length"
        raise bad(argument, rule, cut(repr, values, 60)) from None
    except Exception:  # a tracer has no values to look at
        return
    numbers = concrete.dtype.kind in "biuf"
    check(numbers, argument, "must hold real numbers", Shown(values))
    with np.errstate(over="ignore"):
        single = concrete.astype(np.float32)
    infinite = int((~np.isfinite(single)).sum())
    check(infinite == 0, argument, "must be finite", f"{infinite} values that are not")
