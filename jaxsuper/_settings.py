"""Settings as plain data: what a network is, what it is measured on, and how often.

Nothing heavy is imported here, so that a command line can be read and explained without JAX.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from ._errors import bad, check_kind, one_of


# The continuous parameters of a network: swept without compiling again, tuned by gradient.
PARAMETERS = ("lower_threshold", "upper_threshold", "gate_bias", "inhibition_factor")
# What the sources call settings; the whole table is in `_types`.
LETTERS = {
    "D": "network_width",
    "T": "n_circuits",
    "S": "redundancy",
    "z": "n_active",
    "L": "n_layers",
    "b": "gate_bias",
    "lo": "lower_threshold",
    "hi": "upper_threshold",
}
# The named choices, as the command line offers them without loading what they stand for; a test
# holds them against the registries.
CIRCUITS = ("rotation", "rotation3", "step", "levels2", "levels4", "levels8")
CONSTRUCTIONS = (
    "block",
    "clipped",
    "carried",
    "cleaned",
    "early-guess",
    "oracle",
    "plain",
    "private",
    "separate",
    "split",
)
FAMILIES = ("prime-steps", "balanced-prime-steps", "transversal", "random", "auto")
INDICATORS = ("recomputed", "carried", "early-guess")
INHIBITIONS = ("scalar", "receiver")
# Which circuit feeds which: each itself, a program by name, or one of a TOML file.
IDENTITY = "identity"
EDGES = (IDENTITY, "relay", "branch", "merge", "chain")
PRECISIONS = ("default", "high", "highest")
# Independent networks of an experiment: predictions are of the mean over networks, and deep in the
# seizure single ones scatter by a third. With eight Student's quantile is 2.4, with four 3.2.
N_NETWORKS = 8


@dataclass(frozen=True)
class Configuration:
    """A network and a batch; the defaults are the published choice at the headline size.

    Attributes:
        network_width: D, neurons per layer of the large network.
        n_circuits: T, small circuits stored.
        redundancy: S, large neurons per small neuron.
        n_active: z, circuits active in a sample.
        n_layers: L, computing layers.
        batch_size: samples.
        seed: of angles, shuffles and samples.
        network: which of the independent networks of this seed.
        circuit: rotation (d = 4), rotation3 (d = 3), step (d = 2), levels2, levels4, levels8 (one of k
            levels that every layer cleans, d = 2k), or a safetensors file of layers, which is put
            behind an on-indicator; gated:FILE behind one on-neuron, for private, mlp:FILE behind none.
        construction: clipped (published), cleaned (a clean-up layer before each computing layer, 2L
            in all), split, plain, oracle, private (rotation3, gated), block (S = 1); separate, carried or
            early-guess (indicators on neurons of their own; the last two rotation3).
        allocation: which family of sets carries the circuits.
        indicator: how the on-indicator is carried: recomputed in every layer, carried unchanged or
            early-guess (both rotation3).
        indicator_redundancy: S of the indicator, if it has neurons of its own; 0: that of the rest.
        indicator_share: the part of D that the indicators get; 0: all blocks equal.
        indicator_copies: indicators per circuit, averaged.
        lower_threshold: lo, where the step of the on-indicator starts.
        upper_threshold: hi, where it ends.
        gate_bias: b of the rotation neurons.
        inhibition: scalar (published) or receiver (one chi per receiving neuron).
        inhibition_factor: a factor on chi.
        precision: of matrix products: highest (full float32), high (three bfloat16 products on a TPU,
            safe at the published thresholds) or default (one: off by several standard errors).
        edges: which circuit feeds which: identity (each itself), relay (each the next), branch (the
            first of three decides which of the others goes on), merge (two of three add up in the
            third), chain (L different ones), or a TOML file of a program.
    """

    network_width: int = 1000
    n_circuits: int = 557
    redundancy: int = 6
    n_active: int = 1
    n_layers: int = 5
    batch_size: int = 500
    seed: int = 0
    network: int = 0
    circuit: str = "rotation"
    construction: str = "clipped"
    allocation: str = "prime-steps"
    indicator: str = "recomputed"
    indicator_redundancy: int = 0
    indicator_share: float = 0.0
    indicator_copies: int = 1
    lower_threshold: float = 0.25
    upper_threshold: float = 0.75
    gate_bias: float = 1.0
    inhibition: str = "scalar"
    inhibition_factor: float = 1.0
    precision: str = "highest"
    edges: str = IDENTITY


@dataclass(frozen=True)
class Experiment:
    """A configuration measured for one or several numbers of active circuits, on several networks.

    Attributes:
        configuration: the network and the batch.
        n_active: z, circuits active in a sample; several values are run one after the other. Left
            empty it is that of the configuration, which it otherwise overrides.
        n_networks: independent networks to average over, from the configuration's on; above 1 the
            errors are between networks, as predictions need them; with 1 they are of this network.
        chunk: samples run at once; by default what suits the device.
        erroneous_share: the chance of each inactive circuit to be on at the input by mistake: with 1
            networks start seized. Theories are about 0, and say nothing of others.
    """

    configuration: Configuration = Configuration()
    n_active: tuple[int, ...] = ()
    n_networks: int = N_NETWORKS
    chunk: int | None = None
    erroneous_share: float = 0.0

    def __post_init__(self) -> None:
        check_kind("configuration", self.configuration, Configuration)
        check_kind("n_active", self.n_active, tuple, list)
        if not self.n_active:
            object.__setattr__(self, "n_active", (self.configuration.n_active,))

    @classmethod
    def of(cls, **settings: Any) -> "Experiment":
        """Return the experiment of flat settings; what is left out has its default.

        Args:
            **settings: those of `Configuration`, of which `n_active` may be an int or a sequence of
                them, `n_networks`, `chunk` and `erroneous_share`.

        Raises:
            ValueError: for a setting of another name, or an empty `n_active`.
        """
        own = ("n_networks", "chunk", "erroneous_share")
        for name in settings:
            one_of((*(field.name for field in fields(Configuration)), *own), name, "settings")
        n_active = settings.pop("n_active", Configuration.n_active)
        several = isinstance(n_active, tuple | list)
        counts = tuple(n_active) if several else (n_active,)
        if not counts:
            raise bad("n_active", "must name at least one number", "none")
        options = {name: settings.pop(name) for name in own if name in settings}
        return cls(Configuration(n_active=counts[0], **settings), counts, **options)

    def flat(self) -> dict[str, Any]:
        """Return the settings as they stand in the JSON of `simulate`; `of` reads them again."""
        flat: dict[str, Any] = {}
        for name, value in asdict(self.configuration).items():
            # The number of networks stands where a configuration says which network it is.
            if name == "network":
                flat["n_networks"] = self.n_networks
            elif name == "n_active":
                several = len(self.n_active) > 1
                flat[name] = list(self.n_active) if several else self.n_active[0]
            else:
                flat[name] = value
        return flat | {"chunk": self.chunk, "erroneous_share": self.erroneous_share}
