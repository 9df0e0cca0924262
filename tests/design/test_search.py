"""The search on small networks: what it finds, what it reports it by, what it reproduces."""

import json
import zlib
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsuper import cli
from jaxsuper.analytics import Experiment, run_experiment
from jaxsuper.design import (
    _search,
    bound,
    candidates,
    circuits_held,
    Effort,
    Entry,
    fits,
    Found,
    free,
    loss_and_gradient,
    measure,
    Measured,
    predict_error,
    Problem,
    scan,
    search,
    seed_for,
    simulate_line,
    structure_of,
    tune,
    with_seed,
)
from jaxsuper.design._measure import HELD_OUT, network_of, SEARCH, with_parameters
from jaxsuper.simulation import prepare


SMALL = Problem(network_width=240, n_circuits=120, n_active=1, n_layers=3)
TINY = Effort({}, 1, 2, 0, 2, 64, 3, 128)


def fresh(entry: Entry) -> Measured:
    assert entry.held_out is not None
    return entry.held_out


def confirmed(found: Found) -> Measured:
    assert found.confirmed is not None
    return found.confirmed


@pytest.fixture(scope="module")
def found():
    return search(SMALL, effort=TINY, only=("published", "private"))


def test_the_known_best_wins(found):
    """With one active circuit private links are exact, and the published design is not."""
    first, second = found.entries
    assert first.design.kind == "private" and fresh(first).error < 1e-9
    assert second.design.kind == "published" and fresh(second).error > 0.05
    assert fresh(first).growth == pytest.approx(1, abs=1e-3)
    assert confirmed(found).error < 1e-9 and not found.interrupted
    assert second.predicted / fresh(second).error == pytest.approx(1, abs=0.6)


def test_seeds_that_chose_report_nothing(found):
    """The reported error is that of other networks; the one that chose differs."""
    seeds = {seed_for(seed, purpose) for seed in range(50) for purpose in range(3)}
    assert len(seeds) == 150
    entry = found.entries[1]
    assert entry.design.configuration.seed == seed_for(0, HELD_OUT) != seed_for(0, SEARCH)
    again = measure(entry.design, range(3), 128, entry.chunk, keep=False)
    assert again.error == fresh(entry).error
    chose = measure(with_seed(entry.design, seed_for(0, SEARCH)), range(3), 128, entry.chunk)
    assert chose.error != fresh(entry).error


def test_what_is_reported_is_not_biased_by_the_choice(monkeypatch, sigmas):
    """Of equal designs the luckiest is chosen; its error on fresh seeds is that of all, 1.

    Reporting the error of the search, the wrong variant, fails the same comparison; so does the
    held-out error of the first row, as the lowest of several, which is why it is confirmed.
    """

    def noise(design, networks, samples, chunk, keep=True):
        del chunk, keep
        words = repr((design, len(networks), samples)).encode()
        error = 1 + 0.1 * np.random.default_rng(zlib.crc32(words)).standard_normal()
        return Measured(error, 0.1, 1.0, (error,), (error,))

    monkeypatch.setattr(_search, "measure", noise)
    monkeypatch.setattr(_search, "_chunk", lambda design, effort: 64)
    monkeypatch.setattr(_search, "predict_error", lambda design: 1.0)
    effort = replace(TINY, usual=12, finalists=4)
    runs = [search(SMALL, seed=s, effort=effort, only=("carried",)) for s in range(80)]
    luckiest = [min(run.entries, key=lambda e: e.searched.error) for run in runs]
    tolerance = sigmas * 0.1 / len(runs) ** 0.5
    assert abs(np.mean([fresh(e).error for e in luckiest]) - 1) < tolerance
    assert abs(np.mean([confirmed(run).error for run in runs]) - 1) < tolerance
    assert np.mean([e.searched.error for e in luckiest]) < 1 - tolerance
    assert np.mean([fresh(run.entries[0]).error for run in runs]) < 1 - tolerance


def test_a_row_is_reproduced_by_its_command(found, tmp_path):
    entry, out = found.entries[1], tmp_path / "again.json"
    line = simulate_line(entry.design, 128, 3, entry.chunk)
    assert line.startswith("jaxsuper simulate ")
    assert cli.main([*line.split()[1:], "--json", str(out)]) == 0
    rows = json.loads(out.read_text())["rows"]
    last = [r for r in rows if (r["layer"], r["metric"]) == (3, "mse_x_active")][0]
    assert last["value"] == pytest.approx(fresh(entry).error, rel=1e-6)
    assert last["stderr"] == pytest.approx(fresh(entry).stderr, rel=1e-6)


