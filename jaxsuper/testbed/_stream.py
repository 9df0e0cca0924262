"""Activations of an export, batch after batch, in the shape that libraries of sparse autoencoders take.

`Stream` has the two methods of SAELens' synthetic models, `sample(batch_size)` and
`sample_with_features(batch_size)`, and is an endless iterator of batches, which is what its trainer
takes as a data provider. Nothing is imported of it, or of torch: arrays are NumPy's unless `convert`
makes something else of them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._errors import check, lookup
from .._limits import check_index, check_seed
from ._read import Exported


class Stream:
    """Batches of activations of one reported layer: samples in a new random order again and again.

    Features are the T circuits' values of one readout: of the indicator, or the length of a vector.

    Attributes:
        hidden_dim: D.
        num_features: T.
    """

    def __init__(
        self,
        exported: Exported,
        layer: int,
        batch_size: int = 256,
        *,
        readout: str = "on",
        seed: int = 0,
        convert: Callable[[np.ndarray], Any] | None = None,
    ):
        """Start the stream.

        Args:
            exported: the network.
            layer: a reported one.
            batch_size: of the iterator.
            readout: what features are, of `config.readouts`.
            seed: of the order.
            convert: e.g. `torch.from_numpy`.

        Raises:
            ValueError: for a layer or readout that there is not.
        """
        check_index("batch_size", batch_size)
        check_seed("seed", seed)
        config = exported.config
        rule = f"must be one of {', '.join(map(str, config.reported))}"
        check(layer in config.reported, "layer", rule, layer)
        self._channels = lookup(config.readouts, readout, "readout")
        self._samples, self._activations = exported.samples, exported.activations(layer)
        self._number = config.reported.index(layer)
        self._convert = convert or (lambda array: array)
        self._random, self._left = np.random.default_rng(seed), np.zeros(0, np.int64)
        self._batch = batch_size
        self.hidden_dim, self.num_features = config.n_neurons, config.n_circuits

    def _next(self, count: int) -> np.ndarray:
        check_index("batch_size", count)
        while len(self._left) < count:
            more = self._random.permutation(len(self._activations))
            self._left = np.concatenate([self._left, more])
        # In the order of the file, which is read from the disk.
        chosen, self._left = np.sort(self._left[:count]), self._left[count:]
        return chosen

    def sample(self, batch_size: int) -> Any:
        """Return activations, (B, D)."""
        return self._convert(np.array(self._activations[self._next(batch_size)]))

    def sample_with_features(self, batch_size: int) -> tuple[Any, Any]:
        """Return activations (B, D), and what the circuits truly hold, (B, T)."""
        rows = self._next(batch_size)
        ids = np.array(self._samples["active"][rows, self._number])
        values = np.array(self._samples["truth"][rows, self._number])[..., self._channels]
        size = values[..., 0] if len(self._channels) == 1 else np.linalg.norm(values, axis=-1)
        # One column more, for slots that hold no circuit.
        features = np.zeros((batch_size, self.num_features + 1), np.float32)
        np.put_along_axis(features, ids.astype(np.int64), size, axis=1)
        activations = np.array(self._activations[rows])
        return self._convert(activations), self._convert(features[:, :-1].copy())

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.sample(self._batch)
