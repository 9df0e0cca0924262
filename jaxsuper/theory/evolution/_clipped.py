"""State evolution: the collapse of the clipped rotation network, predicted layer by layer.

The closed forms assume that no inactive circuit switches on. Here the state carried from layer to
layer is a distribution, over inputs, circuits and neurons, and no connectivity is ever drawn: the
layers are shuffled independently, so every layer meets fresh partners. Inputs are n, T, S, z, L,
thresholds, b, the factor on chi' and the loads of the allocation; nothing is fitted.

Per neuron one scalar field h drives both on-neurons and both gates, and one vector field g the
rotated part (g as a complex number, N(n) the neurons connected to n, A the sum of all alpha):

    h_n = ( (1+chi') sum_{m in N(n)} alpha_m - chi' A ) / S          alpha' = step(h_n)
    g_n = sum_{t on n} R_t x_t                          y' = ReLU( (1+b) h_n - b + g_n )
    alpha_t = mean over M_t of alpha',                  x_t = mean over M_t of y' - alpha' (1, 1)

The sum over N(n) has four parts, each drawn from its distribution:
1. the circuit's own neurons, which all S receivers of the circuit share: feedback;
2. the neurons of active circuits that use this very neuron (probability (r-1)/(T-1), at most one
   of a circuit's neurons);
3. active neurons reached through the receiver's other circuits (`draw_meetings`);
4. erroneously active neurons: a sum over drawn inactive circuits, plus mean and variance of what
   clipping makes of it (`occupancy`). Circuits of a sample share its total activity A, and noise
   comes to receivers together with the vector of the circuit that carries it.
All vectors of a layer have a mean that every neuron gets, turned by the mean rotation of the
network's angles (`_rotations`).

Assumptions: pairwise overlap at most 1, independent shuffles, T large against the load, no
correlation of circuits beyond loads and shared neurons.
"""

from typing import Any

import numpy as np

from ..._errors import check
from ._fields import first_field, later_field, sent_by
from ._placement import place
from ._population import populate
from ._rotations import draw_rotations
from ._state import errors, Fields, respond, start, turned
from ._summary import Evolution, summarised


def state_evolution(
    set_loads: Any,
    n: int,
    z: int,
    L: int,
    lo: float = 0.25,
    hi: float = 0.75,
    b: float = 1.0,
    chi_factor: float = 1.0,
    inhibition: str = "scalar",
    seed: int = 0,
    mean_rotation: Any = None,
) -> Evolution:
    """Predict the errors of rotation circuits (d = 4) in the clipped construction, collapse included.

    Args:
        set_loads: (T, S), the loads of the neurons of every set: `loads[sets]` of an allocation.
        n: block width.
        z: active circuits.
        L: layers.
        lo: lower threshold of the step.
        hi: upper threshold.
        b: gate bias.
        chi_factor: factor on chi'.
        inhibition: "scalar" or "receiver".
        seed: of the population; results scatter by a few per cent, more where events are rare.
        mean_rotation: Rbar of one network, complex, for all layers or (L,); None for the average
            over networks with uniform angles.

    Returns:
        metric -> (L,): `mse_on_active`, `mse_on_inactive`, `mse_x_active`, `mse_x_inactive`, with
        standard errors and the spread between networks.

    Raises:
        ValueError: for z outside 1..T-1, L < 1 or an impossible mean rotation.
    """
    check(L >= 1, "L", "must be at least 1", L)
    population = populate(set_loads, n, z, chi_factor, inhibition)
    rng = np.random.default_rng(seed)
    truth, estimate = start(population, rng)
    all_rotations = draw_rotations(mean_rotation, population.circuits, population.T, L, rng)
    state, layers = None, []
    for rotations in all_rotations:
        placement = place(population, rng)
        truth, g = turned(placement, rotations, truth, estimate)
        if state is None:
            h = first_field(placement)
        else:
            h, met, _ = later_field(
                population, placement, sent_by(population, state), rotations.mean, rng
            )
            g = g + met
        state = respond(placement, Fields(truth, h, g), lo, hi, b)
        estimate = state.estimate
        layers.append(errors(state))
    return summarised(layers, all_rotations[0].mean)
