"""The networks that several claims measure, by their settings: a simulation serves all of them."""

from typing import Any

from ...simulation import Measurement
from ._registry import Run


LINES: dict[str, Any] = {"allocation": "transversal"}
CARRIED: dict[str, Any] = {"indicator": "carried", "circuit": "rotation3", **LINES}
PRIVATE: dict[str, Any] = {
    "construction": "private",
    "circuit": "rotation3",
    "gate_bias": 10.0,
    "network_width": 999,
    **LINES,
}
# Published, at D = 1000, T = 557, S = 6: E|x_est - x|^2 of layer 5 by z.
PUBLISHED = {1: 1.7, 2: 3.6, 3: 5.0}
TARGETS = {1: 0.04, 2: 0.30, 3: 0.52}
# D -> T of the published grid.
GRID = {
    800: (200, 300),
    1000: (200, 300, 400, 500),
    1200: (200, 300, 400, 500, 600, 700),
    1400: (200, 400, 600, 800, 1000),
    1600: (300, 500, 700, 900, 1100, 1300),
    1800: (300, 500, 700, 900, 1100, 1300, 1500, 1700),
    2000: (200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000),
}


def headline(run: Run, **changes: Any) -> dict[int, Measurement]:
    """Measure the published network at the headline size, or a change of it."""
    return run.measure(**{**_headline(run), **changes})


def headline_networks(run: Run) -> list[Measurement]:
    """Measure networks of the headline size with one active circuit, each on its own."""
    return run.networks(**_headline(run))[1]


def _headline(run: Run) -> dict[str, Any]:
    return {
        "n_active": run.choose((1,), (1, 2, 3)),
        "n_networks": run.choose(16, 48),
        "batch_size": run.choose(150, 300),
    }


def crowded(run: Run) -> dict[str, Any]:
    """Return the settings of D = 1000, T = 400, z = 3, where nothing seizes before layer 2."""
    return {
        "n_circuits": 400,
        "n_layers": 4,
        "n_active": (3,),
        "n_networks": run.choose(24, 48),
        "batch_size": run.choose(150, 300),
    }


def working_regime(run: Run, **changes: Any) -> dict[str, Any]:
    """Return the settings of n = 500, S = 6, T = 300: k0 A = 0.03 and 0.15 for z = 1 and 3."""
    return {
        "network_width": 2000,
        "n_circuits": 300,
        "n_layers": 4,
        "n_active": run.choose((3,), (1, 3)),
        "n_networks": 16,
        "batch_size": run.choose(150, 300),
        **changes,
    }


def small_sizes(run: Run, n_circuits: int) -> dict[str, Any]:
    """Return the settings that several claims about D = 1000, z = 1, L = 4 share."""
    return {
        "n_circuits": n_circuits,
        "n_layers": 4,
        "n_networks": run.choose(16, 48),
        "batch_size": run.choose(200, 500),
    }


def large_and_small(run: Run) -> list[dict[str, Any]]:
    """Return the settings of two networks with nearly the same T (d/D)^2."""
    common: dict[str, Any] = {
        "n_layers": 4,
        "n_networks": run.choose(12, 32),
        "batch_size": run.choose(60, 300),
    }
    large = run.choose((1600, 1200), (2000, 2000))
    return [{"network_width": D, "n_circuits": T, **common} for D, T in ((800, 300), large)]


def grid_cells(run: Run) -> list[dict[str, Any]]:
    """Return settings of the published grid: all, or those that other claims measure plus two."""
    if run.quick:
        some = [small_sizes(run, T) for T in (200, 300)] + large_and_small(run)
        some.append({"n_active": (2,), "n_networks": 4})
        return some
    sizes = [(D, T) for D, counts in GRID.items() for T in counts]
    common: dict[str, Any] = {"n_active": (1, 2, 3, 4), "n_networks": 2}
    return [{"network_width": D, "n_circuits": T, **common} for D, T in sizes]


def measure_change(run: Run, **settings: Any) -> dict[int, Measurement]:
    """Measure a change of the published network, on enough networks for the claims about designs."""
    common = {"n_networks": run.choose(16, 32), "batch_size": run.choose(100, 300)}
    return run.measure(**{**common, **settings})


def carried_settings(run: Run) -> dict[str, Any]:
    """Return the settings of carried indicators of S = 6 on half of D."""
    shape = {"redundancy": 3, "indicator_redundancy": 6, "indicator_share": 0.5}
    sizes = {"n_active": run.choose((3,), (1, 3, 5)), "n_layers": run.choose(5, 10)}
    return {**sizes, **shape, **CARRIED}


def private_settings(run: Run) -> dict[str, Any]:
    """Return the settings of private links at the headline size."""
    return {"n_active": run.choose((1, 3), (1, 2, 3)), "n_layers": 10, "redundancy": 6, **PRIVATE}


def own_settings(
    redundancy: int, indicator_redundancy: int, indicator_share: float, indicator_copies: int
) -> dict[str, Any]:
    """Return the settings of recomputed indicators with neurons of their own."""
    return {
        "redundancy": redundancy,
        "indicator_redundancy": indicator_redundancy,
        "indicator_share": indicator_share,
        "indicator_copies": indicator_copies,
        "n_networks": 32,
        **LINES,
    }


def blocks(run: Run, n_layers: int, n_active: int, n_networks: int) -> dict[str, Any]:
    """Return the settings of the block construction with all the circuits it can hold."""
    width = run.choose(80, 200)
    return {
        "construction": "block",
        "network_width": width,
        "n_circuits": (width // 4) ** 2,
        "redundancy": 1,
        "n_layers": n_layers,
        "n_active": (n_active,),
        "n_networks": n_networks,
        "batch_size": 100,
    }


def growing(D: int, S: int, T: int) -> dict[str, Any]:
    """Return the settings of a network in a family that grows: n and S ~ ln n, ten layers."""
    return {
        "network_width": D,
        "redundancy": S,
        "n_circuits": T,
        "n_layers": 10,
        "lower_threshold": 0.55,
        "upper_threshold": 0.9,
        "n_networks": 16,
        "batch_size": 100,
        **LINES,
    }
