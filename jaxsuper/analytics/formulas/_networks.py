"""What independent networks measure at the places of a formula, by a sweep that can be resumed."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Float

from ..._errors import bad
from ...sweep import Allocations, config_id, make_plan, Progress, read_store, run_sweep
from ._expression import Place


class Networks:
    """Measurements of one metric at some places, of as many networks as are asked for.

    The networks of all places share their seed and numbers; those of a place are independent.
    """

    def __init__(
        self,
        places: Sequence[Place],
        metric: str,
        out: Path | None,
        progress: Callable[[int, int], None] | None,
    ):
        """Check that the configurations can be run.

        Args:
            places: where.
            metric: what is measured.
            out: the sweep's store; left out, it is forgotten on `close`.
            progress: called with (networks simulated, networks wanted so far).

        Raises:
            ValueError: names the first configuration that cannot be run, and why.
        """
        self._places, self._metric, self._progress = places, metric, progress
        self._configurations = list(dict.fromkeys(place.configuration for place in places))
        plan = make_plan(self._configurations, Allocations())
        for name, reason in plan.failures.items():
            made = plan.configurations[name]
            sizes = f"D = {made.network_width}, T = {made.n_circuits}, S = {made.redundancy}"
            rule = "must hold configurations that can be run"
            raise bad("grid", rule, f"{sizes}, z = {made.n_active}: {reason}")
        self._stack = ExitStack()
        self._out = out or Path(self._stack.enter_context(TemporaryDirectory()))

    def __enter__(self) -> "Networks":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def values(self, n_networks: int) -> Float[np.ndarray, "places networks"]:
        """Simulate what is not there yet and return the metric of each network.

        Args:
            n_networks: of every place.

        Raises:
            ValueError: if a network's metric is not finite.
        """
        wanted = {
            one: [replace(one, network=number) for number in range(n_networks)]
            for one in self._configurations
        }
        everything = [network for networks in wanted.values() for network in networks]
        self._run(everything)
        found = self._read({config_id(network) for network in everything})
        return np.array(
            [
                [found[config_id(network), place.layer] for network in wanted[place.configuration]]
                for place in self._places
            ]
        )

    def _run(self, everything: list) -> None:
        def report(now: Progress) -> None:
            if self._progress is not None:
                # What the store had was done before.
                self._progress(len(everything) - now.total + now.done, len(everything))

        run_sweep(everything, self._out, progress=report)

    def _read(self, ids: set[str]) -> dict[tuple[str, int], float]:
        import polars

        table = read_store(self._out)
        table = table.filter(polars.col("config_id").is_in(list(ids)))
        failed = table.filter(polars.col("failure").is_not_null())
        if len(failed):
            raise bad("grid", "must hold configurations that can be run", failed["failure"][0])
        rows = table.filter(polars.col("metric") == self._metric)
        columns = (rows["config_id"].to_list(), rows["layer"].to_list(), rows["value"].to_list())
        return {(name, layer): value for name, layer, value in zip(*columns, strict=True)}
