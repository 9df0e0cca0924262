"""Compile one program of the library for a device that is not here; started by `benchmarks.absent`.

    python absent_program.py DEVICE PROGRAM OUT

Of any version of the library since `sweep` has the programs of buckets: nothing else of this
repository is imported. XLA compiles for a device that it is told about; what decides by the kind of
device in the library is told that this is one. Nothing is built or run. OUT is JSON: what the
compiler says, the optimised program, and the library's own estimate of its memory.
"""

import inspect
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any
from unittest import mock


# Before JAX starts. No GPU is looked for, and no kernel is timed to choose it.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"
os.environ["XLA_FLAGS"] = "--xla_gpu_autotune_level=0"
os.environ |= {"TPU_SKIP_MDS_QUERY": "1", "TPU_WORKER_HOSTNAMES": "localhost"}
os.environ["ALLOW_MULTIPLE_LIBTPU_LOAD"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import equinox as eqx
import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import AxisType, Mesh, SingleDeviceSharding


INSTALL = 'pip install "jax[cuda13,tpu]" .'
# An H200 as XLA has to be told about it: the data sheet's figures, and limits of compute capability 9.
_H200 = """
gpu_device_info {
  threads_per_block_limit: 1024 threads_per_warp: 32 threads_per_core_limit: 2048
  shared_memory_per_block: 49152 shared_memory_per_block_optin: 232448
  shared_memory_per_core: 233472
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  memory_bandwidth: 4800000000000 l2_cache_size: 52428800 device_memory_size: 151397597184
  cuda_compute_capability { major: 9 minor: 0 }
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 10 }
device_description_str: "NVIDIA H200"
"""
# Bytes that a program may have: JAX takes three quarters of a GPU's, and nearly all of a TPU's.
_LIMITS = {"h200": int(0.75 * 151397597184), "v5e": int(15.75 * 2**30)}
_BACKENDS = {"h200": "gpu", "v5e": "tpu"}
DEVICES = tuple(_LIMITS)


def device_of(name: str) -> Any:
    """Return an absent device.

    Raises:
        SystemExit: if what compiles for it is not installed.
    """
    try:
        if name == "v5e":
            found = topologies.get_topology_desc(platform="tpu", topology_name="v5e:2x2")
        else:
            from jax._src import xla_bridge

            # With no GPU the name of the plugin is not known.
            with mock.patch.object(xla_bridge, "canonicalize_platform", lambda platform: "cuda"):
                found = topologies.get_topology_desc(
                    platform="cuda", target_config=_H200, topology="1x1x1"
                )
    except Exception as error:
        reason = str(error).splitlines()[0][:200]
        raise SystemExit(
            f"nothing here compiles for {name} ({reason}); install {INSTALL}"
        ) from None
    return found.devices[0]


class Pretence:
    """Stands for a device where the library asks how much memory it has."""

    def __init__(self, name: str) -> None:
        self._limit = _LIMITS[name]

    def memory_stats(self) -> dict[str, int]:
        """Return what a device without any array says."""
        return {"bytes_limit": self._limit, "bytes_in_use": 0}


def lowered(device: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Trace and lower a function of arrays' shapes, and of anything else as it is."""
    shaped = lambda leaf: hasattr(leaf, "shape") and hasattr(leaf, "dtype")
    arrays, others = eqx.partition(arguments, shaped)
    place = SingleDeviceSharding(device)
    abstract = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place), arrays
    )
    return jax.jit(lambda given: function(*eqx.combine(given, others))).lower(abstract)


def network_of(configuration: Any) -> tuple[Any, Any]:
    """Return the shapes of a network and of the root key of its samples."""
    from jaxsuper.simulation import network_from, network_keys, parameters_of, parts_of, Recipe

    recipe, parts = Recipe.of(configuration), parts_of(configuration)
    parameters = {name: np.float32(v) for name, v in parameters_of(configuration).items()}
    numbers = np.uint32(0), np.uint32(0)
    given = (recipe, configuration.n_layers, parts, parameters, *numbers)
    network = eqx.filter_eval_shape(network_from, *given)
    key = eqx.filter_eval_shape(lambda *given: network_keys(*given)[2], *numbers)
    return network, key


def simulation(width: int, circuits: int, samples: int, layers: int, slots: int = 4) -> Callable:
    """Return what compiles a chunk of `simulate`."""

    def compile_it(device: Any) -> dict[str, Any]:
        from jaxsuper.simulation import chunk_statistics, Configuration, Recipe
        from jaxsuper.simulation._cost import network_cost, sample_bytes

        one = Configuration(
            network_width=width, n_circuits=circuits, n_layers=layers, batch_size=samples
        )
        network, key = network_of(one)
        first = jax.ShapeDtypeStruct((), np.int32)
        found = compiled(
            lambda: lowered(
                device, chunk_statistics, network, slots, samples, first, first, key, None, first
            )
        )
        each = sample_bytes(circuits, network.block_width, slots, layers)
        cost = network_cost(one, Recipe.of(one).traits, running=True)
        return found | {"estimate": cost.bytes + samples * each, "samples": samples}

    return compile_it