def test_stopping_loses_nothing_silently():
    asked = iter(range(10_000))
    counts = [len(candidates(SMALL, kind)) for kind in ("published", "private")]
    stopped = search(
        SMALL,
        effort=TINY,
        only=("published", "private"),
        stop=lambda: next(asked) >= sum(counts) + 1,
    )
    assert stopped.interrupted and stopped.confirmed is None
    assert [entry.held_out for entry in stopped.entries] == [None]
    assert stopped.entries[0].searched.error > 0


def test_gradient_equals_finite_differences(getkey):
    """In float32 and through ReLUs: central differences, of a step that noise does not drown."""
    problem = replace(SMALL, n_circuits=60)
    design = candidates(problem, "clipped")[1]
    network = network_of(design, 0)
    names = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor")
    place = free({name: getattr(design.configuration, name) for name in names})
    key = getkey()

    def at(shift):
        return loss_and_gradient({**place, **shift}, network, 2, 64, key)[0]

    slope = loss_and_gradient(place, network, 2, 64, key)[1]
    assert float(jnp.abs(slope["gate_bias"])) > 1e-3
    for name in names:
        step = 0.01
        ahead, behind = (at({name: place[name] + s}) for s in (step, -step))
        measured = float(ahead - behind) / (2 * step)
        assert float(slope[name]) == pytest.approx(measured, rel=0.05, abs=2e-4), name


def test_coordinates_are_inverse():
    values = {
        "lower_threshold": 0.25,
        "upper_threshold": 0.75,
        "gate_bias": 0.5,
        "inhibition_factor": 1.3,
    }
    back = bound(free(values))
    for name, value in values.items():
        assert float(back[name]) == pytest.approx(value, rel=1e-5)
    far = bound({name: jnp.asarray(9.0) for name in values})
    assert 0 < far["lower_threshold"] < far["upper_threshold"] <= 1


def test_descent_helps_on_other_networks():
    problem = Problem(240, 60, 1, 3)
    start = candidates(problem, "carried")[0]
    start = replace(start, configuration=replace(start.configuration, gate_bias=3.0))
    tuned = tune(start, range(2), 64, steps=15, rate=0.2)
    assert not tuned.flat and tuned.end < tuned.start
    before, after = (measure(d, range(2, 5), 128, 64) for d in (start, tuned.design))
    assert after.error < before.error


def test_parameters_need_no_new_network():
    for kind in ("clipped", "carried"):
        design = scan(candidates(SMALL, kind)[0])[-1]
        _, _, built = prepare(design.configuration)
        swapped = network_of(design, 0)
        for one, other in zip(jax.tree.leaves(built), jax.tree.leaves(swapped), strict=True):
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-6)
        assert structure_of(design) == structure_of(candidates(SMALL, kind)[0])
        changed = with_parameters(built, {"gate_bias": 7.0})
        assert float(changed.circuits.mean_weights()[0, -1, 0]) == 8.0


def test_candidates_fit_and_use_no_more_than_the_width():
    for width in (240, 250, 1000):
        problem = Problem(width, 120, 1, 2)
        for kind in ("published", "clipped", "separate", "carried", "private", "block"):
            for design in candidates(problem, kind):
                assert design.configuration.network_width <= width and fits(design.configuration)
    (private,) = {d.configuration.network_width for d in candidates(problem, "private")}
    assert private == 999
    wide = replace(candidates(problem, "published")[0].configuration, n_circuits=558)
    assert circuits_held(wide) == 557 and not fits(wide)
    assert not candidates(replace(problem, n_active=2), "block")
    assert predict_error(candidates(problem, "block")[0]) == 0


@pytest.mark.slow
def test_the_headline_is_beaten():
    """D = 1000, T = 557, z = 2, L = 5: at most 0.30 at layer 5 without seizing, on fresh seeds."""
    result = search(Problem(1000, 557, 2, 5))
    first = result.entries[0]
    assert fresh(first).error + 3 * fresh(first).stderr < 0.3
    growth = fresh(first).growth
    assert growth is not None and growth < 1.5
    assert abs(confirmed(result).error - fresh(first).error) < 5.5 * np.hypot(
        confirmed(result).stderr, fresh(first).stderr
    )
    published = [e for e in result.entries if e.design.kind == "published"][0]
    assert fresh(published).error > 5 * fresh(first).error


def test_run_experiment_is_the_same_instrument(found):
    given = found.entries[1].design.configuration
    names = ("network_width", "n_circuits", "redundancy", "n_layers", "seed")
    settings = {name: getattr(given, name) for name in names}
    result = run_experiment(Experiment(batch_size=128, n_networks=3, **settings))
    error = result.measurements[1]["mse_x_active"][-1]
    assert error == pytest.approx(fresh(found.entries[1]).error, rel=1e-5)
