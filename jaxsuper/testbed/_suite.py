"""The fixed suite of exported networks: what is in it, where the sizes came from, and how it is built.

`suite_v1.json` holds the settings of version 1, frozen: they never change. They came from `derive`,
which asks the theory for T_c (`critical_of`), and rounds; a later theory may give others, and would then
be a suite of another version.

    rotations   small (D = 200), middle (1000) and large (4000; z = 2 alone), three designs, z = 1, 2, 4,
                five distances T/T_c
    programs    small and middle, tuned, z = 1, 2: every circuit hands on to the next, so that there are
                paths of one, two and three edges; T_c is that of as many edges
    trained     small networks trained on Boolean functions, small and middle, tuned, z = 1
    request     two networks that compute more than they have neurons for, and better than the naive
                baseline, in four layers: what goodfire-ai/spd asks for in its issue 20

Designs: "published" (prime steps, thresholds .25/.75; S = 6, and 3 at D = 200, whose blocks hold 21 sets
of 6), "tuned" (lines, S = 3, .6/.9) and "private", which has no seizure: it holds as many circuits as the
tuned design of that size, z and distance, as a control.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import msgspec

from .._arrays import root_key
from .._errors import bad, check
from .._settings import Configuration, IDENTITY
from ..circuits import save_layers
from ..simulation import capacity_of, prepare
from ..training import boolean_tasks, train_small
from ._export import export
from ._format import Config
from ._measured import critical_of
from ._read import read_export


VERSION = 1
_FILE, _TRAINED = f"suite_v{VERSION}.json", f"suite_v{VERSION}_trained.safetensors"
_SIZES = {"small": 200, "middle": 1000, "large": 4000}
_DISTANCES = (0.5, 0.75, 1.0, 1.3, 1.75)
_LAYERS = 4
_SAMPLES = {"small": 10_000, "middle": 4000, "large": 1000}
_TUNED = {"allocation": "transversal", "redundancy": 3}
_TUNED |= {"lower_threshold": 0.6, "upper_threshold": 0.9}
# Stands for the file of trained circuits, wherever the package lies.
_OWN_CIRCUITS = "trained"
_SEED = 20
# Layers of trained circuits, and how many there are to draw from.
_DEPTH, _POOL = 3, 96


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One network of the suite.

    Attributes:
        name: of its folder.
        settings: what differs from the defaults of `Configuration`.
        n_samples: to export.
        critical: T_c, as theory had it when the suite was made; None if it says nothing.
        distance: T/T_c that was aimed at.
        ends_by: what ends quiet work at T_c.
    """

    name: str
    settings: dict[str, Any]
    n_samples: int
    critical: float | None = None
    distance: float | None = None
    ends_by: str = ""

    def configuration(self) -> Configuration:
        """Return its settings."""
        return _configuration(self.settings)


def _configuration(settings: dict[str, Any]) -> Configuration:
    given = dict(settings)
    if given.get("circuit") == _OWN_CIRCUITS:
        given["circuit"] = str(trained_circuits())
    return Configuration(**given)


def _own() -> Any:
    return resources.files(__name__.rpartition(".")[0])


def trained_circuits() -> Path:
    """Return the file of the suite's trained circuits, for `--circuit`."""
    return Path(str(_own() / _TRAINED))


@cache
def suite() -> tuple[Entry, ...]:
    """Return the networks of the suite, as they are frozen."""
    text = (_own() / _FILE).read_bytes()
    return tuple(msgspec.json.decode(text, type=list[Entry]))


def chosen(only: Sequence[str] = ()) -> tuple[Entry, ...]:
    """Return the networks whose names begin with one of some words; all without any.

    Raises:
        ValueError: for a word that no name begins with.
    """
    for word in only:
        known = any(entry.name.startswith(word) for entry in suite())
        kinds = ", ".join(dict.fromkeys(entry.name.split("-")[0] for entry in suite()))
        check(known, "only", f"must begin names of the suite, {kinds}-...", repr(word))
    return tuple(e for e in suite() if not only or e.name.startswith(tuple(only)))


def export_entry(entry: Entry, folder: Path, **options: Any) -> Config:
    """Build one network of the suite and export it.

    Args:
        entry: which.
        folder: its own.
        **options: `draw` and `progress`, as of `export`.
    """
    settings = entry.configuration()
    return export(
        prepare(settings),
        folder,
        n_active=settings.n_active,
        n_samples=entry.n_samples,
        seed=settings.seed,
        settings=settings,
        **options,
    )


