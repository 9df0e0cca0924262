"""Samples of a program of rotations, all circuits at once and without a large network.

What theories need of a program is which circuits are on in a layer and what they hold: a few hundred
samples of the small circuits' own formula, in numpy, where there is nothing to compile. The instrument
has the reference of its own, `programs.exact_program`.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Complex, Float

from ...programs import Edges


# Samples, and entries of circuits by samples and layers that are kept at once.
_SAMPLES, _FEWEST, _ENTRIES = 256, 16, 8_000_000
# Draws among which those are sought whose decisions lie outside of all margins.
_TRIES = 6
_UNDECIDED = 1e-3
_PARTS = (
    "sources",
    "targets",
    "opens",
    "share",
    "mean_share",
    "decides",
    "directions",
    "constants",
)


class Samples(NamedTuple):
    """What circuits do when run alone.

    Attributes:
        on: (L, T, B), whether a circuit's indicator is above 1/2.
        x: complex (L, T, B), the vector of those that are, 0 of the others.
        decided: (L, T, B), 1/2 + (w·x - theta)/(2 margin) for circuits whose indicator is decided by a
            source that is on, NaN for the others.
    """

    on: Bool[np.ndarray, "L T B"]
    x: Complex[np.ndarray, "L T B"]
    decided: Float[np.ndarray, "L T B"]


def sample_program(
    edges: Edges, n_active: int, lo: float, hi: float, b: float, seed: int = 0
) -> Samples | None:
    """Draw samples whose decisions lie outside of margins; None if hardly any does.

    Args:
        edges: without weights given as such.
        n_active: groups that start.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        seed: of angles, which are uniform, and of inputs.
    """
    random = np.random.default_rng(seed)
    T, L = edges.n_circuits, edges.n_layers
    count = max(_FEWEST, min(_SAMPLES, _ENTRIES // (T * L)))
    drawn = count * (_TRIES if edges.deciding else 1)
    turn = np.exp(2j * np.pi * random.random(T))
    kept: list[Samples] = []
    found = 0
    for start in range(0, drawn, count):
        made = _run(edges, *_inputs(edges, n_active, count, random), turn, lo, hi, b)
        clear = made[1]
        kept.append(Samples(*(part[..., clear] for part in made[0])))
        found += int(clear.sum())
        if found >= count or start == 0 and found == 0:
            break
    if found < _FEWEST:
        return None
    return Samples(*(np.concatenate(parts, axis=-1) for parts in zip(*kept, strict=True)))


def _inputs(edges: Edges, n_active: int, count: int, random: np.random.Generator):
    """Return on (T, B) and x of layer 0, before the circuits' first rotation."""
    T, groups = edges.n_circuits, np.asarray(edges.entries)
    order = np.argpartition(random.random((count, len(groups))), n_active - 1, axis=1)
    chosen = groups[order[:, :n_active]].reshape(count, -1)
    on, x = np.zeros((T + 1, count), bool), np.zeros((T + 1, count), complex)
    place = chosen.T, np.arange(count)
    on[place] = True
    x[place] = np.exp(2j * np.pi * random.random(place[0].shape))
    return on[:T], x[:T] * on[:T]


def _run(edges: Edges, on, x, turn, lo: float, hi: float, b: float):
    """Return the samples, and which of them are decided."""
    k, T = 1 / (hi - lo), len(turn)
    x = x * turn[:, None]
    clear = np.ones(on.shape[1], bool)
    layers = [(on, x, np.full(on.shape, np.nan))]
    for number in range(edges.n_layers - 1):
        there = np.asarray(edges.targets[number]) < T
        parts = {name: np.asarray(getattr(edges, name)[number])[there] for name in _PARTS}
        sources, targets = parts["sources"], parts["targets"]
        on_sources = on[sources]
        gate, vector = np.zeros(on.shape), np.zeros(x.shape, complex)
        np.add.at(gate, targets, (parts["opens"] + parts["mean_share"])[:, None] * on_sources)
        np.add.at(vector, targets, parts["share"][:, None] * x[sources] * turn[targets, None])
        field, decided = k * (gate - lo), np.full(on.shape, np.nan)
        if edges.deciding:
            decided = _decided(parts, on_sources, x[sources], on.shape)
            field = field + np.where(np.isnan(decided), 0.0, decided + k * lo)
        alpha = np.clip(field, 0, 1)
        clear &= ((alpha < _UNDECIDED) | (alpha > 1 - _UNDECIDED)).all(axis=0)
        on = alpha > 0.5
        real, imaginary = (
            np.maximum((1 + b) * gate - b + part, 0) for part in (vector.real, vector.imag)
        )
        x = np.where(on, real + 1j * imaginary - alpha * (1 + 1j), 0)
        layers.append((on, x, decided))
    return [np.stack(parts) for parts in zip(*layers, strict=True)], clear


def _decided(parts, on_sources, held, shape):
    """Return 1/2 + (w·x - theta)/(2m) by target, NaN where no source that is on decides."""
    deciding = parts["decides"]
    targets, directions, here = (
        parts["targets"][deciding],
        parts["directions"][deciding],
        held[deciding],
    )
    value = directions[:, :1] * here.real + directions[:, 1:] * here.imag
    value = value + parts["constants"][deciding][:, None]
    there, sums = np.zeros(shape, bool), np.zeros(shape)
    np.logical_or.at(there, targets, on_sources[deciding])
    np.add.at(sums, targets, np.where(on_sources[deciding], value, 0.0))
    return np.where(there, sums, np.nan)
