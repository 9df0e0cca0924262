"""What the card says of a network: its errors, the naive baseline beside them, and where it stands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import root_key
from .._settings import Configuration, IDENTITY
from ..circuits import layout_of
from ..network import AbstractNetwork
from ..simulation import (
    capacity_of,
    default_chunk,
    forward,
    LayerView,
    parts_of,
    Recipe,
    sample_inputs,
    simulate,
)
from ..theory.seizure import Critical, critical_circuits, load_classes


# The errors are of other samples than those exported.
_OTHER = 1
_ON = 0.5


def _key(seed: int) -> Any:
    return root_key((seed + _OTHER) % 2**32)


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def measured_rows(
    network: AbstractNetwork, n_active: int, n_samples: int, seed: int
) -> list[dict[str, Any]]:
    """Return {layer, metric, value, stderr}, over samples other than those exported.

    Args:
        network: the network.
        n_active: z, or groups.
        n_samples: of this network.
        seed: that the exported samples have.
    """
    found = simulate(network, n_active, n_samples, key=_key(seed))
    return [
        {
            "layer": layer + 1,
            "metric": name,
            "value": _plain(found.mean[layer, number]),
            "stderr": _plain(found.stderr[layer, number]),
        }
        for layer in range(len(found.mean))
        for number, name in enumerate(found.names)
    ]


def naive_share(network: AbstractNetwork) -> float:
    """Return the share of circuits that as many neurons compute exactly if each has its own: D / (d T)."""
    return min(1.0, network.network_width / (network.circuits.width * network.n_circuits))


@eqx.filter_jit
def _sums(network, slots, counted, ids, key):
    """Return by layer, readout and sample: errors of active circuits, of all, gated, and |truth|^2."""
    inputs = sample_inputs(
        network.circuits,
        slots,
        network.n_layers,
        ids,
        key=key,
        counted=counted,
        edges=network.edges,
    )
    readouts = network.circuits.layout.readouts
    gated = readouts[0][0] == "on"
    columns = jnp.arange(len(ids))[None]

    def observe(view: LayerView) -> tuple[Float[Array, "readouts 4 B"], Int[Array, " B"]]:
        there = (view.active < network.n_circuits)[None]
        rows = []
        for _, channels in readouts:
            picked = jnp.array(channels)
            estimates = view.estimates[picked]
            truth = jnp.where(there, view.truth[picked], 0.0)
            known = estimates.at[:, view.active, columns].get(mode="fill", fill_value=0.0)
            active = jnp.where(there, (known - truth) ** 2, 0.0).sum(axis=(0, 1))
            size = (truth**2).sum(axis=(0, 1))
            # All that is read of circuits that are off is wrong.
            off = lambda read, own: (read**2).sum(axis=(0, 1)) - (own**2).sum(axis=(0, 1))
            every = active + off(estimates, jnp.where(there, known, 0.0))
            shut = every
            if gated:
                alpha = view.estimates[readouts[0][1][0]]
                open_ = (alpha > _ON)[None]
                mine = (alpha.at[view.active, columns].get(mode="fill", fill_value=0.0) > _ON)[None]
                own = jnp.where(mine & there, known, 0.0)
                shut = ((own - truth) ** 2).sum(axis=(0, 1))
                shut = shut + off(jnp.where(open_, estimates, 0.0), own)
            rows.append(jnp.stack([active, every, shut, size]))
        return jnp.stack(rows), there[0].sum(axis=0)

    return forward(network, inputs, observe)


def baseline_rows(
    network: AbstractNetwork, loads: Sequence[int], n_samples: int, seed: int
) -> list[dict[str, Any]]:
    """Return the network's errors and those of the naive baseline, by z, layer and readout.

    The baseline computes D/d circuits exactly, each on d neurons of its own, and answers 0 for the
    others: its squared error is (1 - D/(d T)) |q|^2 per active circuit.

    Args:
        network: the network.
        loads: z, several; those there are not enough circuits or groups for are left out.
        n_samples: of each.
        seed: that the exported samples have.

    Returns:
        Rows {n_active, layer, readout, active, active_stderr, naive, every, gated, naive_every}: squared
        errors per active circuit, and summed over all T circuits per sample, read linearly and read
        where the circuit's own indicator is above 1/2.
    """
    edges = network.edges
    most = network.n_circuits if edges is None else (1 if edges.alone else int(edges.n_groups))
    loads = [z for z in sorted(set(loads)) if z <= most]
    if not loads:
        return []
    share, size = 1 - naive_share(network), min(n_samples, default_chunk(network, n_samples))
    key, rows = _key(seed), []
    for z in loads:
        parts, numbers = [], []
        for start in range(0, n_samples, size):
            ids = jnp.arange(start, start + size, dtype=jnp.int32)
            found, on = jax.device_get(_sums(network, loads[-1], np.int32(z), ids, key))
            parts.append(found[..., : n_samples - start])
            numbers.append(on[:, : n_samples - start])
        sums = np.concatenate(parts, axis=-1).astype(np.float64)
        counts = np.maximum(np.concatenate(numbers, axis=-1).mean(axis=-1), 1e-9)
        for layer, number in np.ndindex(sums.shape[:2]):
            active, every, gated, size_of = sums[layer, number].mean(axis=-1)
            # Circuits of a program switch each other on and off.
            on = counts[layer]
            error = sums[layer, number, 0].std(ddof=1) / n_samples**0.5 / on
            rows.append(
                {
                    "n_active": z,
                    "layer": layer + 1,
                    "readout": network.circuits.layout.readouts[number][0],
                    "active": _plain(active / on),
                    "active_stderr": _plain(error),
                    "naive": _plain(share * size_of / on),
                    "every": _plain(max(every, 0.0)),
                    "gated": _plain(max(gated, 0.0)),
                    "naive_every": _plain(share * size_of),
                }
            )
    return rows


def critical_of(settings: Configuration, n_active: int) -> Critical | None:
    """Return the most circuits that stay quiet within the layers, as theory has it, for these settings.

    The laws are those of density evolution, with the loads of the settings' own sets at every T.

    Args:
        settings: any number of circuits.
        n_active: z.

    Returns:
        None where theory says nothing: of programs, and of constructions that do not compute the
        indicators of a layer by a step of the clipped sum over those of the layer before.
    """
    traits, layout = Recipe.of(settings).traits, layout_of(settings.circuit)
    stepped = traits.inhibited and "lower_threshold" in traits.tunable
    first = layout.channels[0]
    step = layout.readouts[0][0] == "on" and first[:2] == (1, -1) and not any(first[2:])
    apart = traits.own_indicators or traits.layers_per_step > 1 or not step
    if not stepped or apart or settings.edges != IDENTITY:
        return None
    n, S, most = settings.network_width // layout.width, settings.redundancy, capacity_of(settings)

    def loads(count: float) -> Any:
        made = parts_of(
            replace(settings, n_circuits=min(round(count), most or round(count)))
        ).allocation
        return load_classes(made.loads[made.sets])

    return critical_circuits(
        n,
        S,
        n_active,
        settings.n_layers,
        settings.lower_threshold,
        settings.upper_threshold,
        inhibition=settings.inhibition,
        inhibition_factor=settings.inhibition_factor,
        loads_of=loads,
        most=most,
    )


def position_of(settings: Configuration, n_active: int) -> dict[str, Any]:
    """Return where a network stands against the seizure, as theory has it.

    Args:
        settings: of the network.
        n_active: z.

    Returns:
        `critical` (T_c of `critical_of`), `distance` (T / T_c), `ends_by` ("seizure", "dying" of active
        circuits, or "sets" that hold no more), `n_active`; empty where theory says nothing.
    """
    found = critical_of(settings, n_active)
    if found is None:
        return {}
    return {
        "n_active": n_active,
        "critical": float(found.n_circuits),
        "distance": settings.n_circuits / float(found.n_circuits),
        "ends_by": found.ends_by,
    }
