"""The methods by name, and the one way to run any of them."""

from collections.abc import Callable
from dataclasses import dataclass

from ..._errors import check, lookup
from ..._limits import check_cost, Cost
from .._answer import Answer, check_fits
from .._export import Export, reported_of, sizes_of
from . import _autoencoders, _factors, _parameters, _probes, _transcoders
from ._options import Options, Report, silent


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes:
        find: looks for circuits.
        says: what it is, in a line.
        told: whether it reads the truth (a ceiling, no method).
        ideal: whether it can be started at the truth.
        parts: whether it looks for components of weights, of which there are more than circuits.
    """

    find: Callable[[Export, Options, Report], Answer]
    says: str
    told: bool = False
    ideal: bool = False
    parts: bool = False


METHODS: dict[str, Method] = {
    "probes": Method(
        _probes.probes, "ridge regression on the true indicators: a ceiling", told=True
    ),
    "pca": Method(_factors.pca, "principal components"),
    "svd": Method(_factors.svd, "singular vectors"),
    "fast-ica": Method(_factors.fast_ica, "independent components (scikit-learn)"),
    "nmf": Method(_factors.nmf, "non-negative matrix factorisation (scikit-learn)"),
    "semi-nmf": Method(_factors.semi_nmf, "codes not negative, directions of any sign"),
    "dictionary": Method(_factors.dictionary, "minibatch dictionary learning (scikit-learn)"),
    "sae-l1": Method(_autoencoders.l1_autoencoder, "sparse autoencoder, L1", ideal=True),
    "sae-topk": Method(_autoencoders.top_k_autoencoder, "sparse autoencoder, TopK", ideal=True),
    "transcoder": Method(_transcoders.transcoder, "between neighbouring layers"),
    "cross-layer": Method(
        _transcoders.cross_layer, "a transcoder that writes into all later layers"
    ),
    "spd": Method(
        _parameters.decomposition,
        "rank-one components of W, stochastic masks",
        ideal=True,
        parts=True,
    ),
}


def recover(
    export: Export, method: str, options: Options | None = None, report: Report = silent
) -> Answer:
    """Look for the circuits of an exported network.

    Args:
        export: the network, from `testbed.read_export`.
        method: a name of `METHODS`.
        options: settings; the method's own where they are left out.
        report: called with (done, in all, of what).

    Returns:
        The answer, to be scored or written.

    Raises:
        ValueError: for an unknown method, a setting that cannot be, or sizes that do not fit.
    """
    chosen = lookup(METHODS, method, "method")
    options = options or Options()
    options.check()
    fits = options.start == "random" or chosen.ideal
    check(fits, "start", f"must be random, as {method} has no start", options.start)
    n_neurons, n_circuits, n_samples = sizes_of(export)
    own = len(export.config.channels) * n_circuits + n_neurons if chosen.parts else n_circuits
    units = options.n_units or own
    layers = len(reported_of(export))
    check_cost(
        lambda n_samples, n_units: Cost(
            4 * layers * (3 * n_samples * (n_neurons + n_units) + 8 * n_units * n_neurons)
        ),
        {"n_samples": n_samples, "n_units": units},
    )
    answer = chosen.find(export, options, report)
    check_fits(answer, export)
    return answer
