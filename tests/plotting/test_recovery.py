"""The figure of what methods find: means of networks, one line for each method."""

from typing import Any

import numpy as np
import pytest
from jaxsuper.plotting import recovery_figure
from jaxsuper.plotting._recovery import means_by


FOUND = {("probes", 0.5): (1.0, 0.9), ("nmf", 0.5): (0.8, 0.6), ("nmf", 2.0): (0.1, 0.3)}


def result() -> dict[str, Any]:
    rows = [
        {
            "method": method,
            "distance": distance,
            "n_active": z,
            "network": network,
            "critical": 50.0 / z,
            "recall": value / z,
            "random_recall": 0.01 * (network + 1),
        }
        for (method, distance), values in FOUND.items()
        for network, value in enumerate(values)
        for z in (1, 2)
    ]
    settings = {
        "methods": ["probes", "nmf", "svd"],
        "told": ["probes"],
        "labels": {"recall": "found"},
        "network_width": 240,
        "n_layers": 4,
        "n_samples": 100,
        "networks": 2,
    }
    return {"rows": rows, "settings": settings}


def test_means_have_the_standard_error_of_networks():
    found = means_by([row for row in result()["rows"] if row["method"] == "nmf"][::2], "recall")
    assert list(found) == [0.5, 2.0]
    assert found[0.5] == pytest.approx((0.7, 0.1)) and found[2.0] == pytest.approx((0.2, 0.1))
    assert means_by([{"distance": 1, "recall": 0.5}], "recall") == {1.0: (0.5, 0.0)}
    assert means_by([{"distance": 1, "recall": None}], "recall") == {}


def test_every_method_has_a_line_and_chance_one():
    figure = recovery_figure(result())
    for ax, z in zip(figure.axes, (1, 2), strict=True):
        lines = {bars.get_label(): bars[0] for bars in ax.containers}
        assert set(lines) == {"probes (told)", "nmf"}
        np.testing.assert_allclose(lines["nmf"].get_xydata(), [[0.5, 0.7 / z], [2.0, 0.2 / z]])
        (chance,) = (line for line in ax.lines if line.get_label() == "random answer")
        np.testing.assert_allclose(np.asarray(chance.get_ydata(), float), 0.015)
        assert f"z = {z}" in ax.get_title() and f"{50 / z:.0f}" in ax.get_title()
        # The seizure stands where T = T_c.
        assert any(set(np.ravel(line.get_xdata())) == {1} for line in ax.lines)
