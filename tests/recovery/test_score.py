"""Every metric on planted truth: the truth gets all, a wrong variant what it deserves."""

import numpy as np
import pytest
from jaxsuper import recovery
from jaxsuper.recovery._components import dense_pairs, parts_of
from jaxsuper.recovery._directions import areas, direction_scores, indicator_scores
from jaxsuper.recovery._match import best, span_cosines
from jaxsuper.recovery._truth import indicators, spans, templates

from .planted import planted


EVERYTHING = {
    "cosine": 1,
    "cosine_span": 1,
    "recall": 1,
    "precision": 1,
    "auc": 1,
    "r2": 1,
    "component_cosine": 1,
    "component_recall": 1,
    "component_precision": 1,
    "part_explained": 1,
    "explained": 1,
    "explained_inside": 1,
    "drift": 0,
    "drift_cosine": 1,
    "loss_kept_active": 0,
    "loss_kept_inactive": 0,
}


def form(export):
    """Return a random answer with everything in it."""
    random = np.random.default_rng(5)
    n, t = export.config.n_neurons, export.config.n_circuits
    found = {}
    for k in (0, 1, 2):
        found[f"directions.{k}"] = random.standard_normal((t, n))
        found[f"indicators.{k}"] = random.standard_normal((export.config.n_samples, t))
    for k in (1, 2):
        found[f"components.{k}.u"] = random.standard_normal((2 * t, n))
        found[f"components.{k}.v"] = random.standard_normal((2 * t, n))
        found[f"components.{k}.pair"] = np.arange(2 * t)
    for place, hops in ((0, 1), (1, 1), (0, 2)):
        found[f"edges.{place}.{hops}.sources"] = np.arange(t)
        found[f"edges.{place}.{hops}.targets"] = np.arange(t)
    return recovery.answer_of(found)


def test_the_truth_gets_everything_and_chance_stands_beside():
    export = planted(successor=[1, 2, 3, 4, 5, 6, 7, 0])
    truth = recovery.oracle_answer(form(export), export)
    scored = recovery.score(truth, export)
    for metric, wanted in EVERYTHING.items():
        layers = (None, 1, 2) if metric.startswith(("component", "drift", "part")) else (None, 1)
        for layer in layers:
            assert scored.value(metric, layer) == pytest.approx(wanted, abs=2e-3), metric
    for hops in (1, 2):
        for metric in ("edge_recall", "edge_precision", "edge_recall_found"):
            assert scored.value(metric, 0, hops) == 1
    by_chance = recovery.score(form(export), export)
    assert by_chance.value("recall") == 0 and by_chance.value("edge_recall", hops=1) == 0
    for row in by_chance.rows:
        wanted = EVERYTHING.get(row.metric)
        if wanted is not None:  # of the rest nobody gets 0 or 1
            assert row.oracle == pytest.approx(wanted, abs=2e-3), row.metric
            assert row.random is not None and abs(row.random - wanted) > 1e-3, row.metric


def test_a_random_direction_gets_what_chance_gives(sigmas):
    # One row of two neurons each, planes that fill the space: a random unit vector has squared
    # cosines with them that are uniform on the simplex, whose largest is H_T / T in the mean.
    export = planted(n_circuits=6, copies=1, spare=0, samples=4)
    drawn = np.random.default_rng(0).standard_normal((4000, 12), np.float32)
    squares = span_cosines(drawn, spans(export, 1)) ** 2
    np.testing.assert_allclose(squares.sum(axis=1), 1, atol=1e-5)
    largest = squares.max(axis=1)
    harmonic = sum(1 / n for n in range(1, 7)) / 6
    for values, wanted in ((squares[:, 0], 2 / 12), (largest, harmonic)):
        error = values.std() / len(values) ** 0.5
        assert abs(values.mean() - wanted) < sigmas * error
    # Matched one by one, as the scorer does.
    alone = [best(squares[i : i + 1]).cosine.sum() for i in range(50)]
    np.testing.assert_allclose(alone, largest[:50])