def sweep(grid: str) -> Callable:
    """Return what compiles the first program that a sweep's plan has for the device."""

    def compile_it(device: Any) -> dict[str, Any]:
        from jaxsuper._limits import BASE_BYTES
        from jaxsuper.sweep import Allocations, load_grid, make_plan
        from jaxsuper.sweep._kernel import AXIS, batch_of, compile_program
        from jaxsuper.sweep._run import program_of

        configurations = load_grid(grid).configurations()
        allocations = Allocations()
        limit = int(0.8 * jax.local_devices()[0].memory_stats()["bytes_limit"])
        plan = make_plan(configurations, allocations, memory=limit, n_devices=1)
        planned = plan.buckets[0]
        program = program_of(planned)
        mesh = Mesh(np.array([device]), (AXIS,), axis_types=(AxisType.Auto,))
        first = plan.configurations[planned.bucket.ids[0]]
        parts = allocations.of(first)
        given: tuple[Any, ...] = (first, parts)
        if "example" in inspect.signature(compile_program).parameters:  # before designs had a table
            given = (batch_of([first], [parts], program),)
        found = compiled(lambda: compile_program(program, mesh, *given), whole=True)
        sizes = {name: getattr(planned, name) for name in ("width", "chunk", "capacity")}
        return found | sizes | {"estimate": planned.memory - BASE_BYTES, "plan": repr(plan)}

    return compile_it


def search(samples: int) -> Callable:
    """Return what compiles the padded program that measures every design of a frame."""

    def compile_it(device: Any) -> dict[str, Any]:
        from jaxsuper.simulation import Configuration, Frame, frame_of, framed
        from jaxsuper.simulation._cost import sample_bytes
        from jaxsuper.simulation._frame import _measured

        one = Configuration(network_width=1000, n_circuits=557, n_active=2, n_layers=5)
        frame: Frame = frame_of(one)
        made = framed(one, frame)
        sizes = (made.recipe, made.n_layers, made.n_active, samples, 16)
        counts = np.uint32(0), np.int32(samples)
        given = (*sizes, made.parts, made.parameters, made.seed, *counts)
        found = compiled(lambda: lowered(device, inspect.unwrap(_measured), *given))
        count, n = frame.payload[:2]
        estimate = frame.bytes(made.recipe, made.n_layers)
        estimate += samples * sample_bytes(count, n, made.n_active, made.n_layers)
        return found | {"estimate": estimate, "samples": samples}

    return compile_it


def gradient(samples: int) -> Callable:
    """Return what compiles the loss of a design and its gradient, of one network."""

    def compile_it(device: Any) -> dict[str, Any]:
        from jaxsuper.design import _descent
        from jaxsuper.simulation import Configuration

        one = Configuration(network_width=1000, n_circuits=557, n_active=2, n_layers=5)
        network, key = network_of(one)
        names = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor")
        at = {name: jax.ShapeDtypeStruct((), np.float32) for name in names}
        loss = eqx.filter_value_and_grad(_descent.design_loss)
        found = compiled(lambda: lowered(device, loss, at, network, 2, samples, key))
        return found | {"samples": samples}

    return compile_it


def descent(samples: int, networks: int) -> Callable:
    """Return what compiles a whole step of a descent, its networks side by side."""

    def compile_it(device: Any) -> dict[str, Any]:
        from jaxsuper.design import _descent
        from jaxsuper.simulation import Configuration, framed

        one = Configuration(network_width=1000, n_circuits=557, n_active=2, n_layers=5)
        made = framed(one)
        names = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor")
        at = {name: np.float32(0.5) for name in names}
        given = (made.recipe, made.n_layers, made.n_active, samples, made.parts, made.parameters)
        given += (
            made.seed,
            np.zeros(networks, np.uint32),
            np.float32(0.1),
            at,
            np.int32(0),
            at,
            at,
        )
        found = compiled(lambda: lowered(device, inspect.unwrap(_descent._stepped), *given))
        return found | {"samples": samples}

    return compile_it


PROGRAMS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "simulate, D = 1000, T = 557": simulation(1000, 557, 512, 5),
    "simulate, D = T = 2000": simulation(2000, 2000, 1024, 4),
    "simulate, D = T = 16,000": simulation(16_000, 16_000, 1024, 4),
    "simulate, D = T = 64,000": simulation(64_000, 64_000, 512, 4),
    "sweep, published": sweep("published"),
    "sweep, five-thousand": sweep(str(Path(__file__).parent / "five-thousand.toml")),
    "search, D = 1000, T = 557": search(512),
    "gradient of tune, D = 1000": gradient(512),
    "step of tune, two networks": descent(512, 2),
}


def compiled(lower: Callable[[], Any], whole: bool = False) -> dict[str, Any]:
    """Compile a program and return what is known of it.

    Args:
        lower: traces and lowers it.
        whole: whether it compiles, too.
    """
    spent = []

    def timed(self: Any, *given: Any, **more: Any) -> Any:
        started = process_time()
        result = real(self, *given, **more)
        spent.append(process_time() - started)
        return result

    real = jax.stages.Lowered.compile
    started = process_time()
    with mock.patch.object(jax.stages.Lowered, "compile", timed):
        program = lower() if whole else lower().compile()
    traced = process_time() - started - spent[0]
    stats = program.memory_analysis()
    names = ("argument", "output", "temp")
    sizes = {name: getattr(stats, f"{name}_size_in_bytes") for name in names}
    return {"compile": spent[0], "trace": traced, "text": program.as_text(), **sizes}


def main() -> None:
    """Compile what was asked for."""
    name, program, out = sys.argv[1:]
    logging.getLogger("jax").setLevel(logging.ERROR)
    device = device_of(name)
    backend = mock.patch.object(jax, "default_backend", lambda: _BACKENDS[name])
    local = mock.patch.object(jax, "local_devices", lambda: [Pretence(name)])
    with backend, local:
        found = PROGRAMS[program](device)
    found["device"] = device.device_kind
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
