"""One network over several devices: the numbers of one device, and exchanges of neurons only."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import Configuration
from jaxsuper.network import circuit_mesh, mesh_of, MeshProgram, over
from jaxsuper.network._over_devices import read_rows, send_rows
from jaxsuper.simulation import prepare, samples_key, simulate


ROOT = Path(__file__).parents[2]
# T + 1 and n = 31 are odd: both get room to spare.
SMALL = Configuration(124, 16, 3, n_active=2, n_layers=3, batch_size=32)


@pytest.fixture(scope="module")
def mesh():
    return circuit_mesh(jax.devices()[:2])


@pytest.fixture(scope="module")
def networks(mesh):
    return prepare(SMALL), prepare(SMALL, mesh=mesh)


def test_it_is_the_same_network(networks, mesh):
    one, shared = networks
    assert mesh_of(one) is None and mesh_of(shared) == mesh
    assert {shard.data.shape[1] for shard in shared.placement.sets.addressable_shards} == {9}
    key = samples_key(SMALL)
    alone, together = (simulate(each, 2, 40, key=key, chunk=32) for each in networks)
    np.testing.assert_allclose(together.mean, alone.mean, atol=1e-6)
    np.testing.assert_allclose(together.worst, alone.worst, atol=1e-6)


def test_exchanges_are_sums_over_all_circuits(networks, mesh, getkey):
    """Lists that are not split by who holds the circuits lose those of the other device."""
    placement = networks[1].placement
    sets, split = placement.sets[1], placement.members[1]
    width, count = placement.block_width, placement.n_circuits
    values = jax.random.normal(getkey(), (2, count, 4))
    channels = jax.random.normal(getkey(), (3, width, 4))
    counts = np.asarray(split)[None] == np.arange(count)[:, None, None]
    wanted = np.einsum("tnr,ktb->knb", counts.astype(np.float32), values)

    @MeshProgram
    def exchanged(mesh, values, channels, lists):
        with over(mesh):
            sent = send_rows(values, lists, sets)
            return sent, read_rows(channels, sets, jnp.float32(0.5), None)

    shared = partial(exchanged, mesh)
    sent, read = shared(values, channels, split)
    np.testing.assert_allclose(sent, wanted, atol=1e-5)
    np.testing.assert_allclose(
        read, 0.5 * np.asarray(channels)[:, np.asarray(sets)].sum(2), atol=1e-5
    )
    wrong, _ = shared(values, channels, jnp.flip(split, axis=1))
    assert np.abs(np.asarray(wrong) - wanted).max() > 0.1


def test_what_cannot_be_shared(mesh):
    with pytest.raises(ValueError, match="`construction` must be one whose arrays can have room"):
        prepare(Configuration(399, 20, 3, circuit="rotation3", construction="private"), mesh=mesh)
    with pytest.raises(ValueError, match="`n_shares` must divide 2 devices, got 3"):
        circuit_mesh(jax.devices()[:2], 3)


EIGHT = r"""
import re, sys
import jax, numpy as np
from jaxsuper import Configuration
from jaxsuper.network import circuit_mesh
from jaxsuper.simulation import _chunks, prepare, samples_key, simulate

assert len(jax.devices()) == 8
design = Configuration(1000, 557, 6, n_active=3, n_layers=4)
key, one = samples_key(design), prepare(design)
alone = simulate(one, 3, 300, key=key, chunk=100)
everywhere = jax.sharding.PartitionSpec()
for shares in (8, 4, 2):
    mesh = circuit_mesh(jax.devices(), shares)
    network = prepare(design, mesh=mesh)
    shared = simulate(network, 3, 300, key=key, chunk=100)
    pairs = (shared.mean, alone.mean), (shared.worst, alone.worst)
    gap = max((np.abs(a - b) / np.maximum(np.abs(b), 1)).max() for a, b in pairs)
    place = jax.sharding.NamedSharding(mesh, everywhere)
    given = (np.int32(0), np.int32(104), jax.device_put(key, place), None, np.int32(3), None, None)
    program = _chunks._run_chunk.of(mesh).lower(mesh, network, 4, 104, 0, *given).compile().compiled
    exchanged = re.findall(
        r"= \(?(\w+)\[([\d,]*)\].* (all-reduce|all-gather|reduce-scatter|all-to-all|"
        r"collective-permute)(?:-start)?\(", program.as_text())
    rows = max(np.prod([int(n) for n in shape.split(",") if n]) for _, shape, _ in exchanged)
    kinds = [kind for _, _, kind in exchanged]
    print(gap, rows, kinds.count("reduce-scatter"), kinds.count("all-to-all"))
"""


@pytest.mark.slow
def test_eight_devices_exchange_rows_of_neurons_alone():
    """At the published size: 1e-6 apart; what travels is of n rows, once each way in a layer."""
    flags = "--xla_force_host_platform_device_count=8"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": flags}
    environment["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "0"
    done = subprocess.run(
        [sys.executable, "-c", EIGHT], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [list(map(float, line.split())) for line in done.stdout.splitlines()]
    assert len(lines) == 3
    for gap, most, scattered, others in lines:
        assert gap < 1e-6
        # Four channels of up to 256 neurons for 104 samples; those of all circuits would be 2.2 times that.
        assert most <= 4 * 256 * 104
        assert (scattered, others) == (1, 0)
