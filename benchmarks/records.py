"""The one form of everything that is timed: rows, fits and checks, with where they come from."""

import os
import platform
import re
from contextlib import contextmanager
from datetime import datetime, UTC
from pathlib import Path
from time import perf_counter

import msgspec
from jaxsuper import Configuration, environment
from jaxsuper._files import written_whole


SCHEMA = "jaxsuper-benchmark/1"
RESULTS = Path(__file__).parent / "results"
Number = float | int


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a network is and how many samples it sees, in letters; the published choice otherwise."""

    D: int = 2000
    T: int = 2000
    S: int = 6
    L: int = 4
    z: int = 3
    batch: int = 500
    precision: str = "highest"

    def configuration(self, seed: int) -> Configuration:
        """Return the settings as the library takes them."""
        return Configuration(
            network_width=self.D,
            n_circuits=self.T,
            redundancy=self.S,
            n_active=self.z,
            n_layers=self.L,
            batch_size=self.batch,
            precision=self.precision,
            seed=seed,
        )


class Row(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One thing measured.

    Attributes:
        section: of the suite.
        name: what ran.
        setting: of the network, if it is one network's.
        seconds: the fastest turn.
        median: of all turns, in seconds.
        turns: how many there were.
        peer: name of the row of this section and setting that took turns with it.
        ratio: fastest turn over the peer's.
        ratio_paired: median of the ratios of single turns.
        processor: seconds of all cores at work, the least of any turn; of a CPU alone.
        ratio_processor: over the peer's, which other work on the machine disturbs least.
        bytes, flops: what it has to move and to compute, counted on paper.
        share: of the device's peak: the least time for those bytes and operations, over `seconds`.
        rate: per second: bytes, operations or configurations, as `unit` says.
        unit: of `rate`.
        memory: bytes, of a compiled program (arguments, results, temporaries) or of a process.
        estimate: bytes by the library's own estimate.
        figures: anything else, by name.
    """

    section: str
    name: str
    setting: Setting | None = None
    seconds: float | None = None
    median: float | None = None
    turns: int | None = None
    peer: str | None = None
    ratio: float | None = None
    ratio_paired: float | None = None
    processor: float | None = None
    ratio_processor: float | None = None
    bytes: float | None = None
    flops: float | None = None
    share: float | None = None
    rate: float | None = None
    unit: str | None = None
    memory: float | None = None
    estimate: float | None = None
    figures: dict[str, Number] = {}


class Fit(msgspec.Struct, forbid_unknown_fields=True):
    """A power law through rows of one name.

    Attributes:
        name: of the rows.
        quantity: "seconds" or "memory".
        along: which sizes grow.
        sizes: their values.
        values: what was measured there.
        exponent: of the least squares line through the logarithms.
        stderr: of it, None for two points.
        last: exponent between the two largest sizes alone.
    """

    name: str
    quantity: str
    along: str
    sizes: list[int]
    values: list[float]
    exponent: float
    stderr: float | None
    last: float


class Check(msgspec.Struct, forbid_unknown_fields=True):
    """What had to agree: how far off the worst was, in units of the tolerance or as a note."""

    name: str
    passed: bool
    worst: float
    tolerance: str
    note: str = ""


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """A run of a command of this folder.

    Attributes:
        command: that makes it.
        quick: whether smaller sizes ran.
        seed: of all networks.
        started: date and time, UTC.
        environment: versions, device, precision.
        processor, load_before, load_after: of the machine; load averages over 1, 5, 15 minutes.
        rows, fits, checks: the results.
        wall_seconds: from start to end.
        schema: of this form.
    """

    command: str
    quick: bool
    seed: int
    started: str
    environment: dict[str, str | int]
    processor: str
    load_before: list[float]
    load_after: list[float] = []
    rows: list[Row] = []
    fits: list[Fit] = []
    checks: list[Check] = []
    wall_seconds: float = 0.0
    schema: str = SCHEMA

    def find(self, section: str, name: str, **setting: int | str) -> Row:
        """Return the only row of that name and setting.

        Raises:
            LookupError: unless there is exactly one.
        """
        found = [
            row
            for row in self.rows
            if (row.section, row.name) == (section, name)
            and all(getattr(row.setting, key) == value for key, value in setting.items())
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} rows {section}/{name} with {setting}")
        return found[0]

    @property
    def failed(self) -> list[Check]:
        """Checks that did not pass."""
        return [check for check in self.checks if not check.passed]


def _processor() -> str:
    """Return the name of the processor, or the machine's kind where it has none."""
    try:
        names = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _load() -> list[float]:
    return [round(value, 2) for value in os.getloadavg()]


@contextmanager
def recording(command: str, quick: bool, seed: int):
    """Yield a record to fill; what brackets a run is filled in."""
    started = perf_counter()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    made = {name: value for name, value in environment().items()}
    record = Record(command, quick, seed, now, made, _processor(), _load())
    yield record
    record.load_after = _load()
    record.wall_seconds = round(perf_counter() - started, 1)


def device_name(record: Record) -> str:
    """Return the device as part of a file's name."""
    words = re.sub(r"[^a-z0-9]+", "-", str(record.environment["device"]).lower()).strip("-")
    count = record.environment["n_devices"]
    return words if count == 1 else f"{words}-x{count}"


def write(record: Record, path: Path) -> None:
    """Write a record as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(rounded(record)), indent=1)
    with written_whole(path) as partial:
        Path(partial).write_bytes(text + b"\n")


def rounded(record: Record) -> Record:
    """Return the record with numbers to six digits, more than any timing has."""

    def short(value):
        if isinstance(value, float):
            return float(f"{value:.6g}")
        if isinstance(value, dict):
            return {name: short(inner) for name, inner in value.items()}
        return [short(inner) for inner in value] if isinstance(value, list) else value

    return msgspec.convert(short(msgspec.to_builtins(record)), Record)


def load(path: Path) -> Record:
    """Read a record.

    Raises:
        msgspec.ValidationError: if the file is of another form.
    """
    record = msgspec.json.decode(path.read_bytes(), type=Record)
    if record.schema != SCHEMA:
        raise msgspec.ValidationError(f"schema must be {SCHEMA}, got {record.schema}")
    return record
