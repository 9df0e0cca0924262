"""What the large network takes for granted of small circuits, held against some with numbers."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._arrays import root_key
from .._limits import check_index
from .._types import KeyScalar
from ._base import AbstractCircuits
from ._exact import exact_trajectory, layer_of, small_weights


# A larger gain than this by layer makes errors of ten layers grow threefold.
_STEADY = 1.1
_TINY = 1e-6


@dataclass(frozen=True)
class Assumptions:
    """Four assumptions of the large network, as we read [R], with the numbers that decide.

    A fifth, that all circuits have d neurons in each of L layers, no circuits of this library can miss.

    Attributes:
        bias_spread: the largest difference between two circuits' own biases, which are carried by
            weights from a neuron that is on with the circuit, as the large network has one for all.
        off_activity: (L,), the largest activation of circuits that are given 0.
        dead_zone: (L,), the smallest error of what a circuit reads, as a norm, that makes a neuron of
            a circuit fire that is off. 0: any error does.
        gain: (L,), what an active circuit makes of noise on what layer l reads, root mean square, per
            neuron in.
        total_gain: the same from what layer 2 reads to the last layer.
    """

    bias_spread: float
    off_activity: Float[np.ndarray, " L"]
    dead_zone: Float[np.ndarray, " L"]
    gain: Float[np.ndarray, " L"]
    total_gain: float

    @property
    def holds(self) -> dict[str, bool]:
        """By assumption: whether it holds."""
        return {
            "equal biases": self.bias_spread <= _TINY,
            "silent when off": bool((self.off_activity <= _TINY).all()),
            "robust when off": bool((self.dead_zone > _TINY).all()),
            "robust when on": self.total_gain <= _STEADY ** max(len(self.gain) - 1, 1),
        }

    def __repr__(self) -> str:
        """Return a line for each assumption."""
        row = lambda values: " ".join(f"{value:.3g}" for value in values)
        said = {
            "equal biases": f"differ by up to {self.bias_spread:.3g}; carried by weights",
            "silent when off": f"largest activation by layer {row(self.off_activity)}",
            "robust when off": f"smallest error that fires, by layer {row(self.dead_zone)}",
            "robust when on": f"gain of noise by layer {row(self.gain)}, in all {self.total_gain:.3g}",
        }
        lines = [
            f"{name:<16} {'holds' if holds else 'fails':<6} {said[name]}"
            for name, holds in self.holds.items()
        ]
        return "\n".join(lines)


def check_assumptions(
    circuits: AbstractCircuits,
    n_layers: int | None = None,
    samples: int = 512,
    *,
    key: KeyScalar | None = None,
) -> Assumptions:
    """Say which assumptions of the large network some circuits meet, with numbers.

    Circuits that fail one can be put behind an on-indicator, `Guarded`, which meets the first three.

    Args:
        circuits: the circuits.
        n_layers: L; by default the layers they have weights for, 4 if all are the same.
        samples: random circuits and inputs that gains are taken over.
        key: for them.

    Returns:
        The assumptions.

    Raises:
        ValueError: if the circuits do not have so many layers.
    """
    layers = (circuits.depth or 4) if n_layers is None else n_layers
    circuits.check_depth(layers)
    check_index("samples", samples)
    key = root_key(0) if key is None else key
    chosen = jax.random.randint(key, (samples,), 0, circuits.n_circuits)
    draw = lambda k: circuits.sample_input(key=k)
    inputs = jax.vmap(draw)(jax.random.split(jax.random.fold_in(key, 1), samples))
    states = exact_trajectory(circuits, chosen, inputs, layers)
    everyone = jnp.arange(circuits.n_circuits)
    silence = jnp.zeros((circuits.n_circuits, circuits.width))
    off = exact_trajectory(circuits, everyone, silence, layers)[1:]
    zones, gains = [], []
    total = jnp.broadcast_to(jnp.eye(circuits.width), (samples, circuits.width, circuits.width))
    for layer in range(layers):
        weights = small_weights(circuits, layer)
        bias = layer_of(circuits.biases(), layer)
        norms = jnp.sqrt((weights**2).sum(axis=-1))
        # A neuron that reads nothing never fires.
        zone = jnp.where(norms > 0, -bias[None] / jnp.where(norms > 0, norms, 1.0), jnp.inf)
        zones.append(float(zone.min()))
        slope = jnp.where(states[layer + 1] > 0, 1.0, 0.0)[:, :, None] * weights[chosen]
        gains.append(float(jnp.sqrt((slope**2).sum(axis=(1, 2)).mean() / circuits.width)))
        if layer > 0:
            total = jnp.einsum("nij,njk->nik", slope, total, precision="highest")
    whole = float(jnp.sqrt((total**2).sum(axis=(1, 2)).mean() / circuits.width))
    carried = circuits.carried_biases()
    spread = 0.0 if carried is None else float(np.ptp(np.asarray(carried), axis=1).max())
    return Assumptions(
        spread,
        np.asarray(off.max(axis=(1, 2)), np.float64),
        np.array(zones),
        np.array(gains),
        whole,
    )
