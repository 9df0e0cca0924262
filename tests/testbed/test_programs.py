"""Programs exported: their graph and its hops are read back, and NumPy alone runs them."""

from itertools import pairwise

import numpy as np
import pytest
from jaxsuper.testbed._components import hops_of

from .runs import exported, run


def paths(graph, hops):
    """Return (layer, source, target) of all paths of so many edges, one edge after the other."""
    found = set()
    for layer in range(len(graph) - hops + 1):
        ends = {(s, s) for s in graph[layer][0].tolist()}
        for sources, targets, _ in graph[layer : layer + hops]:
            step = list(zip(sources.tolist(), targets.tolist(), strict=True))
            ends = {(start, t) for start, end in ends for s, t in step if s == end}
        found |= {(layer, s, t) for s, t in ends if s != t}
    return found


def test_hops_are_paths_of_that_many_edges():
    """Against paths followed edge by edge; a graph with one edge turned round has others."""
    random = np.random.default_rng(2)
    draw = lambda: np.unique(random.integers(0, 9, (12, 2)), axis=0).T.astype(np.int32)
    graph = [(*draw(), np.zeros(0, np.uint8)) for _ in range(4)]
    found = hops_of(graph, 9)
    as_set = lambda ends: set(zip(*(part.tolist() for part in ends), strict=True))
    assert sorted(found) == [1, 2, 3, 4]
    for hops, ends in found.items():
        assert as_set(ends) == paths(graph, hops)
    turned = [*graph[:2], (graph[2][1], graph[2][0], graph[2][2]), graph[3]]
    assert as_set(hops_of(turned, 9)[3]) != paths(graph, 3)


@pytest.mark.parametrize(
    "construction, edges",
    [
        pytest.param("clipped", "chain", marks=pytest.mark.slow),
        *(
            pytest.param(construction, edges, marks=pytest.mark.slow)
            for construction in ("clipped", "cleaned", "separate", "split", "oracle")
            for edges in ("relay", "branch", "merge", "chain")
            if (construction, edges) != ("clipped", "chain")
        ),
    ],
)
def test_a_program_is_exported_and_read_back(construction, edges, tmp_path):
    """Edges as compiled, hops of a chain, and activations layer by layer."""
    made, one = exported(construction, tmp_path, edges=edges, n_layers=4, n_samples=8)
    assert made.edges is not None
    for gap in range(3):
        pairs = made.edges.pairs(gap + 1)
        sources, targets = (one.truth[f"edges.{gap}.{end}"] for end in ("sources", "targets"))
        assert sorted(pairs) == sorted(zip(sources.tolist(), targets.tolist(), strict=True))
        assert set(made.edges.pairs(gap + 1, opening=True)) == {
            pair
            for pair, opens in zip(pairs, one.truth[f"edges.{gap}.opens"], strict=True)
            if opens
        }
    assert one.config.program
    if edges == "chain":
        assert [len(one.truth[f"hops.{h}.sources"]) > 0 for h in (1, 2, 3)] == [True] * 3
        # A chain of four circuits: in a sample that starts the first, one after the other is on.
        active = one.samples["active"]
        for gap, (before, after) in enumerate(pairwise(active[0].tolist())):
            on = [(s, t) for s, t in made.edges.pairs(gap + 1) if s in before]
            assert sorted(t for t in after if t < 40) == sorted({t for _, t in on})
    if construction == "oracle":
        return
    layers = run(one.model, one.samples, one.config.n_relu)
    for k in one.config.reported:
        np.testing.assert_allclose(layers[k], one.activations(k), atol=1e-5)
