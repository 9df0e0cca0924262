"""A finite automaton whose states are circuits: it reads one symbol of a word in each layer.

A word lies on a tape of tokens, each of which is one circuit and stands for up to k symbols. The token
that is read, say abc, says that a is the next symbol, and hands on to bc; the others wait, (token, j)
for j layers, and hand on to (token, j - 1). So no more circuits are on than there are tokens, one
state, and what else a sample has. A state is a circuit (q, s), on when the automaton is in q after it
has read s. Each layer is one layer of the network: with the transitions q' = delta(q, s),

    (q, any) -> (delta(q, s), s)                            switches on, for every symbol s
    (token that starts with another than s) -> (q', s)      switches off again

so that a state is on if a state that leads to it was on, and no other symbol was to be read.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Int

from .._arrays import integers_of
from .._errors import check
from .._limits import check_index, check_seed
from ._compile import compile_edges
from ._edge import Edge
from ._edges import Edges


@dataclass(frozen=True)
class Automaton:
    """The edges of an automaton, and which circuit is what.

    Attributes:
        edges: L = depth + 1 layers; a group of inputs is a word.
        states: (Q, symbols), the circuit of each state and the symbol it was reached by.
        words: (words, depth), in the order of the groups.
        transitions: (Q, symbols), delta.
        start: the state before the first symbol.
        names: of the circuits of the automaton: states, start and tokens.
    """

    edges: Edges
    states: Int[np.ndarray, "Q symbols"]
    words: Int[np.ndarray, "words depth"]
    transitions: Int[np.ndarray, "Q symbols"]
    start: int
    names: dict[int, str]

    @property
    def n_used(self) -> int:
        """Circuits of the automaton itself: states, the start, and the tape."""
        return len(self.names)

    def path(self, word: Any) -> list[int]:
        """Return the circuits that are on after each symbol of a word, worked out by hand."""
        state, found = self.start, []
        for symbol in word:
            state = int(self.transitions[state, symbol])
            found.append(int(self.states[state, symbol]))
        return found


def remainders(divisor: int, base: int = 2) -> Int[np.ndarray, "Q symbols"]:
    """Return the transitions of the automaton that divides a number, digit by digit.

    Its state is the remainder of what it has read: (q·base + digit) mod divisor.
    """
    check_index("divisor", divisor)
    check_index("base", base, least=2)
    return (np.arange(divisor)[:, None] * base + np.arange(base)) % divisor


class _Tape:
    """Numbers the circuits of tokens as they are asked for, and knows which follows which."""

    def __init__(self, first: int):
        self.numbers: dict[tuple[tuple[int, ...], int], int] = {}
        self.follows: list[tuple[int, int]] = []
        self._first = first

    def token(self, symbols: tuple[int, ...], wait: int) -> int:
        """Return the circuit of a token that waits for some layers, and make all that follow it."""
        number = self.numbers.get((symbols, wait))
        if number is None:
            number = self.numbers[symbols, wait] = self._first + len(self.numbers)
            after = (symbols, wait - 1) if wait else (symbols[1:], 0)
            if after[0]:
                self.follows.append((number, self.token(*after)))
        return number


def automaton(
    n_circuits: int,
    transitions: Any,
    depth: int,
    *,
    start: int = 0,
    together: int = 1,
    beside: int = 0,
    n_words: int = 1024,
    seed: int = 0,
) -> Automaton:
    """Lay an automaton out over circuits; those that it does not use are their own successors.

    Args:
        n_circuits: T, in which it finds room.
        transitions: (Q, symbols), delta: the state that each state goes to with each symbol.
        depth: symbols of a word.
        start: the first state.
        together: k, symbols of a token: the more, the fewer circuits are on, and the more there are.
        beside: other circuits that are on in every sample.
        n_words: how many words are drawn, with what is on beside them; all words if there are fewer.
        seed: of the words, if not all are taken, and of what is on beside them.

    Raises:
        ValueError: for states that do not exist, or more circuits than there are.
    """
    table = integers_of("transitions", transitions, np.int64)
    rule = "must have shape (states, symbols)"
    check(table.ndim == 2 and table.size > 0, "transitions", rule, table.shape)
    n_states, n_symbols = table.shape
    rule = f"must lead to states 0..{n_states - 1}"
    check(0 <= table.min() and table.max() < n_states, "transitions", rule, int(table.max()))
    for name, value in {"depth": depth, "together": together, "n_words": n_words}.items():
        check_index(name, value)
    check_index("start", start, least=0)
    check(start < n_states, "start", f"must lie in 0..{n_states - 1}", start)
    check_index("beside", beside, least=0)
    check_seed("seed", seed)
    room = n_symbols ** min(together, depth)
    check(room <= n_circuits, "together", "must leave fewer tokens than circuits", together)
    states = np.arange(n_states * n_symbols).reshape(n_states, n_symbols)
    first = states.size
    tape = _Tape(first + 1)
    places = range(0, depth, together)
    for place in places:
        for token in product(range(n_symbols), repeat=min(together, depth - place)):
            tape.token(token, place)
    used = first + 1 + len(tape.numbers)
    rule = f"must be at least {used + beside}: states, start, tape and those beside"
    check(n_circuits >= used + beside, "n_circuits", rule, n_circuits)
    random = np.random.default_rng(seed)
    if n_symbols**depth <= n_words:
        words = np.array(list(product(range(n_symbols), repeat=depth)))
    else:
        words = random.integers(n_symbols, size=(n_words, depth))
    entries = []
    for word in words.tolist():
        tokens = [tape.token(tuple(word[place : place + together]), place) for place in places]
        also = random.choice(np.arange(used, n_circuits), beside, replace=False)
        entries.append([first, *tokens, *also.tolist()])
    last = [
        number for (symbols, wait), number in tape.numbers.items() if (len(symbols), wait) == (1, 0)
    ]
    made = compile_edges(
        _edges(table, states, start, first, tape),
        n_circuits,
        depth + 1,
        entries=entries,
        width=len(entries[0]),
        stopped=[(token, layer) for token in last for layer in range(1, depth + 1)],
    )
    names = {int(states[q, s]): f"{q} after {s}" for q, s in product(*map(range, table.shape))}
    names[first] = f"{start} at the start"
    for (symbols, wait), number in tape.numbers.items():
        names[number] = "".join(map(str, symbols)) + (f" in {wait}" if wait else " now")
    return Automaton(made, states, words, table, start, names)


def _edges(
    table: np.ndarray, states: np.ndarray, start: int, first: int, tape: _Tape
) -> list[Edge]:
    """Return what switches states on and off, and what moves the tape."""
    n_states, n_symbols = table.shape
    switch = lambda source, target: Edge(int(source), int(target), share=0.0)
    edges = [switch(first, states[table[start, s], s]) for s in range(n_symbols)]
    for q, before, s in product(range(n_states), range(n_symbols), range(n_symbols)):
        edges.append(switch(states[q, before], states[table[q, s], s]))
    off: dict[str, Any] = {"opens": False, "share": 0.0, "mean_share": -1.0}
    for (symbols, wait), number in tape.numbers.items():
        for s in range(n_symbols):
            if wait == 0 and s != symbols[0]:
                reached = np.unique(states[table[:, s], s])
                edges += [Edge(number, int(target), **off) for target in reached]
    return edges + [switch(source, target) for source, target in tape.follows]
