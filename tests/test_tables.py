"""The tables of `simulate` at any width and depth."""

from types import SimpleNamespace
from typing import Any

import pytest
from jaxsuper.commands._layers import tables_by_layer, tables_by_z
from rich.console import Console


METRICS = (
    "mse_x_active",
    "mse_on_active",
    "frac_samples_any_inactive_on_gt_half",
    "worst_x_active",
)


def result(n_layers, n_active=(1, 2), n_networks=8, **more) -> Any:
    """Numbers that say where they stand: z.metric-layer of 1000."""
    rows = [
        {
            "n_active": z,
            "layer": layer,
            "metric": metric,
            "value": z + index / 10 + layer / 1000,
            "stderr": None if metric.startswith("worst") else 1e-5,
            "predicted": 0.0 if metric.startswith("mse") else None,
            "published": {"mse_x_active": 0.5, "mse_on_active": 0.0}.get(metric),
        }
        | more
        for z in n_active
        for layer in range(1, n_layers + 1)
        for index, metric in enumerate(METRICS)
    ]
    experiment = SimpleNamespace(
        n_networks=n_networks, configuration=SimpleNamespace(n_layers=n_layers)
    )
    return SimpleNamespace(rows=rows, experiment=experiment)


def printed(tables, width) -> list[list[str]]:
    """Return the lines of each table."""
    console = Console(width=width, color_system=None)
    found = []
    for each in tables:
        with console.capture() as caught:
            console.print(each)
        found.append([line.rstrip() for line in caught.get().splitlines()])
    return found


@pytest.mark.parametrize("n_layers", [1, 2, 5, 10])
@pytest.mark.parametrize("width", [40, 80, 100, 120])
def test_all_layers_stand_in_tables_that_fit(n_layers, width):
    shown = ("mse", "worst")
    tables = printed(tables_by_z(result(n_layers), shown, width), width)
    for lines in tables:
        assert max(map(len, lines)) <= width and "…" not in "".join(lines)
    for z in (1, 2):
        own = [lines for lines in tables if lines[0] == f"z = {z}, mean of 8 networks"]
        heads = "".join(lines[1] for lines in own)
        assert [heads.count(f"layer {i + 1}") >= 1 for i in range(n_layers)] == [True] * n_layers
        for index, metric in enumerate(METRICS):
            cells = [
                c for t in own for line in t if line.startswith(metric) for c in line.split()[1:]
            ]
            wanted = [f"{z + index / 10 + layer / 1000:.4g}" for layer in range(1, n_layers + 1)]
            assert cells == (wanted if metric.startswith(shown) else [])
    # No more tables than needed, and none much shorter than the others.
    if width >= 80:
        assert len(tables) == (4 if n_layers == 10 and width < 110 else 2)


def test_lines_below_a_metric():
    """What is known, and what is published where it says something else."""
    (lines,) = printed(tables_by_z(result(2, (3,)), ("mse", "worst"), 100), 100)
    names = [line[:16].strip() for line in lines]
    assert names == [
        *("z = 3, mean of 8", "measured", 16 * "─"),
        *("mse_x_active", "± s.e.", "closed form", "as published"),
        *("mse_on_active", "± s.e.", "closed form", "worst_x_active"),
    ]
    (evolved,) = printed(tables_by_z(result(2, (3,), state_evolution=0.25), ("mse_on",), 100), 100)
    assert evolved[-1].split() == ["state", "evolution", "0.25", "0.25"]
    (alone,) = printed(tables_by_z(result(1, (3,), 1), ("mse",), 100), 100)
    assert alone[0] == "z = 3, this network"


@pytest.mark.parametrize("width", [80, 110])
def test_the_long_form_has_ratios(width):
    tables = printed(tables_by_layer(result(2, predicted=4.0), ("mse",)), width)
    assert [lines[0] for lines in tables] == [
        f"z = {z}, layer {layer}, mean of 8 networks" for z in (1, 2) for layer in (1, 2)
    ]
    row = next(line for line in tables[1] if line.startswith("mse_x_active"))
    assert row.split() == ["mse_x_active", "1.002", "1e-05", "4", "0.251", "0.5"]
    assert all(len(line) <= width for line in tables[0]) and "…" not in "".join(tables[0])
    assert "evolution" not in " ".join(tables[0])
