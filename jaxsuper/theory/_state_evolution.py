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

Assumptions: pairwise overlap at most 1, independent shuffles, T large against the load, no
correlation of circuits beyond loads and shared neurons.
"""

from typing import Any, NamedTuple

import numpy as np

from .._errors import check
from ._occupancy import draw_meetings, draw_sharing, expected_inhibition, occupancy


# Tracked neurons per sample and samples multiply to about this many circuits.
_POPULATION = 33_000
METRICS = ("mse_on_active", "mse_on_inactive", "mse_x_active", "mse_x_inactive")


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
) -> dict[str, Any]:
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

    Returns:
        metric -> (L,): `mse_on_active`, `mse_on_inactive`, `mse_x_active`, `mse_x_inactive`.

    Raises:
        ValueError: for z outside 1..T-1 or L < 1.
    """
    table = np.asarray(set_loads, dtype=np.int64)
    T, S = table.shape
    check(1 <= z < T, "z", f"must lie in 1..{T - 1}", z)
    check(L >= 1, "L", "must be at least 1", L)
    check(
        inhibition in ("scalar", "receiver"), "inhibition", "must be scalar or receiver", inhibition
    )
    population = Population(table, n, z, chi_factor, inhibition, np.random.default_rng(seed))
    layers = []
    for layer in range(L):
        h, g = population.first_fields() if layer == 0 else population.later_fields()
        layers.append(population.respond(h, g, lo, hi, b))
    return dict(zip(METRICS, np.array(layers).T, strict=True))


class Emitted(NamedTuple):
    """What a layer sends on: its sources' loads, sharing and activity (see `Population`).

    Attributes:
        loads: int (K, N, S), circuits on each source neuron.
        hit: bool (K, N, S, z), whether an active circuit uses it too.
        slot: int (K, N, z), which of the active circuit's neurons that is.
        alpha: (K, N, S), its indicator.
        vector: complex (K, z, S), what it adds to the vector read from it, active circuits only.
        noise: complex (K, P), what a circuit's erroneously active neurons add to its vector.
        shared: bool (K, N, S), whether any active circuit uses it too.
        label: bool (K, N, z, S), which neurons of the active circuits a circuit shares.
        duplicate: bool (K, z, S), neurons counted at another active circuit.
        total: (K,), total indicator activity.
        n_noise: (K,), neurons that no active circuit uses.
    """

    loads: Any
    hit: Any
    slot: Any
    alpha: Any
    vector: Any
    noise: Any
    shared: Any
    label: Any
    duplicate: Any
    total: Any
    n_noise: Any