def test_directions_in_another_basis_of_the_plane_lose_the_strict_cosine_only():
    export = planted()
    one, other = (matrix.toarray() for matrix in spans(export, 1))
    true = templates(export, 1)
    weights = true @ one[0], true @ other[0]
    across = -weights[1][0] * one + weights[0][0] * other
    for angle in (0.3, 1.0):
        turned = np.cos(angle) * true + np.sin(angle) * across
        scores, _ = direction_scores(turned, export, 1)
        assert scores["cosine"] == pytest.approx(np.cos(angle), abs=1e-4)
        assert scores["cosine_span"] == pytest.approx(1, abs=1e-4) and scores["recall"] == 1


def test_directions_that_are_shuffled_duplicated_flipped_or_of_another_layer():
    export = planted()
    true = templates(export, 1)
    order = np.random.default_rng(1).permutation(8)
    full = {"cosine": 1, "cosine_span": 1, "recall": 1, "precision": 1}
    half = {"cosine": 0.5, "cosine_span": 0.5, "recall": 0.5, "precision": 0.5}
    cases = [
        (true[order], full),  # units have no names
        (-true, full),
        (5 * true, full),
        (np.concatenate([true, true]), full | {"precision": 0.5}),
        (np.concatenate([true[:4], true[:4]]), half),
        (np.concatenate([true[:4], 0 * true]), half | {"precision": 1}),  # dead units claim nothing
        (0 * true, dict.fromkeys(full, 0)),
    ]
    for directions, wanted in cases:
        assert direction_scores(directions, export, 1)[0] == pytest.approx(wanted, abs=1e-5)
    elsewhere, _ = direction_scores(templates(export, 2), export, 1)
    assert elsewhere["recall"] == 0 and elsewhere["cosine"] < 0.6


def test_areas_are_those_of_all_pairs():
    random = np.random.default_rng(2)
    guess = random.integers(0, 4, (30, 3)).astype(np.float32)
    on = random.integers(0, 2, (30, 3)).astype(np.float32)
    on[:, 2] = 1
    for column in (0, 1):
        high, low = guess[on[:, column] == 1, column], guess[on[:, column] == 0, column]
        apart = high[:, None] - low[None]
        wanted = ((apart > 0) + 0.5 * (apart == 0)).mean()
        assert areas(guess, on)[column] == pytest.approx(wanted)
    assert np.isnan(areas(guess, on)[2])


def test_indicators_that_are_random_shuffled_or_turned_around(sigmas):
    export = planted(samples=400)
    true = indicators(export, 1)
    random = np.random.default_rng(3)
    assert indicator_scores(7 - true[:, ::-1] * 0 + true[:, ::-1], true)[0]["auc"] == 1
    # Chance: the mean area of eight circuits, 50 of 200 on, has this standard error.
    error = (201 / (12 * 50 * 150)) ** 0.5 / 8**0.5
    for guess in (random.standard_normal((400, 800)), true[random.permutation(400)]):
        scores, _ = indicator_scores(guess.astype(np.float32), true)
        assert abs(scores["auc"] - 0.5) < sigmas * error and scores["r2"] < 0.05
    # Turned around nothing is matched: an assignment that has to take all pairs takes others.
    assert indicator_scores(-true, true)[0]["r2"] < 0.05
    half, areas_of = indicator_scores(true[:, :4], true)
    np.testing.assert_allclose(areas_of, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5])
    assert half == pytest.approx({"auc": 0.75, "r2": 0.5}, abs=1e-6)


def components(export, u, v, **more):
    found = {"components.1.u": u, "components.1.v": v}
    found |= {f"components.1.{name}": np.asarray(each) for name, each in more.items()}
    scored = recovery.score(recovery.answer_of(found), export)
    return {row.metric: row.value for row in scored.rows if row.layer == 1}


