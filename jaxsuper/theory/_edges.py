"""Closed forms with edges in the place of circuits: the errors of programs of rotations.

Between two layers every edge that opens is a term of C, a set of senders and one of receivers, and
the moments of what is received follow from loads that are counted in edges (`edges_received`). Which
circuits are on, and what they hold, is that of the program alone: `Stage` and `Gap` have the numbers.

To first order, with N own edges, each with the square of its share of the target's weights, z circuits
on before and z' open after, V = E|x|^2 of inactive circuits, and e ~ d/D,

    E_{l+1} = carried E_l + fan_in V + N e V + e (z'-1)(p + G) + e beside + G ( J (z-1) + openers E(K/S)^2 )

so that noise goes as the number of edges times (d/D)^2, the edges of a fan-in that are not used come
in undivided, V and not e V, and N = T, fan-in 1 is the form of circuits that succeed themselves.
Source: ours; notes#edges.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._errors import check
from ._chances import disjoint_probability
from ._flow import Errors, flow_errors
from ._flow_noise import Gap, Network, Stage
from ._interaction import Received, received_by


METRICS = ("mse_x_active", "mse_x_inactive", "mse_on_active", "mse_on_inactive")
# Ways to lay circuits over the sets that stand for all of them, of at most so many circuits in all.
_DRAWS, _MOST_SETS = 16, 6000


def edges_received(
    sets: Any, into: Any, out_of: Any, fed: Any = None, feeding: Any = None, seed: int = 0
) -> Received:
    """Return the moments of what neurons receive through C of a list of edges.

    Which sets the circuits have is drawn, since layers shuffle them: where every circuit has one edge
    into and one out of it there is nothing to draw.

    Args:
        sets: int (T, S), the neurons of every set.
        into: int (T,), edges that open each circuit of the layer.
        out_of: int (T,), those out of each circuit of the layer before.
        fed: bool (T,), circuits that any edge leads to; those that one opens if left out.
        feeding: bool (T,), circuits that any edge leaves.
        seed: of the draws.

    Raises:
        ValueError: for fewer than three edges, or numbers that do not add up.
    """
    sets, into, out_of = np.asarray(sets), np.asarray(into), np.asarray(out_of)
    count = int(into.sum())
    check(count == out_of.sum(), "out_of", f"must add up to {count}, as `into` does", out_of.sum())
    check(count >= 3, "into", "must hold at least 3 edges", count)
    if (into == 1).all() and (out_of == 1).all():
        return received_by(_loads(sets, into))
    fed, feeding = (
        ends > 0 if given is None else np.asarray(given, bool)
        for ends, given in ((into, fed), (out_of, feeding))
    )
    random = np.random.default_rng(seed)
    draws = max(1, min(_DRAWS, _MOST_SETS // len(sets)))
    laid = [[sets[random.permutation(len(sets))] for _ in range(2)] for _ in range(draws)]
    tables = [
        np.concatenate([_loads(pair[end], ends) for pair in laid])
        for end, ends in enumerate((into, out_of))
    ]
    each = [_inhibition(to, from_, into, out_of, fed, feeding) for to, from_ in laid]
    chi = float(np.mean(each))
    n_fed = int((into > 0).sum())
    found = received_by(*tables, n_edges=count, fan_in=count / n_fed, chi=chi)
    # How often circuits meet is a matter of all sets, and not of those that were drawn.
    every = received_by(_loads(sets, np.ones_like(into))).overlap_rate
    scale = every / found.overlap_rate if found.overlap_rate > 0 else 1.0
    return found._replace(n_fed=n_fed, overlap_rate=every, meets=scale * found.meets)


def _loads(sets, ends):
    """Return 1 + the ends of other circuits' edges on each neuron of those that have any."""
    ends = ends.astype(np.int64)
    on_neuron = np.bincount(sets.ravel(), np.repeat(ends, sets.shape[1]))
    there = ends > 0
    return 1 + on_neuron[sets[there]].astype(np.int64) - ends[there, None]


