"""The universal AND: one layer of randomly connected neurons holds all pairwise ANDs of its inputs."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._arrays import as_float
from .._errors import check
from .._types import KeyScalar, Scalar
from ..features import Embedding, random_unit


class UniversalAnd(eqx.Module):
    r"""d neurons that compute all m(m-1)/2 pairwise ANDs of m binary features, a few of them active.

    Neuron k is joined to feature j if C_kj = 1. An input f in {0, 1}^m arrives as x = sum_j f_j v_j,
    and with the input weights W = C V, rows of V the vectors v_j,

        z = ReLU(W x - 1),        x_i AND x_j is read as  sum_k C_ki C_kj z_k / N_ij,

    N_ij the number of neurons joined to both. Without vectors x = f. What is claimed: with C_kj
    independent and 1 with probability p ~ 1/sqrt(d) up to logarithms, and a constant number of
    features active, every AND is read with an error below any constant for d = O~(m^(2/3)) neurons
    if the vectors are random ones of R^d, and for d = O~(1), a power of ln m, if they are
    orthogonal. Constants are not given. Source: Hänni, Mendel, Vaintrob, Chan, arXiv 2408.05451, and
    "Toward a Mathematical Framework for Computation in Superposition" (2024);
    `theory.conjunction_errors` has the errors.

    Attributes:
        connections: (d, m), zeros and ones.
        embedding: the vectors, (m, D); None for orthogonal features, D = m.
    """

    connections: Float[Array, "d m"]
    embedding: Embedding | None = None

    def __check_init__(self):
        if self.embedding is not None:
            m, vectors = self.n_features, self.embedding.n_features
            check(
                vectors == m, "embedding", f"must have a vector for each of {m} features", vectors
            )

    @classmethod
    def random(
        cls,
        n_features: int,
        n_neurons: int,
        density: float | Scalar,
        input_width: int | None = None,
        *,
        key: KeyScalar,
    ) -> "UniversalAnd":
        """Draw the connections, and unit vectors for the features.

        Args:
            n_features: m, at least 2.
            n_neurons: d.
            density: p, the probability of a connection; may be traced.
            input_width: D; None for orthogonal features.
            key: for both.

        Returns:
            The network.

        Raises:
            ValueError: unless m >= 2, d >= 1 and D >= 1.
        """
        check(n_features >= 2, "n_features", "must be at least 2", n_features)
        check(n_neurons >= 1, "n_neurons", "must be at least 1", n_neurons)
        connected, vectors = jax.random.split(key)
        draws = jax.random.uniform(connected, (n_neurons, n_features))
        embedding = None
        if input_width is not None:
            embedding = random_unit(n_features, input_width, key=vectors)
        return cls((draws < as_float(density)).astype(jnp.float32), embedding)

    @property
    def n_features(self) -> int:
        """Number of features, m."""
        return self.connections.shape[1]

    @property
    def n_neurons(self) -> int:
        """Number of neurons, d."""
        return self.connections.shape[0]

    @property
    def input_weights(self) -> Float[Array, "d D"]:
        """W, as a layer of its own would hold them."""
        if self.embedding is None:
            return self.connections
        return jnp.matmul(self.connections, self.embedding.vectors, precision="highest")

    def __call__(self, features: Float[Array, " m"]) -> Float[Array, " d"]:
        """Return the neurons' activations for one input of zeros and ones."""
        drive = features
        if self.embedding is not None:
            # C (V x) in place of (C V) x: the d x D product is needed for many inputs only.
            vectors = self.embedding.vectors
            drive = jnp.matmul(vectors, self.embedding.encode(features), precision="highest")
        return jax.nn.relu(jnp.matmul(self.connections, drive, precision="highest") - 1)

    def read(self, hidden: Float[Array, " d"], feature: Int[Array, ""]) -> Float[Array, " m"]:
        """Return the readout of the AND of one feature with every feature; with itself it means nothing.

        A pair that no neuron is joined to is read as 0.
        """
        joined = self.connections[:, feature]
        total = jnp.matmul(joined * hidden, self.connections, precision="highest")
        joint = jnp.matmul(joined, self.connections, precision="highest")
        return total / jnp.maximum(joint, 1)

    def read_all(self, hidden: Float[Array, " d"]) -> Float[Array, "m m"]:
        """Return the readout of every pair."""
        return jax.vmap(lambda feature: self.read(hidden, feature))(jnp.arange(self.n_features))
