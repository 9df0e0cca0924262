"""What every device has to reproduce: integers bit for bit, metrics within a stated tolerance.

A case is one network with one batch. Its figures, recorded on a CPU, are
benchmarks/results/reference-cpu.json (`python -m benchmarks.device --record`).
"""

from hashlib import sha256
from pathlib import Path
from typing import Any

import jax
import msgspec
import numpy as np
from jaxsuper import dense_layers, environment, Measurement, simulate
from jaxsuper._files import written_whole
from jaxsuper.simulation import network_keys, parts_of, prepare, samples_key

from benchmarks.cases import inputs_of
from benchmarks.records import Check, RESULTS, Setting


PATH = RESULTS / "reference-cpu.json"
CASES = (
    Setting(D=400, T=150, S=4, L=3, z=2),
    Setting(D=1000, T=557, L=5),
    Setting(D=2000, T=2000),
)
# Of metrics: relative, and what is added where a metric is 0 or a sum of rounding errors alone.
RELATIVE, ABSOLUTE = 1e-4, 1e-6
# Shares count indicators above 1/2 and neurons above 1e-4, of which a few may lie on the edge.
SHARE_ABSOLUTE = 1e-3
# At lower precision: of the standard error over samples.
OF_STDERR = 0.1


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """Figures of one network.

    Attributes:
        setting: of the network.
        hashes: SHA-256 of integers, by name.
        names: of the metrics.
        mean: (L, M).
        stderr: (L, M), over samples.
    """

    setting: Setting
    hashes: dict[str, str]
    names: list[str]
    mean: list[list[float | None]]
    stderr: list[list[float | None]]


class Reference(msgspec.Struct, forbid_unknown_fields=True):
    """Cases, and where they were recorded."""

    seed: int
    environment: dict[str, str | int]
    cases: list[Case]


def _hash(values: Any) -> str:
    """Return the SHA-256 of an integer array's shape and little-endian values."""
    whole = np.ascontiguousarray(np.asarray(values))
    if whole.dtype == bool:
        whole = whole.astype(np.uint8)
    if not np.issubdtype(whole.dtype, np.integer):
        raise TypeError(f"hashes are of integers, got {whole.dtype}")
    text = f"{whole.shape}".encode() + whole.astype(whole.dtype.newbyteorder("<")).tobytes()
    return sha256(text).hexdigest()


def hashes_of(setting: Setting, seed: int) -> dict[str, str]:
    """Return hashes of the wiring, the keys and the active circuits of a network."""
    configuration = setting.configuration(seed)
    network = prepare(configuration)
    allocation = parts_of(configuration).allocation
    (inputs,) = inputs_of(network, setting)
    keys = jax.random.key_data(network_keys(seed, configuration.network))
    integers = {
        "allocation": allocation.sets,
        "wiring": network.placement.sets,
        "members": network.placement.members,
        "connected": network.connected,
        "keys": keys,
        "active": inputs.active,
    }
    return {name: _hash(values) for name, values in integers.items()}


def measured(setting: Setting, seed: int, *, dense: bool = False) -> Measurement:
    """Simulate a case, structured or with its matrices."""
    configuration = setting.configuration(seed)
    network = prepare(configuration)
    matrices = dense_layers(network) if dense else None
    key = samples_key(configuration)
    return simulate(network, setting.z, setting.batch, key=key, dense=matrices)


def case_of(setting: Setting, seed: int) -> Case:
    """Return the figures of a case on this device."""
    found = measured(setting, seed)
    finite = lambda table: [[v if np.isfinite(v) else None for v in row] for row in table.tolist()]
    names = list(found.names)
    return Case(setting, hashes_of(setting, seed), names, finite(found.mean), finite(found.stderr))


def compare_integers(expected: Case, found: dict[str, str]) -> Check:
    """Hold hashes against the recorded ones."""
    different = sorted(k for k, v in expected.hashes.items() if found.get(k) != v)
    note = (
        f"differ: {', '.join(different)}" if different else f"{len(expected.hashes)} hashes equal"
    )
    name = f"integers {label(expected.setting)}"
    return Check(name, not different, float(len(different)), "identical", note)


def compare_metrics(expected: Case, found: Measurement, name: str, exact: bool = True) -> Check:
    """Hold metrics of a device against those recorded.

    Args:
        expected: recorded.
        found: measured.
        name: what was run.
        exact: at full precision; else errors are held against the standard error over samples.

    Returns:
        The check; `worst` is in units of the tolerance.
    """
    mean = np.array(expected.mean, float)
    if tuple(expected.names) != found.names or mean.shape != found.mean.shape:
        raise ValueError(f"metrics of {label(expected.setting)} are not those recorded")
    shares = np.char.startswith(np.array(expected.names), "frac_")
    if exact:
        allowed = ABSOLUTE + RELATIVE * np.abs(mean) + SHARE_ABSOLUTE * shares
        tolerance = f"{ABSOLUTE:g} + {RELATIVE:g} of x, shares {SHARE_ABSOLUTE:g}"
    else:
        allowed = ABSOLUTE + OF_STDERR * np.array(expected.stderr, float)
        allowed = allowed + SHARE_ABSOLUTE * shares
        tolerance = f"{ABSOLUTE:g} + {OF_STDERR:g} standard errors, shares {SHARE_ABSOLUTE:g}"
    off = np.abs(np.asarray(found.mean, float) - mean) / allowed
    # What is no number has to be none on both sides.
    off = np.where(np.isnan(mean) & np.isnan(found.mean), 0.0, off)
    layer, metric = np.unravel_index(np.argmax(np.nan_to_num(off, nan=np.inf)), off.shape)
    worst = float(off[layer, metric])
    note = f"{expected.names[metric]} at layer {layer + 1}"
    passed = bool(worst <= 1)
    if not np.isfinite(worst):
        worst, note = 1e9, note + ", not a number"
    return Check(f"metrics {label(expected.setting)}, {name}", passed, worst, tolerance, note)


def label(setting: Setting) -> str:
    """Return a setting in short."""
    return f"D = {setting.D}, T = {setting.T}, z = {setting.z}"


def record_reference(seed: int, path: Path = PATH) -> Reference:
    """Measure all cases and write them.

    Raises:
        RuntimeError: on another device than a CPU.
    """
    if jax.default_backend() != "cpu":
        raise RuntimeError("the reference is recorded on a CPU")
    made = {name: value for name, value in environment().items()}
    reference = Reference(seed, made, [case_of(setting, seed) for setting in CASES])
    text = msgspec.json.format(msgspec.json.encode(reference), indent=0)
    with written_whole(path) as partial:
        partial.write_bytes(text + b"\n")
    return reference


def load_reference(path: Path = PATH) -> Reference:
    """Read the recorded cases."""
    return msgspec.json.decode(path.read_bytes(), type=Reference)
