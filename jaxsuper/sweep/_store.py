"""The results store: a directory of parquet parts and a manifest, safe to share and to interrupt.

    DIR/manifest.json                  the format of the store; what older ones mean is read, not added to
    DIR/parts/part-<hash>.parquet      rows; the name is the hash of the bytes
    DIR/parts/*.set-aside              parts that were torn or foreign, kept but not read

A part is written beside its place, synced and renamed, so it is there whole or not at all; what
was cut off or altered later does not match its name. Rows are appended under a lock, after a look
at what others have written, so no configuration is there twice.
"""

import fcntl
import hashlib
import io
import json
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TYPE_CHECKING

import msgspec

from .._errors import check, check_kind
from .._files import remove_abandoned, written_whole
from .._reading import from_json, shown
from .._repr import html_table
from .._settings import IDENTITY
from ._identity import field_types


if TYPE_CHECKING:
    import polars

# Raised when columns, their meaning or the random streams change: then old rows are not comparable.
FORMAT = 2
# Formats that are read, with what they mean otherwise. None is added to, since the half that is new
# could not be told from the half that is old, and a rule that was given up would have to be kept.
_OLDER = {1: "rounding decided whether an indicator of 1/2 counts as above it"}
_MANIFEST, _PARTS, _ENDING = "manifest.json", "parts", ".set-aside"
# Parts whose ids are read at once: many side by side, in bounded memory.
_AT_ONCE = 64
_CODE_OF = {int: "Int64", float: "Float64", str: "String"}
# Columns besides the settings: the failure is empty for a measured row, the measured columns are
# for a failed configuration.
_MEASURED = {
    "layer": "Int64",
    "metric": "String",
    "value": "Float64",
    "stderr": "Float64",
    "failure": "String",
    "wall_time": "Float64",
}
# Settings that older parts do not have, with what they were then.
_LATER = {"edges": IDENTITY}
_MADE_WITH = ("jaxsuper", "jax", "platform", "device", "dtype")


class _Manifest(msgspec.Struct):
    """What the manifest of any format holds; the format may be anything, to be named."""

    format: Any


def schema() -> dict[str, Any]:
    """Return the columns of the table with their polars types, in order."""
    import polars

    names = {"config_id": "String"}
    names.update({name: _CODE_OF[kind] for name, kind in field_types().items()})
    names.update(_MEASURED)
    names.update(dict.fromkeys(_MADE_WITH, "String"))
    return {name: getattr(polars, code) for name, code in names.items()}


