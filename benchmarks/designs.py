"""The designs that `record_designs` measures: changes of the published one, and the targets."""

from dataclasses import dataclass
from typing import Any


# D, T, L of the headline; everything else is the published choice unless a change says otherwise.
BASE: dict[str, Any] = {"network_width": 1000, "n_circuits": 557, "redundancy": 6, "n_layers": 5}
LINES: dict[str, Any] = {"allocation": "transversal"}
CARRIED: dict[str, Any] = {"indicator": "carried", "circuit": "rotation3", **LINES}
GUESSED: dict[str, Any] = {**CARRIED, "indicator": "early-guess"}
PRIVATE: dict[str, Any] = {
    "construction": "private",
    "circuit": "rotation3",
    "gate_bias": 10.0,
    "network_width": 999,
    **LINES,
}


@dataclass(frozen=True)
class Change:
    """One row: a name, the kind of change, and the settings that differ from `BASE`.

    Attributes:
        name: unique.
        group: of the table.
        settings: of `Experiment`.
        random_lines: take a random subset of the lines over GF(41) instead of whole classes.
        active: the z to measure.
    """

    name: str
    group: str
    settings: dict[str, Any]
    random_lines: bool = False
    active: tuple[int, ...] = (1, 2, 3)


def _thresholds(lower: float, upper: float) -> dict[str, Any]:
    return {"lower_threshold": lower, "upper_threshold": upper}


def _own(redundancy: int, own: int, share: float, copies: int = 1, **more: Any) -> dict[str, Any]:
    """Return settings of indicators with neurons of their own."""
    return {
        "redundancy": redundancy,
        "indicator_redundancy": own,
        "indicator_share": share,
        "indicator_copies": copies,
        **more,
    }


def single_changes() -> list[Change]:
    """Return the published design and everything that changes one thing in it."""
    rows = [Change("published", "published", {})]
    rows.append(Change("transversal, whole classes", "allocation", LINES))
    rows.append(Change("transversal, random lines", "allocation", LINES, random_lines=True))
    even = {"allocation": "balanced-prime-steps"}
    rows.append(Change("prime steps, S = 5, even loads", "allocation", {"redundancy": 5, **even}))
    rows.append(Change("chi per neuron", "inhibition", {"inhibition": "receiver"}))
    rows.append(Change("chi factor 1.2", "inhibition", {"inhibition_factor": 1.2}))
    for S in (2, 3, 4, 5, 8):
        rows.append(Change(f"prime steps, S = {S}", "redundancy", {"redundancy": S}))
    for S in (2, 3, 4, 5, 8, 10, 12):
        rows.append(Change(f"transversal, S = {S}", "redundancy", {"redundancy": S, **LINES}))
    for lower, upper in ((0.4, 0.8), (0.5, 0.9), (0.6, 0.9)):
        name = f"thresholds {lower:g}/{upper:g}"
        rows.append(Change(name, "thresholds", _thresholds(lower, upper)))
    for b in (0.25, 0.5, 2.0):
        rows.append(Change(f"b = {b:g}", "gate bias", {"gate_bias": b}))
    return rows


def indicator_changes() -> list[Change]:
    """Return indicators with neurons of their own: shares, S, copies; carried, guessed, private."""
    rows = []
    for share in (0.4, 0.5, 0.6):
        settings = _own(6, 6, share, **LINES)
        rows.append(Change(f"own indicator, share {share:g}", "own indicator", settings))
    settings = _own(3, 6, 0.5, **LINES)
    rows.append(Change("own indicator, S = 6, payload 3", "own indicator", settings))
    own = [(CARRIED, "carried", 6, 1 / 3, 1.0), (CARRIED, "carried", 3, 0.5, 0.5)]
    for scheme, label, S, share, b in (*own, (GUESSED, "early guess", 3, 0.5, 0.5)):
        settings = _own(S, 6, share, gate_bias=b, **scheme)
        name = f"{label}, S = 6, payload {S}, share {share:.2g}, b = {b:g}"
        rows.append(Change(name, label, settings))
    settings = _own(2, 8, 0.3, gate_bias=0.5, **CARRIED)
    rows.append(Change("carried, S = 8, payload 2, share 0.3, b = 0.5", "carried", settings))
    settings = _own(3, 3, 0.5, 2, gate_bias=0.5, **CARRIED)
    rows.append(Change("carried, 2 of S = 3, payload 3, b = 0.5", "carried", settings))
    for S in (6, 8):
        rows.append(Change(f"private, S = {S}", "private", {"redundancy": S, **PRIVATE}))
    # Copies on the same neurons as one indicator of the same total redundancy.
    settings = _own(3, 3, 0.5, 2, **LINES)
    rows.append(Change("2 indicators of S = 3, payload 3", "copies", settings))
    # Copies that take blocks of their own, at the cost of the width of all blocks.
    for copies in (1, 2, 3):
        settings = _own(5, 5, copies / (copies + 1), copies, **LINES)
        rows.append(
            Change(f"{copies} x S = 5, blocks {1000 // (2 + 2 * copies)}", "copies", settings)
        )
    return rows


def combinations() -> list[Change]:
    """Return several changes of the published design together."""
    together: dict[str, dict[str, Any]] = {
        "transversal, chi per neuron": {"inhibition": "receiver", **LINES},
        "S = 3, .6/.9": {"redundancy": 3, **_thresholds(0.6, 0.9)},
        "transversal, S = 3, .6/.9": {
            "redundancy": 3,
            **_thresholds(0.6, 0.9),
            **LINES,
        },
        "transversal, S = 4, .5/.9, b = 0.5": {
            "redundancy": 4,
            **_thresholds(0.5, 0.9),
            "gate_bias": 0.5,
            **LINES,
        },
        "own indicator S = 6, payload 3, .5/.9, b = 0.5": _own(
            3, 6, 0.5, **_thresholds(0.5, 0.9), gate_bias=0.5, **LINES
        ),
    }
    rows = [Change(name, "together", settings) for name, settings in together.items()]
    # Twice as many layers for the same rotations.
    clean = {"construction": "cleaned"}
    rows.append(Change("clean-up layers", "clean-up", clean))
    settings = {"redundancy": 3, **_thresholds(0.4, 0.7), **LINES, **clean}
    rows.append(Change("clean-up layers, transversal, S = 3, .4/.7", "clean-up", settings))
    return rows


def targets() -> list[Change]:
    """Return what a design has to reach: T = 557, ten layers, and T up to 1700."""
    best = {"redundancy": 6, **PRIVATE}
    deep = {"n_layers": 10}
    rows = [
        Change("private, T = 557", "target", best),
        Change("private, L = 10", "ten layers", {**best, **deep}),
        Change("published, L = 10", "ten layers", deep),
    ]
    for T in (300, 400, 800):
        rows.append(Change(f"published, T = {T}", "more circuits", {"n_circuits": T}))
    for T in (1000, 1700):
        rows.append(Change(f"private, T = {T}", "more circuits", {"n_circuits": T, **best}))
    many = {"n_circuits": 1700}
    rows.append(Change("prime steps, S = 4, T = 1700", "more circuits", {**many, "redundancy": 4}))
    settings = {**many, **_own(3, 6, 0.5, gate_bias=0.5, **CARRIED)}
    rows.append(Change("carried, T = 1700", "more circuits", settings))
    rows.append(Change("transversal, T = 1700", "more circuits", {**many, **LINES}))
    return rows
