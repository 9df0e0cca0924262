"""Laws of payload, hysteresis and levels on small networks; both states by density evolution."""

import numpy as np
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


def test_few_that_fire_are_poisson_and_all_that_fire_do_not_vary():
    from jaxsuper.theory.seizure._density import _binomial

    law = np.array([0.0, 0.5, 0.5])
    transform = np.fft.rfft(law, 64)

    def moments(mean, trials):
        chances = np.fft.irfft(_binomial(transform, np.array([mean]), np.array([trials]))[0], 64)
        values = np.arange(64)
        first = chances @ values
        return first, chances @ values**2 - first**2

    for mean, trials in ((0.3, 1e6), (3.0, 6.5), (4.0, 4.0)):
        share = mean / trials
        assert moments(mean, trials)[0] == pytest.approx(1.5 * mean, rel=1e-6)
        # Between whole numbers of trials the variance is within a hair of that of a real number.
        variance = mean * 2.5 - mean * share * 1.5**2
        assert moments(mean, trials)[1] == pytest.approx(variance, rel=0.02)


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