def _inhibition(to_sets, from_sets, into, out_of, fed, feeding) -> float:
    """Return chi' = U/(S^2 - U), U the mean of <e_t, C e_v> over pairs that no edge joins.

    Neurons n and m with F and F' ends of edges are linked with the chance 1 - H(N; F, F'), so that of
    r and r' circuits that are fed and feed, U = (sum r r' (1 - H) - S sum F)/(N_t N_v - N).
    """
    S, count = to_sets.shape[1], int(into.sum())
    over = lambda sets, ends: np.bincount(sets.ravel(), np.repeat(ends, S), int(sets.max()) + 1)
    parts = []
    for sets, ends, there in ((to_sets, into, fed), (from_sets, out_of, feeding)):
        loads, index = np.unique(over(sets, ends), return_inverse=True)
        parts.append((loads, np.bincount(index, over(sets, there))))
    (to, to_circuits), (from_, from_circuits) = parts
    linked = 1 - disjoint_probability(count, to[:, None], from_[None])
    unwanted = to_circuits @ linked @ from_circuits - S * float(into.sum() * S)
    mean = unwanted / max(float(fed.sum() * feeding.sum() - count), 1.0)
    return mean / (S**2 - mean)


def edge_errors(
    set_loads: Any,
    stages: Sequence[Stage],
    gaps: Sequence[Gap],
    lo: float = 0.25,
    hi: float = 0.75,
    b: float = 1.0,
    rectified: bool = True,
) -> dict[str, list[float]]:
    """Return the errors of rotations (d = 4) under edges, before anything seizes.

    Args:
        set_loads: (T, S), the loads of the neurons of every set.
        stages: of layers 1..L.
        gaps: between them.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        rectified: whether there is a ReLU; the oracle has none.

    Returns:
        metric -> values of layers 1..L, of `METRICS`; those of active circuits over such that are open
        and such that wait for a vector.

    Raises:
        ValueError: unless there is one gap fewer than stages, and some circuit open in each.
    """
    e = received_by(set_loads).overlap_rate
    layers = edge_layers(set_loads, stages, gaps, lo, hi, b, rectified)
    errors: dict[str, list[float]] = {name: [] for name in METRICS}
    for stage, layer in zip(stages, layers, strict=True):
        # A circuit that waits reads 1 + x_v of a neuron that an open one shares, and alpha elsewhere.
        held = e * stage.opened * (2 + stage.power) + 2 * layer.waiting.square
        mean = lambda opened, waiting, s=stage: (s.opened * opened + s.waiting * waiting) / s.on
        errors["mse_x_active"].append(mean(layer.opened, held))
        errors["mse_x_inactive"].append(layer.vector)
        errors["mse_on_active"].append(mean(layer.opened_on, layer.waiting.square))
        errors["mse_on_inactive"].append(layer.indicator)
    return errors


def edge_layers(
    set_loads: Any,
    stages: Sequence[Stage],
    gaps: Sequence[Gap],
    lo: float = 0.25,
    hi: float = 0.75,
    b: float = 1.0,
    rectified: bool = True,
) -> list[Errors]:
    """Return the same by layer, open and waiting circuits apart; arguments as of `edge_errors`."""
    rule = f"must be {len(stages) - 1}, one fewer than layers"
    check(len(gaps) == len(stages) - 1 >= 1, "gaps", rule, len(gaps))
    fewest = min(stage.opened for stage in stages)
    check(fewest >= 1, "stages", "must have an open circuit in each layer", fewest)
    all_of = received_by(set_loads)
    T, S, e = all_of.n_circuits, all_of.redundancy, all_of.overlap_rate
    network = Network(T, S, e, 0.0, all_of.first, lo, hi, b, rectified)
    return flow_errors(network, stages, gaps)
