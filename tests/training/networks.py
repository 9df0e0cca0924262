"""Networks that the tests of training share: building and compiling them is what takes the time."""

from dataclasses import replace
from functools import cache

import equinox as eqx
from jaxsuper import simulation, training
from jaxsuper.network import dense_network


BASE = simulation.Configuration(
    network_width=80, n_circuits=40, redundancy=3, n_layers=3, allocation="transversal"
)
CARRIED = replace(
    BASE, network_width=90, circuit="rotation3", indicator="carried", indicator_share=0.4
)
KINDS = {"clipped": BASE, "carried": CARRIED}
# Without overlaps.
EXACT = replace(BASE, n_circuits=6)
FEW = training.Schedule(n_active=2, steps=6, batch_size=16, evaluate_every=2, held_out=40)


random_like = eqx.filter_jit(lambda network, key: training.random_like(network, key=key))


@cache
def prepared(settings):
    """Return a construction."""
    return simulation.prepare(settings)


@cache
def written_out(settings, read="last"):
    """Return the construction as matrices."""
    return dense_network(prepared(settings), read)
