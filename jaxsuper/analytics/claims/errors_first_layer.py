"""Claims about the first layer, where inputs are embedded exactly (notes#closed-forms)."""

from collections.abc import Callable
from typing import Any

from ... import theory
from ...simulation import Measurement
from ._evidence import Evidence
from ._measured import measured_at
from ._registry import claim, Run


def _after_one_layer(run: Run) -> tuple[dict[int, Measurement], float]:
    """Return measurements after one layer at the headline size, and the mean overlap P."""
    settings: dict[str, Any] = {
        "n_layers": 1,
        "n_active": run.choose((1, 2, 3, 6), (1, 2, 3, 4, 5, 6)),
        "n_networks": run.choose(16, 32),
        "batch_size": run.choose(200, 1000),
    }
    return run.measure(**settings), run.allocation(**settings).mean_overlap


_Form = Callable[[int, float], float]


def _published(z: int, P: float) -> float:
    return theory.rotation_errors_published(1000, 557, 6, z, 1)["mse_on_inactive"][0]


def _pairs(z: int, P: float) -> float:
    return z * P / 36 + z * (z - 1) * (P / 6) ** 2


def _derived(z: int, P: float) -> float:
    return theory.inactive_first_layer_mse(z, 6, P)


def _evidence(run: Run, said: _Form, rival: _Form, **more: Any) -> Evidence:
    """Return inactive indicators after one layer against two forms of z and P."""
    by_z, P = _after_one_layer(run)
    points = [
        measured_at(measured, "mse_on_inactive", 1, said(z, P), rival(z, P), x=z)
        for z, measured in by_z.items()
    ]
    return Evidence(points, "z", "E alpha^2 of inactive circuits", **more)


@claim(
    "errors.first-layer",
    "After layer 1 the indicator of an inactive circuit has the mean square E(K/S)^2, K the number "
    "of its neurons that active circuits use.",
    tier="science",
    formula=r"S^2\,\mathrm{E}\hat\alpha^2 = S\,(1 - s) + S(S-1)(1 - 2s + (1-2q)^z), \quad "
    r"q = P/S,\ s = (1-q)^z",
    source="derived in `theory.inactive_first_layer_mse`; the question is in notes#closed-forms",
    regime="T = 557, n = 250, S = 6, z = 1 to 6; within 1.5 %",
    expected="established",
    rival="the published z rho",
)
def _first_layer(run: Run) -> Evidence:
    return _evidence(run, _derived, _published, tolerance=0.015)


@claim(
    "errors.first-layer-pairs",
    "z P/S^2 + z(z-1)(P/S)^2, P the measured overlap, is right within 4 % up to z = 2 and too high "
    "beyond, where it counts neurons that two active circuits use twice.",
    tier="science",
    formula=r"\mathrm{E}\hat\alpha^2 = z P/S^2 + z(z-1)(P/S)^2",
    source="notes#closed-forms",
    regime="T = 557, n = 250, S = 6",
    expected="established in regime",
    rival="the published z rho",
)
def _first_layer_pairs(run: Run) -> Evidence:
    return _evidence(run, _pairs, _published, tolerance=0.04, boundary=(2, 3))


@claim(
    "errors.first-layer-published",
    "Inactive indicators have the mean square z rho after layer 1.",
    tier="science",
    formula=r"\mathrm{E}\hat\alpha^2 = z \rho",
    source="[R]; notes#closed-forms",
    regime="T = 557, n = 250, S = 6; within 3 %",
    expected="refuted",
    rival="the derived form (to be confirmed)",
)
def _first_layer_published(run: Run) -> Evidence:
    return _evidence(run, _published, _derived, tolerance=0.03)
