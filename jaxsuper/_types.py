"""The letter table (paper letter -> word in code), array aliases and argument checks.

| letter   | word in code       | meaning                                                            |
|----------|--------------------|--------------------------------------------------------------------|
| T        | `n_circuits`       | small circuits stored in the network                               |
| d        | `circuit_width`    | neurons per layer of a small circuit                               |
| D        | `network_width`    | neurons per layer of the large network, d blocks of n              |
| n = D/d  | `block_width`      | neurons of one block                                               |
| S        | `redundancy`       | large neurons that carry one small neuron                          |
| L        | `n_layers`         | layers                                                             |
| T, D     | `n_features`, `width` | features and neurons of an embedding without computation        |
| z        | `n_active`         | circuits active in one forward pass                                |
| b        | `gate_bias`        | bias of the rotation neurons                                       |
| chi'     | `inhibition`       | inhibition between unconnected neurons (clipped construction)      |
| lo, hi   | `lower_threshold`, `upper_threshold` | where the step of the on-indicator starts and ends |
| e        | `overlap_rate`     | mean squared relative overlap of two circuits of a design          |
| rho      | `overlap_rate_published` | d/D - 1/(S T), the published approximation of e              |

Letters appear only as arguments of `jaxsuper.theory` and in shape strings, where besides them
R is the largest load (circuits on one neuron), B a batch of samples, k a number of channels.
"""

from difflib import get_close_matches
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key


KeyScalar: TypeAlias = Key[Array, ""]
Scalar: TypeAlias = Float[Array, ""]
Sets: TypeAlias = Int[np.ndarray, "T S"]
Activations: TypeAlias = Float[Array, "d n B"]
Channels: TypeAlias = Float[Array, "k n B"]
CircuitValues: TypeAlias = Float[Array, "k T B"]
ActiveIds: TypeAlias = Int[Array, "z B"]
Connections: TypeAlias = Bool[Array, "n n"]


def check(
    condition: bool | np.bool_, argument: str, rule: str, given: object, remedy: str = ""
) -> None:
    """Raise a `ValueError` that names the argument, the rule, what was given and the remedy.

    Args:
        condition: what must be true.
        argument: the argument's name, printed in backticks.
        rule: the rest of the sentence, e.g. "must be at least 1".
        given: the offending value.
        remedy: what the user can do about it.

    Raises:
        ValueError: if `condition` is false.
    """
    if not condition:
        tail = f"; {remedy}" if remedy else ""
        raise ValueError(f"`{argument}` {rule}, got {given}{tail}")


def lookup(table: dict[str, Any], name: str, argument: str) -> Any:
    """Return `table[name]`, or raise a `ValueError` that lists the choices and the nearest one.

    Args:
        table: a registry, name -> entry.
        name: the name asked for.
        argument: the argument's name in the error.

    Returns:
        The entry.

    Raises:
        ValueError: if there is no entry of that name.
    """
    if name in table:
        return table[name]
    near = get_close_matches(name, table, n=1, cutoff=0.3)
    remedy = f"did you mean {near[0]!r}?" if near else ""
    rule = f"must be one of {', '.join(table)}"
    raise ValueError(f"`{argument}` {rule}, got {name!r}" + (f"; {remedy}" if remedy else ""))


def take_rows(values: Float[Array, "rows *rest"], rows: tuple[int, ...]) -> Float[Array, "m *rest"]:
    """Return the given rows by static slices, which XLA fuses where it would not fuse a gather."""
    if not rows:
        return values[:0]
    return jnp.stack([values[row] for row in rows])


def as_float(value: Any) -> Scalar:
    """Return a count, an integer or an array leaf, as a float32 scalar."""
    return jnp.asarray(value, jnp.float32)


def sum_of(terms: list[Array]) -> Array:
    """Return the sum of a non-empty list of equal-shaped arrays."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
