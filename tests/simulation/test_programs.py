"""Programs measured: samples, metrics, the automaton, settings; wrong variants are rejected."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import allocation, circuits, network, simulation
from jaxsuper.plotting import program_figure
from jaxsuper.programs import automaton, named_program, Program, remainders, save_program
from jaxsuper.simulation import Configuration, Experiment

from ..jitted import dense_forward, dense_layers, forward, sample_inputs


KEY = jax.random.key(3)
SMALL = Configuration(network_width=240, n_circuits=60, redundancy=4, n_active=2, n_layers=4)


def rotations(count, seed=0, **parameters):
    return circuits.Rotation.random(count, key=jax.random.fold_in(KEY, seed), **parameters)


@pytest.mark.slow
def test_metrics_are_of_the_circuits_that_are_on():
    """Layer by layer, against means over the circuits of each sample that the reference has on."""
    made, sets = rotations(60), allocation.allocate(60, 4, 60, "transversal")
    edges = named_program("branch", made, 5).compile(5)
    net = network.build(made, sets, 5, key=KEY, edges=edges)
    measured = simulation.simulate(net, 2, 16, key=KEY, chunk=16)
    inputs = sample_inputs(made, 2, 5, jnp.arange(16), key=KEY, edges=edges)
    alpha = np.asarray(forward(net, inputs).estimates[:, 0])
    active = np.asarray(inputs.active)
    for layer in range(5):
        on, off, forgotten = [], [], []
        for sample in range(16):
            ids = active[layer, :, sample]
            ids = ids[ids < 60]
            here = alpha[layer, :, sample]
            on.append(np.mean((here[ids] - 1) ** 2))
            off.append(np.mean(np.delete(here, ids) ** 2))
            forgotten.append(np.mean(np.delete(here, active[0, :2, sample]) ** 2))
        assert np.isclose(measured["mse_on_active"][layer], np.mean(on), rtol=1e-4, atol=1e-9)
        assert np.isclose(measured["mse_on_inactive"][layer], np.mean(off), rtol=1e-4)
        # Were the set that of the first layer, active circuits would count as inactive.
        moved = set(map(tuple, np.sort(active[layer].T))) != set(map(tuple, np.sort(active[0].T)))
        assert np.isclose(np.mean(forgotten), np.mean(off), rtol=1e-2) != moved
    counts = (active < 60).sum(axis=1)
    assert counts[0].tolist() == [2] * 16 and counts[1].tolist() == [4] * 16


@pytest.mark.slow
def test_samples_depend_on_their_id_alone():
    made = rotations(60)
    edges = named_program("branch", made, 5).compile(5)
    draw = lambda ids, z: sample_inputs(made, z, 5, ids, key=KEY, edges=edges)
    every, some = draw(jnp.arange(8), 2), draw(jnp.arange(5, 8), 2)
    assert np.array_equal(every.active[..., 5:], some.active)
    assert np.allclose(every.truth[..., 5:], some.truth, atol=1e-6)
    # Every indicator is decided: no value lies within a margin.
    alpha = np.asarray(every.truth[:, 0])
    assert np.all((alpha < 1e-3) | (alpha > 1 - 1e-3))


def test_more_on_than_there_is_room_for_is_seen():
    small = rotations(12)
    program = Program(small).fan_out(0, to=[1, 2, 3], layer=1).start(0)
    made = sample_inputs(small, 1, 2, jnp.arange(2), key=KEY, edges=program.compile(2, width=2))
    assert np.isnan(np.asarray(made.truth)).all()


@pytest.fixture(scope="module")
def divider():
    made = automaton(36, remainders(3), 5, together=2, beside=2)
    # Without overlap nothing but the program decides.
    sets = allocation.Allocation(np.arange(72).reshape(36, 2), 72)
    net = network.build(rotations(36), sets, 6, key=KEY, edges=made.edges)
    return made, net


def test_the_automaton_divides(divider):
    """The state after each symbol against remainders of the number itself."""
    made, net = divider
    # States, start, tokens of one and two symbols, of two that wait for two, of one for four.
    assert made.words.shape == (32, 5) and made.n_used == 6 + 1 + 2 + 4 + 4 * 2 + 2 * 4
    inputs = sample_inputs(net.circuits, 1, 6, jnp.arange(40), key=KEY, edges=made.edges)
    active = np.asarray(inputs.active)
    assert (((active >= 29) & (active < 36)).sum(axis=1) == 2).all()
    words = set()
    for sample in range(40):
        tokens = [made.names[t] for t in active[0, :, sample] if 7 <= t < 29]
        waits = sorted((0 if "now" in t else int(t.split()[-1]), t.split()[0]) for t in tokens)
        assert [wait for wait, _ in waits] == [0, 2, 4]
        word = [int(symbol) for _, symbols in waits for symbol in symbols]
        words.add(tuple(word))
        value, path = 0, made.path(word)
        for layer, digit in enumerate(word):
            value = 2 * value + digit
            states = [t for t in active[layer + 1, :, sample] if t < 6]
            assert states == [path[layer]] == [2 * (value % 3) + digit]
    assert len(words) > 15


@pytest.mark.slow
def test_the_network_reads_words(divider):
    """Exactly, where circuits share no neuron; not if a transition leads elsewhere."""
    made, net = divider
    found = simulation.program_shares(net, 1, 33, key=KEY, chunk=16)
    assert found.right.tolist() == found.chosen.tolist() == [1.0] * 6 and found.n_samples == 33
    wrong = automaton(36, (remainders(3) + 1) % 3, 5, together=2, beside=2).edges
    other = network.build(
        net.circuits,
        allocation.Allocation(np.arange(72).reshape(36, 2), 72),
        6,
        key=KEY,
        edges=wrong,
    )
    inputs = sample_inputs(net.circuits, 1, 6, jnp.arange(16), key=KEY, edges=made.edges)
    alpha = np.asarray(forward(other, inputs).estimates[1:, 0, :6])
    right = np.asarray(inputs.active)[1:]
    chosen = alpha.argmax(axis=1)[:, None]
    assert np.mean((right == chosen).any(axis=1)) < 0.7


def test_a_sample_and_its_picture(divider):
    made, net = divider
    sample = simulation.program_sample(net, 1, 3, key=KEY)
    assert sample.meant == sample.on() and sample.indicators.shape == (6, 36)
    figure = program_figure(made.edges, sample, names={0: "0 after 0"})
    ax = figure.axes[0]
    assert len(ax.get_yticks()) == len({t for layer in sample.meant for t in layer})
    drawn = sum(np.size(line.get_xdata()) == 1 for line in ax.lines)
    assert drawn == 2 * sum(map(len, sample.meant))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["merge", "branch"])
def test_settings_name_programs(name, tmp_path):
    experiment = Experiment(replace(SMALL, edges=name, batch_size=8), n_networks=1)
    found = simulation.run_networks(experiment).merged()[2]
    net = simulation.prepare(experiment.configuration)
    again = simulation.simulate(
        net, 2, 8, key=simulation.samples_key(experiment.configuration), chunk=8
    )
    assert np.allclose(found.mean, again.mean, rtol=1e-5)
    path = tmp_path / "same.toml"
    save_program(path, named_program(name, 60, 4))
    same = simulation.edges_of(replace(SMALL, edges=str(path)))
    for one, other in zip(*(jax.tree.leaves(e) for e in (same, net.edges)), strict=True):
        assert np.array_equal(one, other)


def test_settings_that_do_not_fit(tmp_path):
    cases = {
        "really": "`edges` must be one of identity, relay, .* or a TOML file, got 'really'",
        "no.toml": "there is no such file",
    }
    for name, why in cases.items():
        with pytest.raises(ValueError, match=why):
            simulation.prepare(replace(SMALL, edges=name))
    private = replace(SMALL, construction="private", circuit="rotation3")
    with pytest.raises(ValueError, match="`edges` must be left out.* keeps the gates as the input"):
        simulation.prepare(replace(private, edges="relay"))
    with pytest.raises(ValueError, match="`n_layers` must be at least 2 with edges, got 1"):
        simulation.prepare(replace(SMALL, edges="relay", n_layers=1))
    net = simulation.prepare(replace(SMALL, edges="branch"))
    with pytest.raises(ValueError, match="`n_active` must be at most 20, the groups"):
        simulation.simulate(net, 21, 4, key=KEY)
    with pytest.raises(ValueError, match="groups of inputs share circuits"):
        made = automaton(60, remainders(3), 3)
        sample_inputs(rotations(60), 2, 4, jnp.arange(2), key=KEY, edges=made.edges)
    with pytest.raises(ValueError, match="`transitions` must lead to states 0..1"):
        automaton(60, [[0, 2], [1, 1]], 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["relay", "branch", "merge", "chain"])
def test_large_programs(name):
    """D = 1200, T = 300, z = 2, L = 6 against the exact reference and the dense twin."""
    made, sets = rotations(300), allocation.allocate(300, 5, 300, "prime-steps")
    edges = named_program(name, made, 6).compile(6)
    net = network.build(made, sets, 6, key=KEY, edges=edges)
    inputs = sample_inputs(made, 2, 6, jnp.arange(16), key=KEY, edges=edges)
    one, other = forward(net, inputs), dense_forward(net, dense_layers(net), inputs)
    scale = np.abs(np.asarray(one.activations)).max()
    # Differences of rounding grow with every layer that amplifies them.
    assert np.abs(np.asarray(one.activations - other.activations)).max() < 1e-3 * scale
    measured = simulation.simulate(net, 2, 512, key=KEY)
    assert measured["mse_x_active"][:3].max() < 0.2
    backward = Program(made, own_successors=False)
    for circuit in range(300):
        backward.relay(circuit, to=(circuit - 1) % 300)
    against = network.build(made, sets, 6, key=KEY, edges=backward.compile(6))
    error = np.asarray(forward(against, inputs).estimates[1, 0])[
        np.asarray(inputs.active[1, 0]), np.arange(16)
    ]
    assert np.mean((error - 1) ** 2) > 5 * measured["mse_on_active"][1] + 0.1
