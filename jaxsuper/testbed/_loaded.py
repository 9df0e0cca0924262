"""An exported network as an Equinox module: named layers, weights as leaves, activations on request."""

from collections.abc import Collection
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._errors import check
from ._read import Exported


class Loaded(eqx.Module):
    """K ReLU layers of D neurons; sample first, as in the files.

    Activations are named "layers.k", what reaches them before the ReLU "layers.k.before".

    Attributes:
        weights: "layers.k" -> W_k, (D, D), [to, from], k = 1..K-1: the sites.
        biases: "layers.k" -> b_k, (D,), k = 0..K-1.
        embedding: (T, R, d).
        embedding_neurons: (T, R).
        reading: (c, R).
        reading_all: (c, D).
        reading_constant: (c,).
        reading_neurons: "layers.k" -> (T, R), of reported layers.
    """

    weights: dict[str, Float[Array, "D D"]]
    biases: dict[str, Float[Array, " D"]]
    embedding: Float[Array, "T R d"]
    embedding_neurons: Int[Array, "T R"]
    reading: Float[Array, "c R"]
    reading_all: Float[Array, "c D"]
    reading_constant: Float[Array, " c"]
    reading_neurons: dict[str, Int[Array, "T R"]]

    @classmethod
    def of(cls, exported: Exported) -> "Loaded":
        """Return the network of an export.

        Raises:
            ValueError: if its layers are no ReLU layers.
        """
        config, model = exported.config, exported.model
        rule = "must be of ReLU layers"
        check(config.activation == "relu", "exported", rule, config.construction)
        own = lambda name: jnp.asarray(model[name])
        return cls(
            weights={f"layers.{k}": own(f"layers.{k}.weight") for k in range(1, config.n_relu)},
            biases={f"layers.{k}": own(f"layers.{k}.bias") for k in range(config.n_relu)},
            embedding=own("embedding.weight"),
            embedding_neurons=own("embedding.neurons"),
            reading=own("readout.weight"),
            reading_all=own("readout.shared"),
            reading_constant=own("readout.constant"),
            reading_neurons={f"layers.{k}": own(f"readout.{k}.neurons") for k in config.reported},
        )

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the matrices, in the order of computation."""
        return tuple(f"layers.{k}" for k in range(1, len(self.biases)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all activations that can be asked for."""
        each = (f"layers.{k}" for k in range(len(self.biases)))
        return tuple(name for layer in each for name in (f"{layer}.before", layer))

    def embed(
        self, embedded: Int[Array, "N m"], inputs: Float[Array, "N m d"]
    ) -> Float[Array, "N D"]:
        """Return what reaches layer 0."""
        ids = jnp.minimum(embedded, len(self.embedding) - 1)
        given = jnp.einsum("nmrd,nmd->nmr", self.embedding[ids], inputs, precision="highest")
        empty = jnp.repeat(self.biases["layers.0"][None], len(ids), axis=0)
        rows = jnp.arange(len(ids))[:, None, None]
        return empty.at[rows, self.embedding_neurons[ids]].add(given)

    def matmul(self, site: str, activations: Float[Array, "N D"]) -> Float[Array, "N D"]:
        """Return W A of a site."""
        return jnp.matmul(activations, self.weights[site].T, precision="highest")

    def run(self, embedded: Any, inputs: Any, matmul: Any, wanted: Collection[str]) -> Any:
        """Return the activations of the last layer, and those wanted, with any product for the sites.

        Args:
            embedded: (N, m) ids.
            inputs: (N, m, d).
            matmul: (site, activations) -> W A.
            wanted: names.
        """
        for name in wanted:
            check(
                name in self.names, "wanted", f"must be among {', '.join(self.names)}", repr(name)
            )
        before = self.embed(embedded, inputs)
        seen = {"layers.0.before": before, "layers.0": (A := jax.nn.relu(before))}
        for site in self.sites:
            before = matmul(site, A) + self.biases[site][None]
            A = jax.nn.relu(before)
            seen |= {f"{site}.before": before, site: A}
        return A, {name: seen[name] for name in sorted(wanted)}

    def __call__(
        self,
        embedded: Int[Array, "N m"],
        inputs: Float[Array, "N m d"],
        wanted: Collection[str] = (),
    ) -> tuple[Float[Array, "N D"], dict[str, Float[Array, "N D"]]]:
        """Run samples.

        Args:
            embedded: which circuits are given something.
            inputs: what.
            wanted: names of activations.

        Returns:
            Those of the last layer, and those wanted by name.

        Raises:
            ValueError: for a name that there is not.
        """
        return self.run(embedded, inputs, self.matmul, wanted)

    def estimates(
        self,
        activations: Float[Array, "N D"],
        layer: str,
        circuits: Int[Array, "N z"] | None = None,
    ) -> Float[Array, "N z c"]:
        """Return what circuits are read as.

        Args:
            activations: of a reported layer.
            layer: its name.
            circuits: which of them, by sample; all if left out, which takes 4 N T R bytes.
        """
        neurons = self.reading_neurons[layer]
        count = len(activations)
        ids = jnp.repeat(jnp.arange(len(neurons))[None], count, axis=0)
        ids = ids if circuits is None else jnp.minimum(circuits, len(neurons) - 1)
        own = activations[jnp.arange(count)[:, None, None], neurons[ids]]
        read = jnp.matmul(own, self.reading.T, precision="highest")
        every = jnp.matmul(activations, self.reading_all.T, precision="highest")[:, None]
        return read + every + self.reading_constant[None, None]
