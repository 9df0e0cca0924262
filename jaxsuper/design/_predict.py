"""The error a theory expects of a design, before any network is built."""

from .. import theory
from ..analytics import separate_evolution
from ..circuits import width_of
from ..network import Separate, shares
from ..simulation import Configuration, design_of, prepare
from ._designs import Design


def predict_error(design: Design) -> float | None:
    """Return E|x_est - x|^2 of active circuits at the last layer, as theory has it.

    Closed forms for private links, carried indicators and the block construction with one active
    circuit; state evolution for the clipped construction with d = 4, about a second each, and for
    indicators with neurons of their own. The
    closed forms assume that the gates of idle circuits stay silent, which they do not check.

    Args:
        design: the design.

    Returns:
        The error, or None where there is no theory: guessed indicators, clean-up layers
        (their closed form leaves erroneous activation out), the block construction with several
        active circuits.
    """
    given = design.configuration
    if design.kind in ("published", "clipped"):
        return _evolved(given)
    if design.kind == "private":
        n = given.network_width // width_of(given.circuit)
        sizes = (given.n_layers, given.n_circuits, n, given.redundancy, given.n_active)
        return float(theory.private_active_mse(*sizes)[-1])
    if design.kind == "carried":
        own, payload = shares(given.network_width, 3, given.indicator_share)
        parts = (own, given.indicator_redundancy, payload, given.redundancy)
        count, z = given.n_circuits, given.n_active
        form = theory.carried_active_mse(given.n_layers, count, *parts, z, given.gate_bias)
        return float(form[-1])
    if design.kind == "separate":
        network = prepare(given)[2]
        assert isinstance(network, Separate)
        form = separate_evolution(network, given.n_active, given.n_layers, given.inhibition)
        return float(form["mse_x_active"][-1])
    if design.kind == "block" and given.n_active == 1:
        return 0.0
    return None


def _evolved(given: Configuration) -> float:
    sets = design_of(given)
    evolved = theory.state_evolution(
        sets.loads[sets.sets],
        sets.block_width,
        given.n_active,
        given.n_layers,
        lo=given.lower_threshold,
        hi=given.upper_threshold,
        b=given.gate_bias,
        chi_factor=given.inhibition_factor,
        inhibition=given.inhibition,
    )
    return float(evolved["mse_x_active"][-1])
