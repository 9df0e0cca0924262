"""The way down: up to how many circuits a network that starts seized falls silent again."""

from ..._errors import bad, check
from ._density import density_evolution
from ._links import Links
from ._loads import even_loads


# A network is seized while inactive indicators' error is so many times that of quiet work, z e.
SEIZED = 5.0
_PRECISION, _STRIDE = 0.002, 1.2


def releasing_circuits(
    block_width: float | int,
    redundancy: int,
    n_active: int,
    n_layers: int,
    lower_threshold: float | int,
    upper_threshold: float | int,
    most: float | int,
) -> float:
    """Return the T below which a network with all neurons on at the start is silent at layer L.

    Between it and `critical_circuits` both states are stable. What falls silent has lost its active
    circuits too: it does not go back to work. Source: ours; notes#hysteresis.

    Args:
        block_width: n.
        redundancy: S.
        n_active: z.
        n_layers: L; the more layers, the slower falls are seen to their end.
        lower_threshold: lo.
        upper_threshold: hi.
        most: T at which it stays seized, `critical_circuits` say.

    Raises:
        ValueError: if not even `most` circuits keep it seized.
    """
    check(n_layers >= 2, "n_layers", "must be at least 2", n_layers)

    def stays(T: float) -> bool:
        links = Links.of(even_loads(T, redundancy, block_width), n_active)
        sizes = links, n_layers, lower_threshold, upper_threshold
        quiet = density_evolution(links, 1, lower_threshold, upper_threshold).inactive[0]
        return bool(density_evolution(*sizes, start="all on").inactive[-1] > SEIZED * quiet)

    fewest, high = max(block_width / redundancy, n_active + 2.0), float(most)
    if not stays(high):
        raise bad("most", "must keep a network seized", most, "give more circuits")
    low = high / _STRIDE
    while low > fewest and stays(low):
        low, high = low / _STRIDE, low
    low = max(low, fewest)
    while high > low * (1 + _PRECISION):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if stays(middle) else (middle, high)
    return (low * high) ** 0.5
