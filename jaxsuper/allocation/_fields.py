"""Finite fields GF(q), q any prime power, as vectorised arithmetic on the integers 0..q-1."""

from itertools import product
from math import isqrt

import numpy as np
from jaxtyping import Int

from .._errors import check


Elements = Int[np.ndarray, "..."]


def prime_power(q: int) -> tuple[int, int] | None:
    """Return (p, k) with q = p^k and p prime, or None if q is no prime power."""
    if q < 2:
        return None
    p = next((f for f in range(2, int(q**0.5) + 1) if q % f == 0), q)
    k = 0
    while q % p == 0:
        q, k = q // p, k + 1
    return (p, k) if q == 1 else None


def prime_numbers(smallest: int, largest: int) -> list[int]:
    """Return the primes in smallest..largest, ascending; the work is that of the interval."""
    smallest = max(smallest, 2)
    if largest < smallest:
        return []
    is_prime = np.ones(largest - smallest + 1, bool)
    for prime in prime_numbers(2, isqrt(largest)):
        first = max(prime**2, -(-smallest // prime) * prime)
        is_prime[first - smallest :: prime] = False
    return (np.flatnonzero(is_prime) + smallest).tolist()


def prime_powers(smallest: int, largest: int) -> list[int]:
    """Return the prime powers in smallest..largest, ascending; the work is that of the interval."""
    powers = [
        p**k
        for p in prime_numbers(2, isqrt(max(largest, 0)))
        for k in range(2, largest.bit_length())
    ]
    return sorted(
        prime_numbers(smallest, largest) + [q for q in powers if smallest <= q <= largest]
    )


def nearest_prime_powers(smallest: int, largest: int, near: int, count: int) -> list[int]:
    """Return the prime powers of smallest..largest that are the `count` nearest below or above.

    Args:
        smallest: no less.
        largest: no more.
        near: where to look; itself counted as below.
        count: how many on either side, where there are so many.

    Returns:
        Ascending.
    """
    reach = 64
    while True:
        low, high = max(smallest, near - reach), min(largest, near + reach)
        found = prime_powers(low, high)
        below, above = [q for q in found if q <= near], [q for q in found if q > near]
        enough_below = len(below) >= count or low == smallest
        if enough_below and (len(above) >= count or high == largest):
            return below[-count:] + above[:count]
        reach *= 2


class Field:
    """GF(q). An element is the integer whose base-p digits are its polynomial's coefficients.

    Memory and time to make one are O(q): products go through logarithms to a primitive element.
    """

    def __init__(self, q: int):
        """Find a primitive polynomial of degree k over GF(p) and tabulate its powers.

        Args:
            q: the number of elements, a prime power.

        Raises:
            ValueError: if q is no prime power.
        """
        parts = prime_power(q)
        check(parts is not None, "q", "must be a prime power", q)
        assert parts is not None
        self.q = q
        self.p, self.k = parts
        if self.k > 1:
            # There are phi(q-1)/k primitive polynomials, so the search is short.
            tails = product(range(self.p), repeat=self.k)
            self._powers = next(
                powers for t in tails if (powers := self._powers_of_x(t)) is not None
            )
            self._logs = np.zeros(q, np.int64)
            self._logs[self._powers] = np.arange(q - 1)

    def _powers_of_x(self, tail: tuple[int, ...]) -> Int[np.ndarray, " m"] | None:
        """Return x^0..x^(q-2) modulo x^k - tail(x), or None unless these are all different."""
        p, q, top = self.p, self.q, self.q // self.p
        value, seen = 1, np.zeros(q, bool)
        powers = np.zeros(q - 1, np.int64)
        for exponent in range(q - 1):
            if value == 0 or seen[value]:
                return None
            seen[value] = True
            powers[exponent] = value
            carry, shifted = value // top, value % top * p
            digits = ((shifted // p**i + carry * tail[i]) % p for i in range(self.k))
            value = sum(digit * p**i for i, digit in enumerate(digits))
        return powers

    def add(self, a: Elements, b: Elements) -> Elements:
        """Return a + b, digit by digit modulo p."""
        if self.k == 1:
            return (a + b) % self.p
        place = [self.p**i for i in range(self.k)]
        return sum((((a // w) + (b // w)) % self.p * w for w in place), np.zeros_like(a + b))

    def multiply(self, a: Elements, b: Elements) -> Elements:
        """Return a·b."""
        if self.k == 1:
            return a * b % self.p
        product_ = self._powers[(self._logs[a] + self._logs[b]) % (self.q - 1)]
        return np.where((a == 0) | (b == 0), 0, product_)
