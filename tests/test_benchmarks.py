"""The benchmarks' own logic: fits, turns, the form of results, checks, and the tables in README."""

import json
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from benchmarks import device, growth, reference, report, suite
from benchmarks.cases import forward_runs
from benchmarks.executed import Executed, executed
from benchmarks.kernels import counted, counted_forward, Peak, Work
from benchmarks.records import load, Record, recording, RESULTS, Row, Setting, write
from benchmarks.timing import fit, in_turns, rows_of, Turn
from jaxsuper.circuits import layout_of
from jaxsuper.simulation import capacity_of


ROOT = Path(__file__).parents[1]
SMALL = Setting(D=80, T=60, S=2, L=2, z=3, batch=16)
SIZES = [100, 200, 400, 800]


@pytest.mark.parametrize("exponent", [0.0, 1.5, -2.0])
def test_fit_finds_the_exponent_of_a_power_law(exponent):
    found = fit("a", "seconds", "D", SIZES, [3.0 * s**exponent for s in SIZES])
    assert found.exponent == pytest.approx(exponent, abs=1e-9)
    assert found.last == pytest.approx(exponent, abs=1e-9)
    assert found.stderr == pytest.approx(0, abs=1e-9)


def test_error_of_a_fit_is_that_of_least_squares():
    noise = np.exp([0.1, -0.2, 0.15, -0.05])
    found = fit("a", "seconds", "D", SIZES, list(np.array(SIZES) ** 2 * noise))
    line, covariance = np.polyfit(np.log(SIZES), np.log(SIZES) * 2 + np.log(noise), 1, cov=True)
    assert (found.exponent, found.stderr) == pytest.approx((line[0], covariance[0, 0] ** 0.5))
    # A constant that is added bends the line: the last two are nearer to the law.
    bent = fit("a", "seconds", "D", SIZES, [1e4 + s**2 for s in SIZES])
    assert bent.exponent < bent.last < 2


@pytest.mark.parametrize("values", [[1.0, 0.0], [1.0, -1.0]])
def test_fit_refuses_what_has_no_logarithm(values):
    with pytest.raises(ValueError, match="above 0"), np.errstate(all="ignore"):
        fit("a", "seconds", "D", SIZES[:2], values)
    with pytest.raises(ValueError, match="two or more"):
        fit("a", "seconds", "D", SIZES[:1], [1.0])


def test_turns_alternate_and_end_with_the_budget():
    calls = []
    runs = {name: lambda name=name: calls.append(name) for name in "ab"}
    seconds = in_turns(runs, turns=50, budget=0.0, least=3)
    assert calls == ["a", "b"] * 4  # the first warms up
    assert [len(turns) for turns in seconds.values()] == [3, 3]
    found = {"a": [Turn(2.0, 8.0), Turn(4.0, 1.0)], "b": [Turn(4.0, 5.0), Turn(2.0, 4.0)]}
    first, second = rows_of("x", None, found, {"a": "b"})
    assert (first.seconds, first.ratio, first.ratio_paired) == (2.0, 1.0, 1.25)
    if first.processor is not None:
        assert (first.processor, first.ratio_processor) == (1.0, 0.25)
    assert second.peer is None and second.ratio is None


def test_share_of_peak_is_set_by_what_takes_longer():
    peak = Peak(bytes=100.0, flops=10.0)
    nothing = lambda: None
    assert peak.share(Work(nothing, 50.0, 1.0), 1.0) == 0.5
    assert peak.share(Work(nothing, 50.0, 8.0), 1.0) == 0.8


def test_counted_work_grows_with_layers_and_samples():
    layout = layout_of("rotation")
    one = counted(layout, SMALL, 8)
    n = SMALL.D // 4
    assert one["inhibition product"] == (4 * n * n + 2 * 4 * 8 * n, 2 * n * n * 8)
    moved, computed = counted_forward(layout, SMALL, 8)
    once = one["first layer"][0] + 2 * (one["channels"][0] + one["readout"][0])
    between = one["inhibition product"][0] + one["way back"][0]
    assert moved == once + between
    assert counted_forward(layout, SMALL, 16)[1] == 2 * computed


