"""Flags of XLA for tests: compiling takes most of their time, and small programs run fast anyway."""

import mmap
from importlib.util import find_spec
from pathlib import Path


def known(names):
    """Return the names that the installed XLA holds: it aborts at a flag that it lacks."""
    spec = find_spec("jaxlib")
    folders = (spec.submodule_search_locations if spec else None) or ()
    files = [path for folder in folders for path in Path(folder).rglob("*.so")]
    largest = max(files, key=lambda path: path.stat().st_size)
    with largest.open() as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        ends = [name.split("=")[0].encode() + b"\0" for name in names]
        return [name for name, end in zip(names, ends, strict=True) if content.find(end) >= 0]


# Fusions emitted in the plain way, a program in one piece: a fifth of the time to compile.
CHEAP = known(["xla_cpu_use_fusion_emitters=false", "xla_cpu_parallel_codegen_split_count=1"])


def flags(n_devices=None):
    """Return the value of XLA_FLAGS, for so many devices if it is to say that."""
    devices = [f"xla_force_host_platform_device_count={n_devices}"] if n_devices else []
    return " ".join(f"--{flag}" for flag in CHEAP + devices)
