"""Laws of payload, hysteresis and levels on small networks; both states by density evolution."""

import pytest
from jaxsuper import cli
from jaxsuper.analytics.scaling import payload_law
from jaxsuper.analytics.scaling._payload import PAYLOAD_DESIGNS
from jaxsuper.commands._payload import PAYLOADS
from jaxsuper.theory.seizure import (
    critical_circuits,
    density_evolution,
    even_loads,
    Links,
    releasing_circuits,
)


def test_names_on_the_command_line_are_those_of_the_registry():
    assert PAYLOADS == tuple(PAYLOAD_DESIGNS)


@pytest.mark.slow
def test_between_two_loads_both_states_are_stable():
    """The rival, one state at any load, has the same load for both ways."""
    up = critical_circuits(400, 3, 1, 30, 0.6, 0.9).n_circuits
    down = releasing_circuits(400, 3, 1, 30, 0.6, 0.9, most=up)
    assert 0.7 * up < down < 0.9 * up
    links = Links.of(even_loads(0.95 * up, 3, 400), 1)
    quiet, seized = (
        density_evolution(links, 30, 0.6, 0.9, start=start).inactive[-1]
        for start in ("quiet", "all on")
    )
    assert seized > 10 * quiet


@pytest.mark.slow
def test_the_payload_is_measured_and_resumed(tmp_path):
    settings = {"n_circuits": (150, 300), "actives": (1, 2), "n_layers": 3, "networks": 4}
    law = payload_law(("recomputed",), (400, 800), tmp_path / "store", samples=32, **settings)
    found = {axis.along: axis for axis in law.axes}
    assert set(found) == {"n_circuits", "n_active", "network_width", "rotations"}
    assert found["network_width"].fit.exponent < -2 < 1 < found["n_circuits"].fit.exponent
    calls = []
    again = payload_law(
        ("recomputed",),
        (400, 800),
        tmp_path / "store",
        samples=32,
        progress=calls.append,
        **settings,
    )
    assert not calls or calls[-1].done == calls[-1].total
    assert [axis.errors for axis in again.axes] == [axis.errors for axis in law.axes]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--network-width 800", "`network_width` must name at least two"),
        ("--n-circuits 300", "`n_circuits` must name at least two"),
        ("--n-layers 2", "`n_layers` must be at least 3"),
        ("--network-width 801 1600", "`network_width` must be divisible"),
    ],
)
def test_bad_input_is_one_line(words, said, tmp_path, capsys):
    line = f"scaling payload --out {tmp_path / 'store'} {words}".split()
    assert cli.main(line) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