@pytest.mark.parametrize("quick", [False, True])
def test_grown_networks_fit(quick):
    for settings in growth.axes(quick).values():
        for setting in settings:
            capacity = capacity_of(setting.configuration(0))
            assert capacity is not None and setting.T <= capacity


def made(rows=()) -> Record:
    with recording("test", True, 0) as record:
        record.rows += rows
    return record


def test_results_have_one_form(tmp_path):
    path = tmp_path / "result.json"
    record = made([Row("a", "b", SMALL, 1.23456789, figures={"x": 1})])
    write(record, path)
    assert load(path).rows[0].seconds == 1.23457
    plain = json.loads(path.read_text())
    names = {"jax", "jaxlib", "numpy", "device", "precision", "dtype"}
    assert names <= plain["environment"].keys() and plain["seed"] == 0
    for broken in (
        plain | {"schema": "other"},
        plain | {"more": 1},
        {k: v for k, v in plain.items() if k != "environment"},
        plain | {"rows": [{"section": "a"}]},
        plain | {"rows": [{"section": "a", "name": "b", "seconds": "1"}]},
    ):
        path.write_text(json.dumps(broken))
        with pytest.raises(msgspec.ValidationError):
            load(path)


def test_recorded_results_have_that_form():
    found = [*RESULTS.glob("speed-*.json"), *RESULTS.glob("device-*.json")]
    assert report.SOURCE in found
    for path in found:
        record = load(path)
        assert not record.quick and not record.failed and record.rows


def test_record_shows_what_is_claimed():
    """The structured pass takes a quarter of the dense one, and less the larger it is.

    At D = T = 2000 repeated records say .24 to .27 for 500 samples, .19 for 256: the dense product alone
    gains from more.
    """
    record = load(report.SOURCE)
    assert (record.find("forward", "structured", D=2000, T=2000).ratio or np.inf) <= 0.28
    small = record.find("growth", "structured", D=2000, T=2000, batch=256)
    assert (small.ratio or np.inf) <= 0.25
    # Of processor time, which other work on the machine disturbs least.
    ratios = [row.ratio_processor or np.inf for row in report.as_many_circuits(record)]
    assert len(ratios) >= 4 and ratios[-1] < ratios[0]


def test_pages_are_what_the_result_gives():
    record = load(report.SOURCE)
    for page in report.PAGES:
        text = page.read_text()
        assert re.findall(r"<!-- speed: (\w+) -->", text)
        assert report.replaced(text, record) == text, f"run python -m benchmarks.report: {page}"
    shown = [n for p in report.PAGES for n in re.findall(r"<!-- speed: (\w+) -->", p.read_text())]
    assert set(shown) == set(report.BLOCKS)
    # A PNG holds its metadata as plain text.
    assert report.digest().encode() in report.FIGURE.read_bytes()


def test_other_numbers_are_another_table():
    record = load(report.SOURCE)
    text = report.PAGES[0].read_text()
    record.find("forward", "structured").seconds = 1000.0
    assert report.replaced(text, record) != text


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "reference.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "CASES", (SMALL,))
        reference.record_reference(0, path)
    return path


def device_status(monkeypatch, reference_path, out) -> int:
    """Run the whole command but for its timings."""
    monkeypatch.setattr(device, "measure", lambda record, quick: None)
    return device.main(["--reference", str(reference_path), "--out", str(out)])


@pytest.mark.slow
def test_device_agrees_with_itself(monkeypatch, recorded, tmp_path, capsys):
    assert device_status(monkeypatch, recorded, tmp_path) == 0
    (path,) = tmp_path.glob("device-*.json")
    found = load(path)
    assert [check.passed for check in found.checks] == [True] * 4
    assert path.with_suffix(".md").read_text().strip() == capsys.readouterr().out.strip()


