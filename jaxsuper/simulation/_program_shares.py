"""Whether the right circuits are on: of a program, layer by layer, and what one sample looks like."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._arrays import check_key, integers_of
from .._errors import bad, check
from .._limits import check_index
from .._types import KeyScalar
from ..network import AbstractNetwork
from ._forward import forward, LayerView
from ._inputs import sample_inputs
from ._program_inputs import check_groups


_ON = 0.5


@dataclass(frozen=True)
class Shares:
    """Shares of samples by layer; their standard errors are those of independent samples.

    Attributes:
        right: in which, of the circuits looked at, those that are meant to be on have indicators
            above 1/2, and no other has.
        chosen: in which the largest indicator of those looked at is that of a circuit that is meant
            to be on.
        n_samples: how many.
    """

    right: Float[np.ndarray, " L"]
    chosen: Float[np.ndarray, " L"]
    n_samples: int

    def stderr(self, share: Float[np.ndarray, " L"]) -> Float[np.ndarray, " L"]:
        """Return the standard error of a share."""
        return np.sqrt(share * (1 - share) / self.n_samples)


@dataclass(frozen=True)
class ProgramSample:
    """One sample of a program.

    Attributes:
        meant: in each layer, the circuits that are meant to be on.
        indicators: (L, T), estimated.
    """

    meant: list[list[int]]
    indicators: Float[np.ndarray, "L T"]

    def on(self, threshold: float = _ON) -> list[list[int]]:
        """Return in each layer the circuits whose indicator is above a threshold."""
        return [np.flatnonzero(layer > threshold).tolist() for layer in self.indicators]


def _channel(network: AbstractNetwork) -> int:
    """Return the channel of the on-indicator."""
    name, channels = network.circuits.layout.readouts[0]
    if name != "on" or network.edges is None:
        raise bad("network", "must have edges, and circuits with an on-indicator", name)
    return channels[0]


@eqx.filter_jit
def _chunk(network, n_active, ids, key, among, channel):
    count = network.n_circuits
    inputs = sample_inputs(
        network.circuits, n_active, network.n_layers, ids, key=key, edges=network.edges
    )
    columns = jnp.arange(len(ids))

    def observe(view: LayerView) -> tuple[Array, Array]:
        meant = (
            jnp.zeros((count, len(ids)), bool)
            .at[view.active, columns[None]]
            .set(True, mode="drop")[among]
        )
        alpha = view.estimates[channel][among]
        right = jnp.all((alpha > _ON) == meant, axis=0)
        return right, meant[jnp.argmax(alpha, axis=0), columns]

    return forward(network, inputs, observe)


def program_shares(
    network: AbstractNetwork,
    n_active: int,
    batch_size: int,
    *,
    key: KeyScalar,
    among: Any = None,
    chunk: int = 256,
) -> Shares:
    """Measure in how many samples the right circuits are on.

    Args:
        network: with edges.
        n_active: groups of circuits that start.
        batch_size: samples.
        key: of the samples.
        among: the circuits to look at, all of them if left out.
        chunk: samples run at once.

    Raises:
        ValueError: for a network without edges or indicators, or circuits that do not exist.
    """
    channel = _channel(network)
    check_key("key", key)
    check_index("batch_size", batch_size)
    check_index("chunk", chunk)
    assert network.edges is not None
    check_groups(network.edges, n_active)
    every = network.n_circuits
    ids = np.arange(every) if among is None else integers_of("among", among, np.int32).ravel()
    inside = len(ids) > 0 and ids.min() >= 0 and ids.max() < every
    check(inside, "among", f"must name circuits 0..{every - 1}", ids.tolist())
    sums, size = [], min(chunk, batch_size)
    for start in range(0, batch_size, size):
        samples = jnp.arange(start, start + size, dtype=jnp.int32)
        parts = _chunk(network, n_active, samples, key, jnp.asarray(ids), channel)
        valid = min(size, batch_size - start)
        sums.append([np.asarray(part)[:, :valid].sum(axis=1) for part in parts])
    right, chosen = np.sum(sums, axis=0) / batch_size
    return Shares(right, chosen, batch_size)


@eqx.filter_jit
def _one(network, n_active, sample, key, channel):
    inputs = sample_inputs(
        network.circuits, n_active, network.n_layers, sample[None], key=key, edges=network.edges
    )
    indicators = forward(network, inputs, lambda view: view.estimates[channel][:, 0])
    return inputs.active[..., 0], indicators


def program_sample(
    network: AbstractNetwork, n_active: int = 1, sample: int = 0, *, key: KeyScalar
) -> ProgramSample:
    """Run one sample of a program.

    Args:
        network: with edges.
        n_active: groups of circuits that start.
        sample: its id.
        key: of the samples.

    Raises:
        ValueError: for a network without edges or indicators.
    """
    channel = _channel(network)
    check_key("key", key)
    check_index("sample", sample, least=0)
    active, indicators = _one(network, n_active, jnp.int32(sample), key, channel)
    count = network.n_circuits
    meant = [sorted(int(t) for t in layer if t < count) for layer in np.asarray(active)]
    return ProgramSample(meant, np.asarray(indicators))
