"""Programs written out by hand in double precision: every circuit, every edge, no lists of ids."""

import numpy as np


LO, HI, BIAS = 0.25, 0.75, 1.0
ALPHA = np.array([1.0, -1, 0, 0])
X = np.array([[-1.0, 1, 1, 0], [-1, 1, 0, 1]])

# Of the program below, (gap, source, target) of the edges without mean weights.
SHUT = {(0, 0, 1), (0, 0, 2), (1, 0, 1), (1, 0, 2), (1, 5, 6), (1, 9, 10)}


def rotation_weight(angle, *, opens=True, share=1.0, mean_share=0.0, decision=None):
    """Return W_e of an edge into a rotation, from the definition."""
    slope = 1 / (HI - LO)
    mean = np.outer([slope, slope, 1 + BIAS, 1 + BIAS], ALPHA)
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    weight = (float(opens) + mean_share) * mean
    weight[2:] += share * np.asarray(turn) @ X
    if decision is not None:
        w, threshold, margin = decision
        row = (slope * LO + 0.5 - threshold / (2 * margin)) * ALPHA
        weight[:2] += row + np.asarray(w) @ X / (2 * margin)
    return weight


def biases():
    slope = 1 / (HI - LO)
    return np.array([-slope * LO, -slope * LO - 1, -BIAS, -BIAS])


def run(gaps, first, n_circuits):
    """Return a (L, T, d) of all circuits, from lists of (source, target, W) and a^1."""
    layers = [first]
    for edges in gaps:
        before = np.tile(biases(), (n_circuits, 1))
        for source, target, weight in edges:
            before[target] += weight @ layers[-1][source]
        layers.append(np.maximum(before, 0))
    return np.stack(layers)


def program(angles):
    """Return a program with every word of the language, and its edges written out by hand."""
    from jaxsuper.circuits import Rotation
    from jaxsuper.programs import Program

    said = Program(Rotation(angles))
    said.branch(0, on=lambda x: x[0] - 0.5 * x[1] > 0.1, then=1, otherwise=2, layer=1, margin=0.3)
    said.fan_out(3, to=[4, 5], layer=1)
    said.merge([4, 5], to=6, layer=2)
    said.relay(6, to=7, layer=3).relay(1, to=8, layer=3).relay(2, to=8, layer=3)
    said.unless(9, target=10, layer=2).keep(9, layer=3).relay(9, to=11, layer=3)
    said.stop(10, layer=4)
    turn = lambda source, target, **options: (
        source,
        target,
        rotation_weight(angles[target], **options),
    )
    w = (1.0, -0.5)
    flag = {"opens": False, "share": 0.0}
    named = [
        [
            turn(0, 0),
            turn(0, 1, decision=(w, 0.1, 0.3), **flag),
            turn(0, 2, decision=(tuple(-np.array(w)), -0.1, 0.3), **flag),
            turn(3, 4),
            turn(3, 5),
        ],
        [
            turn(0, 1, opens=False),
            turn(0, 2, opens=False),
            turn(1, 1, share=0.0),
            turn(2, 2, share=0.0),
            turn(4, 6, share=0.5),
            turn(5, 6, share=0.5, opens=False),
            turn(9, 10, mean_share=-1.0, **flag),
        ],
        [turn(6, 7), turn(1, 8), turn(2, 8), turn(9, 9), turn(9, 11)],
        [],
    ]
    busy = [{0, 3}, {0, 1, 2, 4, 5}, {6, 1, 2, 9}, {10}]
    alone = [[turn(t, t) for t in range(12) if t not in away] for away in busy]
    return said, [own + rest for own, rest in zip(named, alone, strict=True)]