def finished(entry: Entry, folder: Path) -> bool:
    """Return whether a folder holds this network, finished; what is of other settings is not."""
    try:
        config = read_export(folder).config
    except ValueError:
        return False
    return config.settings == asdict(entry.configuration()) and config.n_samples == entry.n_samples


def _request(name: str, width: int, count: int, construction: str) -> Entry:
    """Return a network that answers the request: lines, S = 4, thresholds .55/.9, two circuits at once."""
    sizes = {"network_width": width, "n_circuits": count, "redundancy": 4, "n_active": 2}
    steps = {"n_layers": _LAYERS, "lower_threshold": 0.55, "upper_threshold": 0.9, "seed": _SEED}
    kind = {"construction": construction, "allocation": "transversal"}
    return Entry(name, {**sizes, **steps, **kind}, _SAMPLES["middle"])


_REQUESTS = (
    _request("request-spd-20", 1600, 800, "cleaned"),
    _request("request-spd-20-clipped", 1960, 980, "clipped"),
)


def _design(name: str, size: str) -> dict[str, Any]:
    """Return the settings of a design."""
    if name == "tuned":
        return dict(_TUNED)
    if name == "private":
        own = {"construction": "private", "circuit": "rotation3", "gate_bias": 4.0}
        return own | {"allocation": "transversal", "redundancy": 4 if size == "small" else 6}
    return {"redundancy": 3 if size == "small" else 6}


def _entry(name: str, size: str, z: int, distance: float, kind: str, **own: Any) -> Entry:
    """Return a network at a distance; private ones with as many circuits as the tuned design."""
    start = {"network_width": _SIZES[size], "n_layers": _LAYERS, "n_active": z, "seed": _SEED} | own
    fewest = {"n_circuits": 2 * z + 2}
    seizing = "tuned" if kind == "private" else kind
    critical, ends_by = _critical(_configuration(start | _design(seizing, size) | fewest), z)
    made = start | _design(kind, size)
    most = capacity_of(_configuration(made | fewest))
    wanted = round(distance * critical)
    made["n_circuits"] = max(min(wanted, most or wanted), 2 * z + 2)
    if kind == "private":
        return Entry(name, made, _SAMPLES[size], distance=distance)
    return Entry(name, made, _SAMPLES[size], round(critical, 1), distance, ends_by)


@cache
def _critical(theory: Configuration, z: int) -> tuple[float, str]:
    """Return T_c and what ends quiet work there; of a program, that of as many edges."""
    found = critical_of(replace(theory, edges=IDENTITY), z)
    if found is None:
        raise bad("theory", "must say where it seizes", theory)
    return float(found.n_circuits), found.ends_by


def derive() -> Iterator[Entry]:
    """Yield the networks of the suite from the theory, as version 1 was made."""
    tag = lambda distance: f"d{round(100 * distance):03d}"
    for size, design in ((s, d) for s in _SIZES for d in ("published", "tuned", "private")):
        for z in (2,) if size == "large" else (1, 2, 4):
            for distance in _DISTANCES:
                yield _entry(f"{size}-{design}-z{z}-{tag(distance)}", size, z, distance, design)
    for size in ("small", "middle"):
        for z in (1, 2):
            for distance in _DISTANCES:
                name = f"program-{size}-z{z}-{tag(distance)}"
                yield _entry(name, size, z, distance, "tuned", edges="relay")
    for size, width in (("small", 204), ("middle", 1002)):
        own = {"circuit": _OWN_CIRCUITS, "network_width": width, "n_layers": _DEPTH}
        for distance in _DISTANCES:
            name = f"trained-{size}-z1-{tag(distance)}"
            yield _entry(name, size, 1, distance, "tuned", **own)
    yield from _REQUESTS


def train_circuits(path: Path) -> None:
    """Train the circuits of version 1: Boolean functions of three bits, four neurons in a layer.

    Training is not the same to the last bit on other machines: the file is frozen too.

    Args:
        path: to write to.
    """
    keys = jax.random.split(root_key(_SEED))
    tasks = boolean_tasks(_POOL, 3, key=keys[0])
    hidden = (4,) * (_DEPTH - 1)
    made = train_small(tasks.inputs, tasks.targets, hidden, key=keys[1], noise=0.1)
    save_layers(path, made.layers, tasks.inputs)
