"""What is measured of one layer, sample by sample.

| metric                          | of one sample                                                   |
|---------------------------------|-----------------------------------------------------------------|
| `mse_Q_active`                  | mean over the z active circuits of |estimate - truth|^2          |
| `mse_Q_inactive`                | mean over ALL T - z inactive circuits of |estimate|^2            |
| `worst_Q_active`, `_inactive`   | the largest |estimate - truth| of them                          |
| `mean_err_on_active`            | mean over the active circuits of estimate - truth               |
| `mean_on_inactive`              | mean over the inactive circuits of the estimate                 |
| `frac_inactive_on_gt_half`      | share of inactive circuits with indicator above 1/2 + 1e-4      |
| `frac_samples_any_inactive_on_gt_half` | 1 if there is any such circuit                           |
| `frac_active_neurons_block<i>`  | share of the n neurons of block i above 1e-4                    |

With S = 6, three saturated neurons of six make an indicator of exactly 1/2, of which rounding would
decide whether it is above: in a seizing network one in seven is. The margin settles all of these as
"not over", whatever the thresholds, the device and the order of sums.

Q is a readout of the circuits: `on` (alpha), `x` (the vector, by its norm), `a` (all neurons), ...
"""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._arrays import as_float, sum_of, take_rows
from ..allocation import Extent
from ..circuits import AbstractCircuits, Layout
from ._forward import LayerView


_ACTIVE_NEURON = 1e-4
# Rounding moves an indicator by 1e-6 at most; nothing else lies as near to 1/2 as the margin.
_ON = 0.5 + 1e-4


def _measured(
    layout: Layout,
    view: LayerView,
    padded: Extent | None,
    counted: Int[Array | np.ndarray, "*B"] | None,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return averaged and worst-case metrics by name, in order: the one place that lists them."""
    estimates, active, truth = view.estimates, view.active, view.truth
    _, n_circuits, batch = estimates.shape
    ids = jax.lax.broadcasted_iota(jnp.int32, (n_circuits, batch), 0)
    everything = padded is None
    inactive = jnp.ones((n_circuits, batch), bool) if everything else ids < padded.n_circuits
    for slot in active:
        inactive = inactive & (ids != slot[None, :])
    n_active = jnp.asarray(active.shape[0] if counted is None else counted, jnp.float32)
    n_inactive = as_float(n_circuits if everything else padded.n_circuits) - n_active
    share = jnp.where(n_inactive > 0, 1 / n_inactive, jnp.nan)
    slots = jnp.arange(active.shape[0])[:, None] < jnp.atleast_1d(n_active.astype(jnp.int32))[None]
    # Where no circuit is on, none is wrong.
    each = jnp.maximum(n_active, 1.0)
    samples = jnp.arange(batch)[None, :]
    averaged: dict[str, Array] = {}
    worst: dict[str, Array] = {}
    for name, channels in layout.readouts:
        estimated = jnp.stack([estimates[c][active, samples] for c in channels])
        error = estimated - take_rows(truth, channels)
        if counted is not None:
            error = jnp.where(slots, error, 0.0)
        wrong = jnp.sum(error**2, axis=0)
        norm = sum_of([jnp.where(inactive, estimates[c], 0.0) ** 2 for c in channels])
        averaged[f"mse_{name}_active"] = wrong.sum(axis=0) / each
        averaged[f"mse_{name}_inactive"] = norm.sum(axis=0) * share
        worst[f"worst_{name}_active"] = jnp.sqrt(wrong.max(axis=0))
        # Adding 0 or NaN: there is no worst case over no circuits.
        worst[f"worst_{name}_inactive"] = jnp.sqrt(norm.max(axis=0)) + 0 * share
        if name == "on":
            alpha = jnp.where(inactive, estimates[channels[0]], 0.0)
            above = jnp.sum(jnp.where(alpha > _ON, 1.0, 0.0), axis=0)
            any_above = jnp.where(above > 0, 1.0, 0.0) + 0 * share
            averaged["mean_err_on_active"] = error[0].sum(axis=0) / each
            averaged["mean_on_inactive"] = alpha.sum(axis=0) * share
            averaged["frac_inactive_on_gt_half"] = above * share
            averaged["frac_samples_any_inactive_on_gt_half"] = any_above
    firing = jnp.where(view.activations > _ACTIVE_NEURON, 1.0, 0.0)
    width = as_float(firing.shape[1] if everything else padded.block_width)
    for block, share_firing in enumerate(firing.sum(axis=1) / width):
        averaged[f"frac_active_neurons_block{block}"] = share_firing
    return averaged, worst


def metric_names(circuits: AbstractCircuits | Layout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the averaged and of the worst-case metrics, in the order measured.

    Args:
        circuits: the circuits, or the layout of their kind.

    Returns:
        (averaged, worst).
    """
    return _names(circuits if isinstance(circuits, Layout) else circuits.layout)


@lru_cache
def _names(layout: Layout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names: list[tuple[str, ...]] = []

    def look(activations, estimates, active, truth):
        view = LayerView(activations, estimates, active, truth)
        names.extend(tuple(metrics) for metrics in _measured(layout, view, None, None))

    # Of any shapes; nothing is computed.
    sizes = (layout.width, 2, 1), (len(layout.channels), 2, 1), (1, 1), (len(layout.channels), 1, 1)
    dtypes = (jnp.float32, jnp.float32, jnp.int32, jnp.float32)
    shapes = map(jax.ShapeDtypeStruct, sizes, dtypes)
    jax.eval_shape(look, *shapes)
    averaged, worst = names
    return averaged, worst


def layer_metrics(
    layout: Layout,
    view: LayerView,
    padded: Extent | None = None,
    counted: Int[Array | np.ndarray, "*B"] | None = None,
) -> tuple[Float[Array, "metrics B"], Float[Array, "worst B"]]:
    """Measure one layer.

    Args:
        layout: of the circuits, for the names of their readouts.
        view: the layer, with its active circuits and their true channels.
        padded: how many circuits and neurons count, if not all; the others are 0.
        counted: how many of the z active circuits count, if not all; of programs, in each sample.

    Returns:
        Averaged and worst-case metrics of each sample, in the order of `metric_names`; those over
        inactive circuits are NaN if all circuits are active.
    """
    averaged, worst = _measured(layout, view, padded, counted)
    return jnp.stack(list(averaged.values())), jnp.stack(list(worst.values()))
