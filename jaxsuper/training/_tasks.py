"""Tasks for small circuits: inputs that T circuits share, and what each of them is to make of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._errors import check
from .._limits import check_index
from .._types import KeyScalar


class Tasks(NamedTuple):
    """T functions of one table of inputs.

    Attributes:
        inputs: (N, i).
        targets: (T, N, o), not negative unless said.
        classes: whether the largest output is the answer; otherwise each is right on its side of 1/2.
    """

    inputs: Float[Array | np.ndarray, "N i"]
    targets: Float[Array | np.ndarray, "T N o"]
    classes: bool = False


def boolean_tasks(n_tasks: int, n_bits: int = 3, *, key: KeyScalar) -> Tasks:
    """Draw Boolean functions, uniform among those that depend on every bit.

    Args:
        n_tasks: T.
        n_bits: of the inputs, which are 0 or 1, all 2^n_bits of them; at most 4.
        key: for the functions.

    Returns:
        Targets 0 or 1, one output. Tasks may repeat: of 3 bits there are 218.
    """
    check_index("n_tasks", n_tasks)
    check_index("n_bits", n_bits)
    check(n_bits <= 4, "n_bits", "must be at most 4", n_bits)
    count = 2**n_bits
    rows = (np.arange(count)[:, None] >> np.arange(n_bits)) & 1
    tables = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    flipped = [tables[:, np.arange(count) ^ (1 << bit)] for bit in range(n_bits)]
    every = np.all([(tables != other).any(axis=1) for other in flipped], axis=0)
    chosen = jax.random.choice(key, int(every.sum()), (n_tasks,))
    targets = tables[every][np.asarray(chosen)][:, :, None]
    return Tasks(rows.astype(np.float32), targets.astype(np.float32))


def addition_tasks(n_tasks: int, modulus: int = 3, *, key: KeyScalar) -> Tasks:
    """Draw tables of modular addition, each with its residues under other names.

    (a, b) -> pi(sigma(a) + tau(b) mod m), with random permutations pi, sigma and tau.

    Args:
        n_tasks: T.
        modulus: m, 2 to 12.
        key: for the permutations.

    Returns:
        Inputs are the one-hot codes of a and b, (m^2, 2m), targets that of the sum.
    """
    check_index("n_tasks", n_tasks)
    check_index("modulus", modulus, least=2)
    check(modulus <= 12, "modulus", "must be at most 12", modulus)
    one, other = np.divmod(np.arange(modulus**2), modulus)
    code = np.eye(modulus, dtype=np.float32)
    inputs = np.concatenate([code[one], code[other]], axis=1)

    def targets(draw):
        keys = jax.random.split(draw, 3)
        first, second, named = (jax.random.permutation(each, modulus) for each in keys)
        return jnp.asarray(code)[named[(first[one] + second[other]) % modulus]]

    return Tasks(inputs, jax.vmap(targets)(jax.random.split(key, n_tasks)), True)


def regression_tasks(n_tasks: int, n_points: int = 256, *, key: KeyScalar) -> Tasks:
    """Draw smooth functions of the square [-1, 1]^2, sums of four random waves of variance 1/4.

    Args:
        n_tasks: T.
        n_points: where they are known.
        key: for points and waves.

    Returns:
        Targets of any sign, one output: train with `signed=True`.
    """
    check_index("n_tasks", n_tasks)
    check_index("n_points", n_points)
    at, waves, shifts = jax.random.split(key, 3)
    inputs = jax.random.uniform(at, (n_points, 2), minval=-1.0)
    directions = 1.5 * jax.random.normal(waves, (n_tasks, 4, 2))
    phases = jax.random.uniform(shifts, (n_tasks, 4, 1), maxval=2 * np.pi)
    angles = jnp.einsum("twi,ni->twn", directions, inputs, precision="highest") + phases
    return Tasks(inputs, jnp.sin(angles).sum(axis=1)[..., None] * 8**-0.5)


def share_right(
    outputs: Float[Array | np.ndarray, "*batch o"],
    targets: Float[Array | np.ndarray, "*batch o"],
    classes: bool = False,
) -> float:
    """Return how often outputs give the right answer: the largest one, or all on their side of 1/2."""
    found, wanted = np.asarray(outputs), np.asarray(targets)
    if classes:
        return float((found.argmax(-1) == wanted.argmax(-1)).mean())
    return float(((found > 0.5) == (wanted > 0.5)).all(axis=-1).mean())
