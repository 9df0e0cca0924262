"""Command lines that run, as settings, with the files that they need; the bad ones are made of them."""

import io
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np


OK_GRID = """
repeats = 2
filters = ["n_circuits <= capacity"]
[base]
redundancy = 3
n_layers = 2
batch_size = 16
[product]
n_active = [1, 2]
[[zip]]
network_width = [100, 120]
n_circuits = [12, 14]
"""
# Lines that run, as settings: corruptions of one of them are bad for that reason alone.
LINES: dict[str, dict[str, str]] = {
    "simulate": {
        "network_width": "100",
        "n_circuits": "12",
        "redundancy": "3",
        "n_layers": "2",
        "batch_size": "16",
        "n_networks": "2",
        "json": "out.json",
    },
    "allocate": {
        "block_width": "25",
        "redundancy": "3",
        "n_circuits": "12",
        "json": "out.json",
    },
    "design": {
        "network_width": "80",
        "n_circuits": "12",
        "n_active": "1",
        "n_layers": "2",
        "only": "private",
        "quick": "",
        "json": "out.json",
    },
    "scaling": {
        "network_width": "80",
        "n_active": "1",
        "n_layers": "2",
        "error_target": "0.3",
        "design": "private",
        "samples": "8",
        "max_circuits": "10",
        "json": "out.json",
    },
    "tune": {
        "network_width": "80",
        "n_circuits": "40",
        "redundancy": "3",
        "n_layers": "2",
        "steps": "2",
        "batch_size": "16",
        "evaluate_every": "1",
        "held_out": "32",
        "out": "tuned",
    },
    "sweep": {"out": "store"},
    "figures": {"x": "n_circuits", "y": "mse_x_active", "hue": "n_active", "out": "figs"},
    "verify": {"only": "allocations", "quick": "", "out": "ledger"},
    "export": {
        "network_width": "100",
        "n_circuits": "12",
        "redundancy": "3",
        "n_layers": "2",
        "batch_size": "16",
        "n_samples": "8",
        "loads": "1",
    },
    "attention": {"least_context": "8", "heads": "", "json": "out.json"},
    "recover": {
        "method": "svd",
        "seed": "1",
        "steps": "3",
        "batch_size": "8",
        "learning_rate": "0.01",
        "out": "answer.safetensors",
    },
    "score": {"export": "net", "seed": "1", "json": "score.json", "out": "scores"},
}
POSITIONAL = {
    "scaling": ("capacity",),
    "sweep": ("ok.toml",),
    "figures": ("store",),
    "export": ("net",),
    "attention": ("ok.npz",),
    "recover": ("net",),
    "score": ("answer.safetensors",),
}
Files: TypeAlias = Mapping[str, bytes | None]


def _patterns() -> bytes:
    """Return a file of attention that is spread evenly."""
    even = np.tril(np.ones((2, 1, 2, 40, 40), np.float32))
    content = io.BytesIO()
    np.savez(content, attention=even / even.sum(-1, keepdims=True))
    return content.getvalue()


FILES: dict[str, Files] = {
    "sweep": {"ok.toml": OK_GRID.encode()},
    "attention": {"ok.npz": _patterns()},
}

# Commands that run without any setting, or that have only positional ones.
NONE_REQUIRED = ("simulate", "tune", "verify", "sweep", "figures", "export", "attention")
