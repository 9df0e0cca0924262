"""How the ledger is gathered: looks at growing data, shared networks, limits, what is written."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jaxsuper.analytics.claims import (
    _ledger,
    _registry as registry,
    Evidence,
    judge,
    judge_rival,
    LOOKS,
    outside_errors,
    Point,
    power,
    Run,
    settle,
    verify,
    within_errors,
)
from jaxsuper.simulation import Experiment, Measurement, run_networks
from jaxsuper.simulation._run import Networks

from .ledgers import claim_of, evidence, fails, in_regime, mean_of


class TestLooks:
    def efforts(self, gather):
        """Return the efforts of all looks, and the entry."""
        seen = []

        def noted(run):
            seen.append(run.effort)
            return gather(run)

        return seen, settle(claim_of("a.b", gather=noted), Run())

    def test_until_decided(self):
        seen, entry = self.efforts(mean_of(1, first=16, spread=0.1, tolerance=0.1))
        assert entry.verdict == "established" and entry.effort == seen[-1]
        assert seen in ([1, 2], [1, 2, 4])
        seen, entry = self.efforts(mean_of(1, first=16, spread=0.01, tolerance=0.1))
        assert entry.verdict == "established" and seen == [1] and entry.effort == 1

    def test_not_for_ever(self):
        seen, entry = self.efforts(mean_of(1.3, tolerance=0.3))
        assert entry.verdict == "undecided" and not entry.as_expected
        assert seen == [2**look for look in range(LOOKS)]

    def test_as_long_as_the_rival_is_undecided(self):
        def gather(run):
            point = Point(0, 1, 1, stderr=0.1 / run.effort, rival=0.45)
            return evidence(point, tolerance=0.5)

        assert judge(gather(Run())).verdict == "established"
        seen, entry = self.efforts(gather)
        assert seen == [1, 2] and entry.as_expected

    def test_only_if_something_is_random(self):
        """The same numbers again would decide no more."""
        undecided = [Point(0, 1, 1, rival=rival) for rival in (2, 1, 1)]
        seen, entry = self.efforts(lambda run: evidence(*undecided))
        assert entry.rival is not None and entry.rival.verdict == "undecided" and seen == [1]

    def test_an_error_is_a_verdict(self):
        entry = settle(claim_of("a.broken", gather=fails), Run())
        assert entry.verdict == "error" and not entry.as_expected
        assert "ZeroDivisionError" in entry.reason and "no matter" in entry.reason


def numbered(network: int) -> Measurement:
    """Return a measurement of one layer and metric, whose value is its network's number."""
    value = np.array([[float(network)]])
    return Measurement(("number",), value, value, (), np.zeros((1, 0)), 1)


def numbers(networks) -> dict[int, list[int]]:
    return {z: [int(each["number"][0]) for each in of] for z, of in networks.items()}


class TestNetworks:
    """More effort goes on where less stopped; nobody else's effort changes what one gets."""

    SETTINGS: dict[str, Any] = {"n_networks": 3, "n_active": (1, 2)}

    @pytest.fixture
    def simulated(self, monkeypatch):
        """Let measurements tell their network's number; collect the numbers of all simulated."""
        found = []

        def simulate(experiment):
            first = experiment.configuration.network
            own = range(first, first + experiment.n_networks)
            found.extend(own)
            by_z = {z: [numbered(network) for network in own] for z in experiment.n_active}
            return Networks(by_z, {}, {})

        monkeypatch.setattr(registry, "run_networks", simulate)
        return found

    def test_extended(self, simulated):
        run = Run()
        first = run.networks(**self.SETTINGS)
        assert numbers(first) == {1: [0, 1, 2], 2: [0, 1, 2]}
        more = replace(run, effort=2).networks(**self.SETTINGS)
        assert simulated == [0, 1, 2, 3, 4, 5]  # none of them twice
        assert numbers(more) == {1: [0, 1, 2, 3, 4, 5], 2: [0, 1, 2, 3, 4, 5]}
        assert run.measure(**self.SETTINGS)[1].n_networks == 3

    def test_the_first_so_many(self, simulated):
        """Also if another claim has asked for more before."""
        run = Run()
        replace(run, effort=4).networks(**self.SETTINGS)
        assert numbers(run.networks(**{**self.SETTINGS, "n_networks": 2}))[1] == [0, 1]
        assert numbers(run.networks(**self.SETTINGS))[2] == [0, 1, 2]
        assert simulated == list(range(12))

    def test_other_settings_are_other_networks(self, simulated):
        run = Run()
        run.networks(**self.SETTINGS)
        run.networks(**self.SETTINGS, redundancy=4)
        run.networks(**self.SETTINGS, seed=1)
        assert simulated == 3 * [0, 1, 2]

    def test_starts_where_it_is_told_to(self, simulated):
        assert numbers(Run(effort=2).networks(n_networks=1, network=7)) == {1: [7, 8]}


def test_extended_networks_are_those_of_one_longer_run():
    """Bit for bit, on real networks: the number of a network says all about it."""
    small: dict[str, Any] = {"network_width": 60, "n_circuits": 12, "redundancy": 3}
    small |= {"n_layers": 2, "batch_size": 8, "seed": 0}
    run = Run()
    run.networks(**small, n_networks=2)
    extended = replace(run, effort=2).networks(**small, n_networks=2)[1]
    whole = run_networks(Experiment.of(**small, n_networks=4)).measurements[1]
    for one, other in zip(extended, whole, strict=True):
        np.testing.assert_array_equal(one.mean, other.mean)
    assert not np.array_equal(whole[2].mean, whole[0].mean)


@pytest.mark.parametrize("name, most", [("MOST_COMPARISONS", 4), ("MOST_CLAIMS", 1)])
def test_a_ledger_that_is_too_long(name, most, monkeypatch):
    """More than the error rates were shared among is an error, as many is none."""
    entries = [claim_of("a.regime", "established in regime", in_regime)]
    if name == "MOST_CLAIMS":
        entries.append(claim_of("a.good"))
    limit = 5 if name == "MOST_COMPARISONS" else 2
    monkeypatch.setattr(_ledger, name, limit)
    assert len(verify(entries, Run())) == len(entries)
    monkeypatch.setattr(_ledger, name, most)
    with pytest.raises(RuntimeError, match=name.split("_")[1].lower()):
        verify(entries, Run())


def test_evidence_in_the_ledger_says_where_points_lie():
    """With what was allowed, in standard errors; plain numbers only."""
    content = settle(claim_of("a.regime", gather=in_regime), Run()).to_json()
    places = [point["place"] for point in content["evidence"]["points"]]
    assert places == ["within", "within", "outside", "outside", "outside"]
    assert content["evidence"]["boundary"] == (2, 4) and content["boundary"] == [2, 3]
    assert content["evidence"]["standard_errors_within"] == []
    random = settle(claim_of("a.mean", gather=mean_of(1, tolerance=0.9)), Run())
    freedom = 8 * random.effort - 1
    found = random.to_json()["evidence"]
    assert found["standard_errors_within"] == [within_errors(freedom)]
    assert found["standard_errors_outside"] == [outside_errors(freedom)]


def test_evidence_is_not_changed_by_judging():
    original = in_regime(Run())
    before = repr(original)
    for of in (judge, judge_rival, power):
        of(original)
    assert repr(original) == before and isinstance(original, Evidence)
