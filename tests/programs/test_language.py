"""The language: what is compiled, what is refused in one line, files, random graphs."""

import numpy as np
import pytest
from jaxsuper import circuits
from jaxsuper.programs import (
    Decision,
    Edge,
    load_program,
    named_program,
    Program,
    program_names,
    random_program,
    read_program,
    save_program,
    toml_of,
)

from . import brute


ROTATIONS = circuits.Rotation(np.linspace(0, 1, 12))


def test_counts_and_ends():
    program, gaps = brute.program(np.linspace(0, 1, 12))
    edges = program.compile(5)
    for layer, wanted in enumerate(gaps):
        ends = sorted((s, t) for s, t, _ in wanted)
        assert sorted(edges.pairs(layer + 1)) == ends
        for count, end in ((edges.fan_out, 0), (edges.fan_in, 1)):
            assert np.array_equal(count[layer], np.bincount([e[end] for e in ends], minlength=12))
    assert edges.n_edges.tolist() == [len(gap) for gap in gaps]
    # Of the first: not the two decisions; of the second: not the vectors moved, one of two merged,
    # and what switches off.
    assert (edges.n_edges - edges.n_opening).tolist() == [2, 4, 0, 0]


def test_conditions_are_linear():
    def decided(on):
        edges = Program(ROTATIONS).branch(0, on=on, then=1, otherwise=2, layer=1, margin=0.5)
        made = edges.compile(3)
        place = int(np.flatnonzero(made.decides[0])[0])
        return [*made.directions[0, place], 0.5 - made.constants[0, place]]

    # With margin 1/2 a direction is w and a constant 1/2 - threshold.
    assert np.allclose(decided(lambda x: x[0] > 0), [1, 0, 0])
    assert np.allclose(decided(lambda x: 2 * x[0] - x[1] + 0.1 > 0.3), [2, -1, 0.2])
    assert np.allclose(decided(lambda x: x[1] < 0.25), [0, -1, -0.25])
    assert np.allclose(decided(lambda x: 1 - x[0] > x[-1] + 1), [-1, -1, 0])
    for on, why in (
        (lambda x: x[0], "type Condition"),
        (lambda x: x[0] and x[1], "must compare"),
        (lambda x: x[2] > 0, r"must use x\[0\] to x\[1\], got x\[2\]"),
        (lambda x: x[0] * x[1] > 0, "`on` must be"),
        (lambda: True, "must compare a linear function"),
        (3, "must be a function like"),
    ):
        with pytest.raises(ValueError, match=why):
            decided(on)
    yes = Decision((1.0, 2.0), 0.3, 0.1)
    assert yes.otherwise() == Decision((-1.0, -2.0), -0.3, 0.1)


@pytest.mark.parametrize(
    "say, why",
    [
        (lambda p: p.relay(12, to=1), "`source` must lie in 0..11.*got 12 in the edge 12 -> 1"),
        (lambda p: p.relay(1, to=-1), "`target` must be at least 0, got -1"),
        (lambda p: p.relay(1, to=2, layer=4), "`layer` must lie in 1..3.*got 4 in the edge 1 -> 2"),
        (lambda p: p.relay(1, to=2, layer=0), "`layer` must be at least 1, got 0"),
        (lambda p: p.edge(1, 2, 2, to_layer=2), "no circuit feeds another of its own layer, got 2"),
        (
            lambda p: p.relay(1, to=2, layer=2).merge([1, 3], to=2, layer=2),
            r"same ends, got 1 -> 2 \(merge\[0\]\) from layer 2 to 3 beside 1 -> 2 \(relay\[0\]\)",
        ),
        (
            lambda p: p.edge(1, 2, weight=np.eye(3)),
            r"`weight` must have shape \(4, 4\), got \(3, 3\)",
        ),
        (lambda p: p.edge(1, 2, weight=np.eye(4)), "`weight` must read its source through"),
        (lambda p: p.branch(1, on=lambda x: x[0] > 0, then=2, otherwise=2, layer=1), "another"),
        (
            lambda p: p.branch(1, on=lambda x: x[0] > 0, then=2, otherwise=3, layer=1, margin=0),
            "`margin` must be above 0, got 0",
        ),
        (
            lambda p: p.branch(1, on=lambda x: x[0] > 0, then=2, otherwise=3, layer=3),
            "`layer` must lie in 1..3.*got 4",
        ),
        (lambda p: p.merge([], to=3), "`sources` must name at least one"),
        (lambda p: p.start(3, 3), r"must be different circuits, got \[3, 3\] \(start\[0\]\)"),
        (
            lambda p: p.start(1).start(12),
            r"`circuits` must lie in 0..11.*got \[12\] \(start\[1\]\)",
        ),
        (lambda p: p.stop(3, layer=9), r"`layer` must lie in 1..3.*got 9 \(stop\[0\]\)"),
    ],
)
def test_refused_in_one_line(say, why):
    program = Program(ROTATIONS)
    with pytest.raises(ValueError, match=why) as refused:
        say(program)
        program.compile(4)
    assert "\n" not in str(refused.value)