class Population:
    """K samples, each with its z active circuits and P representatives of the inactive ones.

    Arrays are (K, N, S), N = z + P circuits of which the active come first; P = n/S, so that the
    total activity fluctuates as in n neurons.
    """

    def __init__(self, table, n, z, chi_factor, inhibition, rng):
        T, S = table.shape
        self.rng, self.T, self.S, self.z = rng, T, S, z
        self.P = max(16, n // S)
        self.K = max(200, int(_POPULATION / (self.P * z**0.5)))
        self.table = table[np.argsort(table.sum(1), kind="stable")]
        values, slots = np.unique(table, return_counts=True)
        counts = slots / values  # a neuron of load r fills r slots
        self.n_used = counts.sum()  # neurons without a circuit stay silent
        largest = int(values.max())
        scalar, each = expected_inhibition(values, counts, T, S)
        self.chi = np.full(largest + 1, scalar)
        if inhibition == "receiver":
            self.chi[values] = each
        self.chi *= chi_factor
        self.slope, self.offset, self.rest, self.own_offset = occupancy(T, largest)
        self.pairs = [(u, v) for u in range(z) for v in range(u + 1, z)]
        self.rows = np.arange(self.K)[:, None, None]
        self.truth = np.exp(2j * np.pi * rng.random((self.K, z)))
        silent = np.zeros((self.K, self.P))
        self.estimate = np.concatenate([self.truth, silent], 1)

    def _draw_loads(self, samples, strata):
        """Draw load vectors of whole sets, stratified so that every sample sees all loads."""
        place = (np.arange(strata) + self.rng.random((samples, strata))) / strata
        return self.table[(self.rng.permuted(place, axis=1) * len(self.table)).astype(int)]

    def _new_layer(self):
        """Draw the neurons of a layer, who shares them, and the part of g that follows."""
        K, P, S, z, rng = self.K, self.P, self.S, self.z, self.rng
        active = self._draw_loads(1, K * z).reshape(K, z, S)
        loads = np.concatenate([active, self._draw_loads(K, P)], 1)
        hit = draw_sharing(rng, loads, self.T, z)
        slot = rng.integers(0, S, (K, z + P, z))  # which neuron of the active circuit it is
        hit[:, np.arange(z), :, np.arange(z)] = False
        for u, v in self.pairs:  # a neuron that two active circuits share is ONE neuron
            k, i = np.nonzero(hit[:, u, :, v])
            hit[:, v, :, u] = False
            hit[k, v, slot[k, u, v], u] = True
            loads[k, v, slot[k, u, v]] = loads[k, u, i]
        turn = np.exp(2j * np.pi * rng.random((K, z + P)))
        own = self.estimate * turn
        self.truth = self.truth * turn[:, :z]
        g = own[:, :, None] + (hit * own[:, None, None, :z]).sum(-1)
        self.loads, self.hit, self.slot = loads, hit, slot
        return g

    def first_fields(self):
        """Layer 1 is an exact embedding: h counts the active circuits on a neuron."""
        g = self._new_layer()
        active = (np.arange(self.z + self.P) < self.z)[None, :, None]
        return self._same_on_shared(self.hit.sum(-1) + active.astype(float), g)

    def emitted(self):
        """Return what the layer that responded last sends on."""
        z = self.z
        noise = (self.vector[:, z:] * ~self.shared[:, z:]).sum(-1) / self.S
        sharing = (self.shared, self.label, self.duplicate)
        state = (self.loads, self.hit, self.slot, self.alpha, self.vector[:, :z], noise)
        return Emitted(*state, *sharing, self.total, self.n_noise)

    def later_fields(self):
        """Fields of a layer l > 1, from the activity of the layer before."""
        source = self.emitted()
        g = self._new_layer()
        h, met, _ = self.meet(source)
        return self._same_on_shared(h, g + met)

    def meet(self, source: Emitted):
        """Return h, the vectors that come with it, and the receivers' other inactive circuits."""
        others = np.maximum(self.loads - 1 - self.hit.sum(-1), 0)
        sends = source.alpha.shape[2]
        covered, meetings, met = draw_meetings(
            self.rng, others, source.loads[:, : self.z], source.vector, self.T, sends
        )
        covered = self._covered_once(covered, source)
        inputs = source.alpha.sum(-1)[:, :, None]
        inputs = inputs + (covered * source.alpha[:, None, None, : self.z]).sum((-1, -2))
        noise, carried = self._erroneous(others, meetings, source)
        chi = self.chi[self.loads]
        h = ((1 + chi) * (inputs + noise) - chi * source.total[:, None, None]) / sends
        return h, met + carried, others

    def _covered_once(self, covered, source: Emitted):
        """Count each active source neuron once, whichever circuits lead to it."""
        # A neuron of two active circuits is counted at its owner.
        covered &= ~source.duplicate[:, None, None]
        covered |= self.hit[..., None]
        label = source.label
        for u, v in self.pairs:
            k, i = np.nonzero(source.hit[:, u, :, v])
            j = source.slot[k, u, v]
            for part in (covered.transpose(0, 3, 4, 1, 2), label.transpose(0, 2, 3, 1)):
                part[k, u, i] |= part[k, v, j]
                part[k, v, j] = False
        covered &= ~label[:, :, None]
        active = np.arange(self.z)
        covered[:, active, :, active] = False
        return covered

    def _erroneous(self, others, meetings, source: Emitted):
        """Return what erroneously active neurons add to h (times S) and to g."""
        rng, z, P, K = self.rng, self.z, self.P, self.K
        alpha, sends = source.alpha, source.alpha.shape[2]
        loads, old = self.loads, source.loads[:, z:]
        free = ~source.shared[:, z:]
        noise = np.where(free, alpha[:, z:], 0.0)
        # Linear part: a sum over drawn inactive circuits, by load of the receiver. Neurons that
        # are shared with active circuits carry no noise; their loss is put back on average and
        # taken off again for each meeting.
        linear = np.einsum("kps,kpsr->kpr", noise, self.slope[old])
        linear += (sends - free.sum(-1))[..., None] * (linear.sum(1) / free.sum((1, 2))[:, None])[
            :, None
        ]
        most = int(others.max())
        index = rng.integers(0, 4 * P, (K, z + P, self.S, most))
        mask = np.arange(most) < others[..., None]
        first = (linear[self.rows[..., None], index >> 2, loads[..., None]] * mask).sum(-1)
        mean = np.repeat(linear.mean(1)[:, None], z + P, 1)
        mean = np.take_along_axis(mean, loads, 2)
        drawn = others.sum(-1)  # without replacement, from T circuits
        surplus = (first - others * mean).sum(-1) / np.maximum(drawn, 1)
        surplus = surplus * (1 - np.sqrt(np.maximum(1 - drawn / self.T, 0)))
        total = first - others * surplus[..., None] - meetings * mean / sends
        # Mean and variance of the rest: sums over source neurons outside the circuit's own set.
        weight = free / old
        scale = (source.n_noise / weight.sum((1, 2)))[:, None]
        own = np.where(source.shared, 0.0, alpha)
        own[:, :z] = 0
        at = (source.loads[:, :, None, :], loads[..., None])
        offset = scale * np.einsum("kps,kpsr->kr", weight * noise, self.offset[old])
        rest = scale * np.einsum("kps,kpsr->kr", weight * noise**2, self.rest[old])
        total += offset[self.rows, loads]
        total -= np.einsum("kni,knsi->kns", own, self.own_offset[at])
        variance = rest[self.rows, loads] - np.einsum("kni,knsi->kns", own**2, self.rest[at])
        total += np.sqrt(np.maximum(variance, 0)) * rng.standard_normal(loads.shape)
        # The same draws bring their vectors, each in four directions.
        turn = np.exp(2j * np.pi * rng.random((K, P, 1)))
        quarters = (source.noise[..., None] * (1j ** np.arange(4)) * turn).reshape(K, 4 * P)
        return total, (quarters[self.rows[..., None], index] * mask).sum(-1)

    def _same_on_shared(self, h, g):
        """Give the two copies of a neuron that active circuits share the same fields."""
        for u, v in self.pairs:
            k, i = np.nonzero(self.hit[:, u, :, v])
            h[k, v, self.slot[k, u, v]] = h[k, u, i]
            g[k, v, self.slot[k, u, v]] = g[k, u, i]
        return h, g

    def respond(self, h, g, lo, hi, b):
        """Apply the nonlinearities, read out, and keep what the next layer needs."""
        z = self.z
        alpha = np.clip((h - lo) / (hi - lo), 0, 1)
        self.alpha, self.vector = alpha, rectified(h, g, b) - alpha * (1 + 1j)
        on, self.estimate = alpha.mean(2), self.vector.mean(2)
        self.note_sharing()
        weight = ~self.shared[:, z:] / self.loads[:, z:]
        self.n_noise = self.n_used - (~self.duplicate).sum((1, 2))
        noise = (weight * alpha[:, z:]).sum((1, 2)) / weight.sum((1, 2))
        self.total = (alpha[:, :z] * ~self.duplicate).sum((1, 2)) + self.n_noise * noise
        return (((on[:, :z] - 1) ** 2).mean(), (on[:, z:] ** 2).mean(), *self.vector_errors())

    def note_sharing(self):
        """Keep which neurons active circuits share with others, and with each other."""
        z = self.z
        self.shared = self.hit.any(-1)
        self.label = (
            self.hit[..., None] & (self.slot[:, :, None, :, None] == np.arange(self.S))
        ).any(2)
        self.duplicate = np.zeros((self.K, z, self.S), bool)
        for u, v in self.pairs:
            k, i = np.nonzero(self.hit[:, u, :, v])
            self.duplicate[k, v, self.slot[k, u, v]] = True

    def vector_errors(self):
        """Return the mean squared errors of the vectors of active and inactive circuits."""
        z = self.z
        return (
            (np.abs(self.estimate[:, :z] - self.truth) ** 2).mean(),
            (np.abs(self.estimate[:, z:]) ** 2).mean(),
        )


def rectified(h, g, b):
    """Return y' = ReLU((1+b) h - b + g) of both vector neurons, as a complex number."""
    gate = (1 + b) * h - b
    return np.maximum(gate + g.real, 0) + 1j * np.maximum(gate + g.imag, 0)
