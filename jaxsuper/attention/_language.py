"""A language whose dependencies have known ranges: letters of second order, and brackets far apart.

A letter follows from the two before it, by a random table, with a known chance; else it is any letter.
One opening bracket of a random kind stands somewhere, and `near`..`far` tokens on a mark that asks for
it: the token after the mark is its kind. Nothing in between tells the kind, so who answers has looked
back that far: the shortest context that holds the bracket has as many tokens.
"""

from dataclasses import dataclass
from math import log

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from .._errors import check
from .._limits import check_index
from .._types import KeyScalar


@dataclass(frozen=True)
class Language:
    """Sizes of a language.

    Attributes:
        letters: A.
        kinds: of brackets.
        near: least distance from the bracket to the mark that asks for it.
        far: largest.
        sure: chance that a letter follows the table.
        positions: tokens of a sequence, T.
        table_seed: of the table.
    """

    letters: int = 8
    kinds: int = 8
    near: int = 20
    far: int = 30
    sure: float = 0.9
    positions: int = 64
    table_seed: int = 0

    def __post_init__(self):
        for name in ("letters", "kinds"):
            check_index(name, getattr(self, name), 2)
        check_index("near", self.near)
        check(self.near <= self.far, "far", "must be at least `near`", self.far)
        most = self.positions - 4
        check(self.far <= most, "far", f"must be at most {most}, the positions less 4", self.far)
        check(0 < self.sure < 1, "sure", "must lie between 0 and 1", self.sure)

    @property
    def mark(self) -> int:
        """The token that asks."""
        return self.letters + self.kinds

    @property
    def n_tokens(self) -> int:
        """Letters, opening brackets, the mark and the answers."""
        return self.letters + 2 * self.kinds + 1


def sample(language: Language, *, key: KeyScalar) -> tuple[Int[Array, " T"], Int[Array, "2"]]:
    """Return a sequence, and where its bracket and its mark stand.

    Args:
        language: the sizes.
        key: of the sequence.
    """
    A, T = language.letters, language.positions
    table = jax.random.randint(jax.random.key(language.table_seed), (A, A), 0, A)
    keys = jax.random.split(key, 6)
    start = jax.random.randint(keys[0], (2,), 0, A)
    follows = jax.random.uniform(keys[1], (T,)) < language.sure
    other = jax.random.randint(keys[2], (T,), 0, A)

    def step(last, drawn):
        follow, any_ = drawn
        letter = jnp.where(follow, table[last[0], last[1]], any_)
        return jnp.stack([last[1], letter]), letter

    _, letters = jax.lax.scan(step, start, (follows, other))
    reach = jax.random.randint(keys[3], (), language.near, language.far + 1)
    place = jax.random.randint(keys[4], (), 0, T - 2 - language.far)
    kind = jax.random.randint(keys[5], (), 0, language.kinds)
    tokens = letters.at[place].set(A + kind)
    tokens = tokens.at[place + reach].set(language.mark)
    tokens = tokens.at[place + reach + 1].set(language.mark + 1 + kind)
    return tokens, jnp.stack([place, place + reach])


def letter_entropy(language: Language) -> float:
    """Return the least loss of a letter that follows two letters, in nats."""
    A, sure = language.letters, language.sure
    likely, other = sure + (1 - sure) / A, (1 - sure) / A
    return -(likely * log(likely) + (A - 1) * other * log(other))


def batch(
    language: Language, count: int, *, key: KeyScalar
) -> tuple[Int[Array, "B T"], Int[Array, "B 2"]]:
    """Return independent sequences, and where their brackets and marks stand."""
    keys = jax.random.split(key, count)
    return jax.vmap(lambda each: sample(language, key=each))(keys)


def losses(
    scores: Float[Array, "T V"], tokens: Int[Array, " T"], places: Int[Array, "2"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the loss of all next tokens, mean over positions, and that of the answer.

    Args:
        scores: before the softmax, of the token after each position.
        tokens: the sequence.
        places: of bracket and mark.
    """
    said = jax.nn.log_softmax(scores[:-1], axis=-1)
    each = -jnp.take_along_axis(said, tokens[1:, None], axis=1)[:, 0]
    return jnp.mean(each), each[places[1]]