def test_circuits_that_cannot_branch():
    program = Program(circuits.Rotation3(np.zeros(4)))
    program.branch(0, on=lambda x: x[0] > 0, then=1, otherwise=2, layer=1)
    with pytest.raises(ValueError, match="`circuits` must be rotations or steps"):
        program.compile(4)


def test_too_many_on_at_once():
    program = Program(200)
    for layer in range(1, 8):
        for source in range(64):
            program.fan_out(source, to=[2 * source, 2 * source + 1], layer=layer)
    with pytest.raises(ValueError, match="reach at most 64 circuits.*say how many"):
        program.compile(8)
    assert program.compile(8, width=10).width == 10


def test_files(tmp_path):
    program = brute.program(np.linspace(0, 1, 12))[0].start(0, 3).start(9)
    path = tmp_path / "program.toml"
    save_program(path, program)
    again = load_program(path, program.circuits)
    assert {str(edge) for edge in again._edges} == {str(edge) for edge in program._edges}
    assert again._entries == program._entries and again._stopped == program._stopped
    one, other = program.compile(5), again.compile(5)
    assert np.array_equal(one.entries, other.entries) and one.width == other.width
    text = toml_of(program)
    torn = text[: text.index("[[unless]]")]
    for wrong, why in (
        (torn, "must hold the 12 statements that it says, got 7; the file is torn"),
        (text[: text.index("direction") + 15], "must be TOML"),
        (text.replace("source = 6", "sorce = 6"), r"relay\[0\].*not have the key `sorce`"),
        (text.replace("[[relay]]", "[[really]]"), "did you mean 'relay'"),
        (text.replace("threshold = 0.1", "threshold = '1'"), r"branch\[0\].*must be a number"),
        (text.replace("margin = 0.3", "margin = -1.0"), r"branch\[0\]: `margin` must be above 0"),
        ("", "at least one statement"),
    ):
        with pytest.raises(ValueError, match=why) as refused:
            read_program(wrong, program.circuits)
        assert "\n" not in str(refused.value)


def test_what_does_not_fit_names_file_and_statement(tmp_path):
    """Found when the layers are known: by the second relay of this file, and by no other."""
    path = tmp_path / "program.toml"
    save_program(path, Program(ROTATIONS).relay(1, to=2, layer=1).stop(3, layer=1))
    text = path.read_text()
    for wrong, why in (
        (text.replace("to = 2", "to = 99"), r"`target` must lie in 0..11.* 1 -> 99 \(relay\[0\]\)"),
        (text.replace("layer = 1", "layer = 7", 1), r"got 7 in the edge 1 -> 2 \(relay\[0\]\)"),
        (text.replace("circuit = 3", "circuit = -3"), r"`circuit` must lie.* got -3 \(stop\[0\]\)"),
    ):
        path.write_text(wrong)
        with pytest.raises(ValueError, match=f"^{path}: .*{why}") as refused:
            load_program(path, ROTATIONS).compile(4)
        assert "\n" not in str(refused.value)


def test_numbers_of_numpy_in_files():
    weight = np.arange(16.0).reshape(4, 4) @ np.diag([1.0, 0, 0, 0])
    program = Program(ROTATIONS).edge(1, 2, 1, weight=weight, share=np.float64(0.5))
    again = read_program(toml_of(program), ROTATIONS)
    assert np.array_equal(again._edges[0].weight, weight) and again._edges[0].share == 0.5
    decided = Program(ROTATIONS).edge(1, 2, 1, decision=Decision((1.0, 0.0)))
    with pytest.raises(ValueError, match="`decision` must be left out of a file.*say a branch"):
        toml_of(decided)


def test_named_programs_fill_all_circuits():
    for name in program_names():
        edges = named_program(name, 60, 6).compile(6)
        used = set(edges.sources[0][edges.targets[0] < 60].tolist())
        assert set(edges.entries.ravel().tolist()) <= used
        assert not edges.alone
    assert named_program("relay", 60, 6).compile(6).n_edges.tolist() == [60] * 5
    assert named_program("chain", 60, 6).compile(6).n_edges.tolist() == [10] * 5
    with pytest.raises(ValueError, match="`n_circuits` must be at least 6 for the edges 'chain'"):
        named_program("chain", 5, 6)


@pytest.mark.parametrize("fan_in, fan_out", [(1, 1), (3, 1), (1, 2), (2, 3), (4, 2)])
def test_random_programs_are_regular(fan_in, fan_out):
    made = random_program(50, fan_in=fan_in, fan_out=fan_out, depth=3, seed=4)
    edges = made.compile(5, width=99)
    for layer in range(3):
        for counts, wanted in ((edges.fan_in, fan_in), (edges.fan_out, fan_out)):
            assert set(counts[layer].tolist()) <= {0, wanted}
        assert edges.n_edges[layer] > 50 * min(fan_in, fan_out) / 2
    other = random_program(50, fan_in=fan_in, fan_out=fan_out, depth=3, seed=5).compile(5, width=99)
    assert edges.pairs(1) != other.pairs(1) and edges.n_edges.tolist() == other.n_edges.tolist()


def test_what_an_edge_says_of_itself():
    assert Edge(1, 2).hands_on and not Edge(1, 2, opens=False, share=0.0).hands_on
    assert Edge(1, 2).name == "1 -> 2"