@pytest.mark.slow
@pytest.mark.parametrize("what", ["hash", "metric", "seed"])
def test_a_mismatch_is_status_1(monkeypatch, recorded, tmp_path, capsys, what):
    wrong = reference.load_reference(recorded)
    case = wrong.cases[0]
    if what == "hash":
        case.hashes["wiring"] = "0" * 64
    elif what == "seed":
        wrong.seed = 1
    else:
        column = case.names.index("mse_x_active")
        case.mean[1][column] = (case.mean[1][column] or 0) * (1 + 3e-4)
    path = tmp_path / "wrong.json"
    path.write_bytes(msgspec.json.encode(wrong))
    assert device_status(monkeypatch, path, tmp_path) == 1
    said = {"hash": "wiring", "metric": "mse_x_active at layer 2", "seed": "wiring"}[what]
    assert "MISMATCH" in (printed := capsys.readouterr().err) and said in printed


def test_metrics_are_held_against_stated_tolerances(recorded):
    (case,) = reference.load_reference(recorded).cases
    found = reference.measured(SMALL, 0)
    compare = lambda mean, exact=True: reference.compare_metrics(
        case, replace(found, mean=mean), "x", exact
    )
    assert compare(found.mean).passed
    share = case.names.index("frac_active_neurons_block0")
    error = case.names.index("mse_x_active")
    for column, by, passes in ((share, 9e-4, True), (share, 2e-3, False)):
        moved = found.mean.copy()
        moved[1, column] += by
        assert compare(moved).passed is passes
    moved = found.mean.copy()
    moved[1, error] += 0.05 * found.stderr[1, error]
    assert not compare(moved).passed and compare(moved, exact=False).passed
    moved[1, error] = np.nan
    assert not compare(moved).passed


def test_all_ways_to_run_a_network_agree():
    runs = forward_runs(SMALL)
    results = {"structured": runs.pop("structured").whole(SMALL.batch)}
    results |= {name: run() for name, run in runs.items()}
    expected = np.asarray(results.pop("dense"))
    for name, found in results.items():
        assert suite.agreement(name, np.asarray(found), expected).passed
    assert not suite.agreement("wrong", expected * 1.01, expected).passed


PROGRAM = """HloModule jit_f, is_scheduled=true

%fused (p: f32[4]) -> f32[4] {
  %p = f32[4]{0} parameter(0)
  ROOT %n = f32[4]{0} negate(%p)
}

%body (t: (s32[], f32[4])) -> (s32[], f32[4]) {
  %t = (s32[], f32[4]{0}) parameter(0)
  %x = f32[4]{0} get-tuple-element(%t), index=1
  %f = f32[4]{0} fusion(%x), kind=kLoop, calls=%fused
  ROOT %r = (s32[], /*index=1*/f32[4]{0:T(8,128)}) tuple(%i, %f)
}

%more (t: (s32[], f32[4])) -> pred[] {
  ROOT %c = pred[] fusion(%t), kind=kLoop, calls=%compared
}

%first (p.1: f32[4]) -> f32[4] {
  %a = f32[4]{0} custom-call(%p.1), custom_call_target="gemm"
  ROOT %b = f32[4]{0} copy(%a)
}

%second (p.2: f32[4]) -> f32[4] {
  ROOT %p.2 = f32[4]{0} parameter(0)
}

ENTRY %main (x.1: f32[4]) -> f32[4] {
  %x.1 = f32[4]{0} parameter(0)
  %w = (s32[], /*index=1*/f32[4]{0:T(8,128)}) while(%x.1), condition=%more, body=%body LENGTH
  %g = f32[4]{0} get-tuple-element(%w), index=1
  ROOT %k = f32[4]{0} conditional(%q, %g, %g), true_computation=%first, false_computation=%second
}
"""


def test_kernels_are_counted_as_often_as_they_run():
    """Five times where the length is known; else once, with what decides and a wait."""
    known = 'backend_config={"known_trip_count":{"n":"5"},"known_init_step":{"init":"0"}}'
    assert executed(PROGRAM.replace("LENGTH", f", {known}")) == Executed(5 + 2, 1)
    assert executed(PROGRAM.replace("LENGTH", "")) == Executed(1 + 1 + 2, 2)
    switch = "branch_computations={%second, %first}"
    several = PROGRAM.replace("true_computation=%first, false_computation=%second", switch)
    assert executed(several.replace("LENGTH", "")) == Executed(4, 2)
    with pytest.raises(ValueError, match="an optimised program"):
        executed("HloModule nothing")
