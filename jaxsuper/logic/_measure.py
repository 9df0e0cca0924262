"""Errors of the universal AND, measured: by input, and by how many of a pair's features are active."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._arrays import distinct_of
from .._errors import check
from .._types import KeyScalar, Scalar
from ._universal_and import UniversalAnd


# What is read above it counts as true.
CUT = 0.5


class ConjunctionSamples(eqx.Module):
    """Errors, readout minus AND, of the pairs with 0, 1 or 2 active features.

    Axes: inputs or networks first, then the number of active features of the pair. With 1 or 2 they
    are all pairs of an input; with 0, those of one inactive feature.

    Attributes:
        bias: mean over pairs.
        mse: mean square over pairs.
        largest: of |error| over pairs.
        wrong: share of pairs that a threshold of 1/2 gets wrong.
    """

    bias: Float[Array, "... 3"]
    mse: Float[Array, "... 3"]
    largest: Float[Array, "... 3"]
    wrong: Float[Array, "... 3"]


@eqx.filter_jit
def measure_conjunctions(
    network: UniversalAnd, n_active: int, n_inputs: int, *, key: KeyScalar
) -> ConjunctionSamples:
    """Measure one network on inputs with s active features, uniform over their sets.

    Args:
        network: the network.
        n_active: s, at least 2, and two less than features at most.
        n_inputs: how many inputs; input i depends on `fold_in(key, i)` alone.
        key: for the inputs.

    Returns:
        The errors, (n_inputs, 3).

    Raises:
        ValueError: for other s, or no input.
    """
    m = network.n_features
    check(2 <= n_active <= m - 2, "n_active", f"must be from 2 to {m - 2}", n_active)
    check(n_inputs >= 1, "n_inputs", "must be at least 1", n_inputs)

    def one(sample: Int[Array, ""]) -> ConjunctionSamples:
        draw, order = jax.random.split(jax.random.fold_in(key, sample))
        last = m - n_active - 1 + jnp.arange(n_active + 1)
        draws = jax.random.randint(draw, (n_active + 1,), 0, last + 1)
        # s active features and an inactive one; Floyd's sets are in no random order.
        chosen = jax.random.permutation(order, distinct_of(draws, last))
        features = jnp.zeros(m).at[chosen[:-1]].set(1.0)
        hidden = network(features)
        read = jax.vmap(lambda feature: network.read(hidden, feature))(chosen)
        active = features[chosen][:, None] + features[None, :]
        itself = chosen[:, None] == jnp.arange(m)[None, :]
        # Pairs of the inactive feature with active ones are among those with one active already.
        again = (jnp.arange(n_active + 1) == n_active)[:, None] & (features > 0)[None, :]
        return _by_kind(read, jnp.where(itself | again, -1.0, active))

    return jax.vmap(one)(jnp.arange(n_inputs))


def _by_kind(read: Float[Array, "r m"], active: Float[Array, "r m"]) -> ConjunctionSamples:
    """Return the errors of one input by active features of the pair; negative ones do not count."""
    error = read - jnp.where(active == 2, 1.0, 0.0)

    def kind(o: int) -> tuple[Scalar, ...]:
        counts = active == o
        mean = lambda values: jnp.mean(values, where=counts)
        wrong = jnp.where((read > CUT) != (o == 2), 1.0, 0.0)
        largest = jnp.max(jnp.abs(error), where=counts, initial=0.0)
        return mean(error), mean(error**2), largest, mean(wrong)

    return ConjunctionSamples(*map(jnp.stack, zip(*map(kind, range(3)), strict=True)))


@eqx.filter_jit
def measure_networks(
    n_features: int,
    n_neurons: int,
    density: float | Scalar,
    n_active: int,
    n_inputs: int,
    n_networks: int,
    input_width: int | None = None,
    *,
    key: KeyScalar,
) -> ConjunctionSamples:
    """Draw independent networks, one after the other, and measure each on inputs of its own.

    Args:
        n_features: m.
        n_neurons: d.
        density: p; pass an array to compile once for all of them.
        n_active: s.
        n_inputs: for each network.
        n_networks: how many; network i depends on `fold_in(key, i)` alone.
        input_width: D; None for orthogonal features.
        key: for networks and inputs.

    Returns:
        The means over inputs of each network, (n_networks, 3): networks are the unit of any error
        beside a prediction.

    Raises:
        ValueError: as `UniversalAnd.random` and `measure_conjunctions`.
    """

    def one(network_id: Int[Array, ""]) -> ConjunctionSamples:
        drawn, inputs = jax.random.split(jax.random.fold_in(key, network_id))
        network = UniversalAnd.random(n_features, n_neurons, density, input_width, key=drawn)
        measured = measure_conjunctions(network, n_active, n_inputs, key=inputs)
        return jax.tree.map(lambda values: values.mean(axis=0), measured)

    return jax.lax.map(one, jnp.arange(n_networks))