def test_components_halved_doubled_or_mixed():
    export = planted(interference=0.05)
    u, v = dense_pairs(parts_of(export, 1), export.config.n_neurons)
    pair, owner = np.arange(16), np.repeat(np.arange(8), 2)
    full = components(export, u, v, pair=pair)
    assert full["explained_inside"] == pytest.approx(1, abs=1e-5)
    assert full["explained_outside"] == pytest.approx(0, abs=1e-6)
    assert full["component_recall"] == full["component_precision"] == 1
    half = components(export, u[:8], v[:8])
    assert half["component_recall"] == 0.5 and half["component_precision"] == 1
    assert half["part_explained"] == pytest.approx(0.5, abs=1e-5)
    # Twice the same is twice the circuit: nothing of it is explained, 1 - (2 - 1)^2.
    doubled = components(export, np.concatenate([u, u]), np.concatenate([v, v]))
    assert doubled["component_precision"] == 0.5
    assert doubled["part_explained"] == pytest.approx(0, abs=1e-5)
    # Within a circuit pairs can be mixed without any change of their sum: only the drift sees it.
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32)
    mixed = [
        np.einsum("ij,pjn->pin", turn, each.reshape(8, 2, -1)).reshape(16, -1) for each in (u, v)
    ]
    rotated = components(export, *mixed, pair=pair, owner=owner)
    for metric in ("explained", "explained_inside", "part_explained", "component_recall"):
        assert rotated[metric] == pytest.approx(full[metric], abs=1e-5), metric
    assert rotated["drift"] > 0.3 and full["drift"] < 1e-6
    # Mixed across circuits it is no circuit any more.
    far = [np.einsum("ij,pjn->pin", turn, each.reshape(2, 8, -1).swapaxes(0, 1)) for each in (u, v)]
    across = components(export, *(each.reshape(16, -1) for each in far))
    assert across["explained"] == pytest.approx(full["explained"], abs=1e-5)
    assert across["component_recall"] < 0.3 and across["part_explained"] < 0.6


def test_the_drift_is_the_relative_distance_from_the_start():
    export = planted()
    u, v = dense_pairs(parts_of(export, 1), export.config.n_neurons)
    pair = np.arange(16)
    for scale in (0.7, 1.25):
        found = components(export, scale * u, v, pair=pair)
        assert found["drift"] == pytest.approx(abs(scale - 1), abs=1e-5)
        assert found["drift_cosine"] == pytest.approx(1, abs=1e-5)
    # Of other circuits, which are orthogonal to them.
    found = components(export, np.roll(u, 2, axis=0), np.roll(v, 2, axis=0), pair=pair)
    assert found["drift"] == pytest.approx(2**0.5, abs=1e-5)
    assert found["drift_cosine"] == pytest.approx(0, abs=1e-5)
    # A component may be anywhere beyond the neurons of its pair: that counts as well.
    found = components(export, u + 0.1, v, pair=pair)
    u_far = (((u + 0.1) ** 2).sum(1) + (u**2).sum(1) - 2 * (u * (u + 0.1)).sum(1)) * (v**2).sum(1)
    wanted = (u_far.sum() / ((u**2).sum(1) * (v**2).sum(1)).sum()) ** 0.5
    assert found["drift"] == pytest.approx(wanted, abs=1e-5)


def test_what_is_lost_is_told_by_circuit_and_by_load():
    # Circuit 0 has its neurons to itself, and one of circuit 1's is used by circuit 2 as well.
    export = planted(n_circuits=3, samples=90, n_active=1)
    export.truth["neurons.1"] = export.truth["neurons.1"].copy()
    u, v = dense_pairs(parts_of(export, 1), export.config.n_neurons)
    export.truth["neurons.1"][2, 0] = export.truth["neurons.1"][1, 0]
    keep = np.arange(6) // 2 != 1
    answer = recovery.answer_of({"components.1.u": u[keep], "components.1.v": v[keep]})
    scored = recovery.score(answer, export)
    (one,) = (each for each in scored.circuits if each.layer == 1)
    lost = one.values["loss_kept_active"]
    assert lost[0] == pytest.approx(0, abs=1e-6) and lost[1] is not None and lost[1] > 0.1
    assert one.load == pytest.approx([1, 7 / 6, 7 / 6], abs=1e-4)
    assert scored.value("loss_kept_active_low_load", 1) == pytest.approx(0, abs=1e-6)
    heavy = scored.value("loss_kept_active_middle_load", 1)
    assert heavy == pytest.approx((lost[1] + (lost[2] or 0)) / 2, abs=1e-4)


