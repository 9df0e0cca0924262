"""Where the closed forms hold: no inactive circuit may switch on."""

# |dx|^2 of the guess x = 0, the mean of a unit vector of random direction: more error is useless.
USELESS_VECTOR_ERROR = 1.0


def correct_active_fraction(z: int, S: int, n: int) -> float:
    """Return z·S/n = z·S·d/D, the share of active neurons in a block without erroneous activation.

    An upper bound: active circuits that meet share a neuron, which happens to a share of order
    z·S/n of them.
    """
    return min(z * S / n, 1.0)


def interference_parameter(T: int, d: int, D: int) -> float:
    """Return T (d/D)^2, which has to be small: the load of neurons times the density of circuits."""
    return T * (d / D) ** 2