class Store:
    """A results store that is open for reading and appending."""

    def __init__(self, folder: Path, read_only: bool = False):
        """Open a store, making it if it is not there.

        Args:
            folder: the directory.
            read_only: neither make nor change anything; parts that cannot be trusted are left out.

        Raises:
            ValueError: if the directory cannot be written to, is no store, or is one of another
                format; older ones can be read.
        """
        self.folder, self.read_only = Path(folder), read_only
        # Parts that can be trusted, and whether there may be failures in them.
        self._known: dict[Path, bool] = {}
        self._finished: set[str] = set()
        manifest = self.folder / _MANIFEST
        if not manifest.exists():
            check(not read_only, "out", "must be a results store", folder)
            self._make()
        self._check_manifest(manifest)
        if not read_only:
            self._check_writable()
            remove_abandoned(self.folder, below=True)

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r}, {self._n_parts} parts{', read only' * self.read_only})"

    def _repr_html_(self) -> str:
        rows = [["folder", str(self.folder)], ["parts", str(self._n_parts)]]
        return html_table("Store", ["field", "value"], [*rows, ["read only", str(self.read_only)]])

    @property
    def _n_parts(self) -> int:
        return sum(1 for _ in self.parts.glob("*.parquet")) if self.parts.is_dir() else 0

    @staticmethod
    def is_at(folder: Path) -> bool:
        """Return whether there is a store at a path, of whatever format."""
        return (Path(folder) / _MANIFEST).exists()

    @property
    def parts(self) -> Path:
        """Where the parts are."""
        return self.folder / _PARTS

    def _make(self) -> None:
        rule = "must be a new, empty or existing store"
        check(not self.folder.exists() or self.folder.is_dir(), "out", rule, self.folder)
        foreign = self.folder.is_dir() and any(
            not path.name.startswith(".") and path.name not in (_PARTS, _MANIFEST)
            for path in self.folder.iterdir()
        )
        check(not foreign, "out", rule, f"{self.folder}, which holds other files")
        try:
            self.parts.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"format": FORMAT, "made_by": "jaxsuper sweep"}, indent=1) + "\n"
            _write_whole(self.folder / _MANIFEST, text.encode())
        except OSError as error:
            reason = error.strerror or str(error)
            raise ValueError(f"`out` must be writable, got {self.folder}; {reason}") from None

    def _check_manifest(self, manifest: Path) -> None:
        try:
            found = from_json(_Manifest, manifest.read_bytes(), _MANIFEST).format
        except OSError as error:
            reason = error.strerror or str(error)
            raise ValueError(f"`out` must hold a readable {_MANIFEST}: {reason}") from None
        except ValueError as error:
            raise ValueError(f"`out` must hold a readable {_MANIFEST}: {error}") from None
        remedy = "use another directory, or the version of jaxsuper that made it"
        whole = type(found) is int
        if whole and found in _OLDER:
            remedy = f"there {_OLDER[found]}: it can be read, not added to; {remedy}"
        right = whole and (found == FORMAT or self.read_only and found in _OLDER)
        check(right, "out", f"must be a store of format {FORMAT}", shown(found), remedy)
        self.format = found

    def _check_writable(self) -> None:
        probe = self.parts / f".probe.{os.getpid()}"
        try:
            self.parts.mkdir(exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ValueError(f"`out` must be writable, got {self.folder}; {reason}") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.folder / ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _trusted(self) -> list[Path]:
        """Return the parts that can be trusted, and note the ids in new ones; set the others aside."""
        new = []
        for path in sorted(self.folder.rglob("*.parquet")):
            if path in self._known:
                continue
            reason = _fault(path)
            if not reason:
                new.append(path)
                continue
            if self.read_only:
                warnings.warn(f"left out {path}: {reason}", stacklevel=3)
                continue
            path.rename(path.with_name(path.name + _ENDING))
            warnings.warn(f"set aside {path} as {path.name}{_ENDING}: {reason}", stacklevel=3)
        self._read(new)
        return list(self._known)

    def _read(self, paths: list[Path]) -> None:
        """Note the ids in new parts, and which of these parts hold failures."""
        import polars

        ids, failure = polars.col("config_id"), polars.col("failure")
        wanted = ids.unique().implode(), failure.is_not_null().any().alias("failed")
        for start in range(0, len(paths), _AT_ONCE):
            some = paths[start : start + _AT_ONCE]
            found = _scanned(some).select(*wanted).collect()
            self._finished.update(found["config_id"][0])
            self._known.update(dict.fromkeys(some, bool(found["failed"][0])))

    def finished(self) -> set[str]:
        """Return the ids of the configurations that need not be run again."""
        self._trusted()
        return set(self._finished)

    def failures(self) -> dict[str, str]:
        """Return the configurations that failed, by id, with the reason."""
        import polars

        found: dict[str, str] = {}
        for path in [path for path in self._trusted() if self._known[path]]:
            failed = _scanned([path]).filter(polars.col("failure").is_not_null())
            found.update(failed.select("config_id", "failure").collect().iter_rows())
        return found

    def append(self, frame: "polars.DataFrame") -> int:
        """Write rows as a new part, unless others have written the same configurations meanwhile.

        Args:
            frame: rows of whole configurations, with the columns of `schema`.

        Returns:
            How many configurations were written.

        Raises:
            OSError: if the part cannot be written; then nothing is left behind.
        """
        import polars

        with self._locked():
            self._trusted()
            ids = set(frame["config_id"].unique())
            new = frame.filter(~polars.col("config_id").is_in(list(ids & self._finished)))
            if new.is_empty():
                return 0
            self._write(new)
            written = ids - self._finished
            self._finished |= written
            return len(written)

    def _write(self, frame: "polars.DataFrame") -> None:
        """Write a part and trust it."""
        buffer = io.BytesIO()
        frame.select(list(schema())).write_parquet(buffer, compression="zstd")
        path = self.parts / _name_of(buffer.getvalue())
        _write_whole(path, buffer.getvalue())
        self._known[path] = frame["failure"].null_count() < len(frame)

    def discard_failures(self) -> int:
        """Forget failed configurations, so that they are run again; return how many there were."""
        import polars

        count = 0
        with self._locked():
            for path in self._trusted():
                frame = _scanned([path]).collect()
                good = frame.filter(polars.col("failure").is_null())
                if len(good) == len(frame):
                    continue
                count += frame.filter(polars.col("failure").is_not_null())["config_id"].n_unique()
                if len(good):
                    self._write(good)
                path.unlink()
            # What is left is found again.
            self._known.clear()
            self._finished.clear()
        return count

    def table(self) -> "polars.DataFrame":
        """Return all rows, each configuration once, in the order of ids, layers and metrics."""
        import polars

        parts = sorted(self._trusted(), key=lambda path: path.name)
        if not parts:
            return polars.DataFrame(schema=schema())
        seen: set[str] = set()
        frames = []
        for path in parts:
            frame = _scanned([path]).collect()
            frames.append(frame.filter(~polars.col("config_id").is_in(list(seen))))
            seen.update(frame["config_id"].unique())
        return polars.concat(frames).sort("config_id", "layer", "metric", nulls_last=True)


def read_store(folders: Path | Iterable[Path]) -> "polars.DataFrame":
    """Return the rows of one or several stores as one table, each configuration once.

    Args:
        folders: directories of stores; parts that cannot be trusted are left out with a warning.

    Returns:
        The table; see `schema`.

    Raises:
        ValueError: if a directory is no store of this format or an older one, or they are of
            different formats, whose rows are not comparable.
    """
    import polars

    check_kind("folders", folders, Path, str, list, tuple)
    several = [folders] if isinstance(folders, str | Path) else list(folders)
    check(len(several) > 0, "folders", "must name at least one", "none")
    stores = [Store(Path(folder), read_only=True) for folder in several]
    formats = sorted({store.format for store in stores})
    rule, got = "must be stores of one format", " and ".join(map(str, formats))
    check(len(formats) == 1, "folders", rule, got, "read them apart: some metrics differ")
    merged = polars.concat([store.table() for store in stores])
    first = polars.struct("config_id", "layer", "metric").is_first_distinct()
    return merged.filter(first).sort("config_id", "layer", "metric", nulls_last=True)


def _fault(path: Path) -> str:
    """Return why a part cannot be trusted, or nothing if it can."""
    import polars

    try:
        content = path.read_bytes()
    except OSError as error:
        return str(error)
    if path.name != _name_of(content):
        return "its name is not the hash of its bytes: torn, altered or foreign"
    try:
        # The name vouches for the content: that of the columns is not needed here.
        columns = dict(polars.read_parquet_schema(io.BytesIO(content)))
    except Exception as error:
        return f"not a parquet file: {error}"
    wanted = schema()
    known = columns in (wanted, {name: kind for name, kind in wanted.items() if name not in _LATER})
    return "" if known else "its columns are not those of this store"


def _scanned(paths: list[Path]) -> "polars.LazyFrame":
    """Return the rows of trusted parts, not read yet."""
    import polars

    def complete(path):
        rows = polars.scan_parquet(path, glob=False, hive_partitioning=False)
        there = rows.collect_schema().names()
        absent = {name: value for name, value in _LATER.items() if name not in there}
        if not absent:
            return rows
        added = [polars.lit(value, polars.String).alias(name) for name, value in absent.items()]
        return rows.with_columns(added).select(list(schema()))

    return polars.concat([complete(path) for path in paths])


def _name_of(content: bytes) -> str:
    return f"part-{hashlib.sha256(content).hexdigest()[:32]}.parquet"


def _write_whole(path: Path, content: bytes) -> None:
    with written_whole(path) as partial:
        partial.write_bytes(content)