def test_keeping_nothing_costs_the_mean_square_of_what_is_computed():
    export = planted()
    zero = np.zeros((3, export.config.n_neurons))
    found = components(export, zero, zero)
    true = export.samples["truth"]
    assert found["loss_kept_active"] == pytest.approx((true[:, 1] ** 2).mean(), rel=1e-5)
    assert found["loss_kept_inactive"] == 0 and found["component_recall"] == 0
    assert found["loss_full_active"] == pytest.approx(0, abs=1e-9)
    assert found["explained"] == 0


def test_edges_turned_round_missing_or_of_other_ends():
    successor = np.array([1, 2, 3, 4, 5, 6, 7, 0])
    export = planted(successor=successor)
    found = {f"directions.{k}": templates(export, k) for k in (0, 1, 2)}
    everyone = np.arange(8)

    def scores(sources, targets, hops=1):
        stem = f"edges.0.{hops}"
        edges = {f"{stem}.sources": sources, f"{stem}.targets": targets}
        scored = recovery.score(recovery.answer_of(found | edges), export)
        return [scored.value(f"edge_{name}", 0, hops) for name in ("recall", "precision")]

    assert scores(everyone, successor) == [1, 1]
    assert scores(successor, everyone) == [0, 0]
    assert scores(everyone, np.roll(successor, 1)) == [0, 0]
    assert scores(everyone[:2], successor[:2]) == [0.25, 1]
    assert scores(np.tile(everyone, 2), np.tile(successor, 2)) == [1, 0.5]
    # One hop is not two.
    assert scores(everyone, successor, 2) == [0, 0]
    assert scores(everyone, successor[successor], 2) == [1, 1]
    reads = {
        "edges.0.1.reads": templates(export, 0),
        "edges.0.1.writes": templates(export, 1)[successor],
    }
    assert recovery.score(recovery.answer_of(reads), export).value("edge_recall", 0, 1) == 1
    reads["edges.0.1.writes"] = reads["edges.0.1.writes"] + 0.2
    scored = recovery.score(recovery.answer_of(reads), export)
    assert scored.value("edge_recall", 0, 1) == 0


def test_standard_errors_are_those_of_networks():
    scores = []
    for seed in range(3):
        export = planted(seed=seed)
        true = templates(export, 1)
        answer = recovery.answer_of({"directions.1": true[: 4 + 2 * seed]})
        scores.append(recovery.score(answer, export))
    row = recovery.over_networks(scores).row("recall", 1)
    assert (row.value, row.networks, row.oracle) == (0.75, 3, 1)
    assert row.stderr == pytest.approx(0.25 / 3**0.5)
    assert recovery.over_networks(scores[:1]).row("recall", 1).stderr is None
    with pytest.raises(ValueError, match="must hold one network"):
        recovery.over_networks([])
    circuits = scores[0].circuits[0]
    cosines = [c for c in circuits.values["cosine_span"] if c is not None]
    assert sum(c > 0.9 for c in cosines) == 4 and set(circuits.load) == {1.0}


@pytest.mark.slow
def test_four_thousand_circuits_are_matched():
    export = planted(n_circuits=4000, copies=1, spare=0, samples=8, seed=1)
    true = templates(export, 1)
    noise = np.random.default_rng(0).standard_normal(true.shape, np.float32)
    order = np.random.default_rng(1).permutation(4000)
    noisy = true[order] + 0.3 * noise / noise.shape[1] ** 0.5
    scores, match = direction_scores(noisy, export, 1)
    np.testing.assert_array_equal(order[match.unit], np.arange(4000))
    assert scores["recall"] == 1
    assert scores["cosine"] == pytest.approx(1 / 1.09**0.5, abs=1e-3)
