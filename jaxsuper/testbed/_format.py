"""The folder of an exported network: every name, shape and dtype, and the header of its config.

    config.json  model.safetensors  truth.safetensors  samples.safetensors  README.md  hooked.py

K ReLU layers of D neurons, counted k = 0..K-1 from the embedding on. `config.reported` lists the L of
them that circuits are read out after, in order: all of them, except that `cleaned` has a clean-up
layer before each (K = 2L). T circuits of d neurons, c channels (of rotations the indicator alpha, x0
and x1), R large neurons per circuit and layer (d S where all rows have the same redundancy). Integers are
int32, numbers float32, labels uint8. Matrices are [to, from], as `torch.nn.Linear` has them. Samples
come first in all arrays. Indices of circuits may be T: no circuit, with inputs of 0.

    A_0 = act( b_0 + sum_m E[embedded_m] inputs_m ),    A_k = act( W_k A_{k-1} + b_k )

act is the ReLU; for the construction `oracle`, whose `config.activation` is "masked", it sets all
neurons to 0 but those of active circuits, and is linear otherwise.

model.safetensors: what runs alone
    layers.{k}.weight     (D, D)     W_k, k = 1..K-1
    layers.{k}.bias       (D,)       b_k, k = 0..K-1
    embedding.neurons     (T, R)     the neurons of layer 0 that E_t writes
    embedding.weight      (T, R, d)  what they get from the d inputs of circuit t
    readout.{k}.neurons   (T, R)     k reported: the neurons that circuit t is read from
    readout.weight        (c, R)     estimates = weight · A[neurons] + shared · A + constant
    readout.shared        (c, D)     0 but for plain and split, which subtract a mean
    readout.constant      (c,)

truth.safetensors: what nobody is to look at before scoring
    rows                  (R,)       which of the d neurons of a small circuit column r stands for
    neurons.{k}           (T, R)     the large neurons that carry it in layer k
    circuits.weights      (1 or L, T, d, d)  w_t by reported layer, one entry if all are the same
    circuits.biases       (1 or L, d)
    parts.{k}.sources     (E,)       k = 1..K-1: circuit that edge e reads
    parts.{k}.targets     (E,)       circuit that it writes; without a program E = T, both t
    parts.{k}.weights     (E, d, d)  see below
    pairs.{k}.part        (P,)       the edge of rank-one pair p
    pairs.{k}.u           (P, d)     where it writes
    pairs.{k}.v           (P, d)     what it reads
    labels.{k}            (D, D)     uint8: 0 no weight, 1 of one circuit or edge, 2 of several,
                                     3 interference, 4 machinery
    edges.{g}.sources     (E,)       g = 0..L-2: the causal graph from reported layer g to g + 1
    edges.{g}.targets     (E,)
    edges.{g}.opens       (E,)       uint8: 1 where the edge switches its target on
    hops.{h}.layers       (H,)       h = 1..L-1: reported layer g that a path of h edges starts in,
    hops.{h}.sources      (H,)       from this circuit there
    hops.{h}.targets      (H,)       to this one, another circuit, in reported layer g + h

samples.safetensors: N samples
    active                (N, L, z)  circuits meant to be on after each reported layer
    embedded              (N, m)     circuits that are given something
    inputs                (N, m, d)  what: their own input a^0, see `config.inputs`
    truth                 (N, L, z, c)  channels of the active circuits when run alone
    estimates             (N, L, z, c)  the network's
    activations.{k}       (N, D)     k reported: the network's, after act

True values of circuits that are not in `active` are 0 and not stored.

The part of W_k that belongs to edge e is

    part[ neurons.k[target, r], neurons.(k-1)[source, q] ] = weights[e, rows[r], rows[q]],    0 elsewhere

of rank c at most; it is the sum of its pairs, u at neurons.k[target, r] being u[p, rows[r]] and v at
neurons.(k-1)[source, q] being v[p, rows[q]]. The sum of all parts is not W: what is left over belongs
to no circuit. It is interference, label 3 (on links that several circuits use, 2, too), in

    clipped, cleaned, oracle, separate   the mean weights, which are the same for all circuits, are
        written once on a link however many circuits use it: W has min(1, N) of them where the parts have
        N ("clipping", -wbar (N - 1) where N > 1). No link says which of its circuits lost its weight,
        so that W is no sum of one term for each circuit, and this is the truth there is. Where N = 0
        every link inhibits by -chi wbar ("inhibition").
    plain, split                         the correction of u, on all links ("correction")
    private                              minus the parts' own diagonals ("self-links")
    carried, early-guess                 clipping and inhibition of the gates

or machinery that all circuits need, label 4: gates, addresses and copies of them. A weight that
circuits use is labelled 1 or 2 even if what is left over changes it; where it is left out on purpose
(self-links) there is none.
"""

from typing import Any

import msgspec


FORMAT, VERSION = "jaxsuper-testbed", 1
CONFIG, CARD, HOOKED, PICTURE = "config.json", "README.md", "hooked.py", "errors.png"
MODEL, TRUTH, SAMPLES = (f"{name}.safetensors" for name in ("model", "truth", "samples"))
# Labels of weights.
NONE, OWN, SHARED, INTERFERENCE, MACHINERY = range(5)
LABELS = ("none", "own", "shared", "interference", "machinery")


class Config(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`config.json`.

    Attributes:
        format: "jaxsuper-testbed".
        version: of the format.
        construction: by name.
        activation: "relu" or "masked".
        inputs: what `samples.inputs` are, in words.
        n_neurons: D.
        n_circuits: T.
        circuit_width: d.
        redundancy: R, large neurons per circuit and layer.
        n_layers: L, the layers that are reported.
        n_relu: K, the layers there are.
        reported: which of them are reported.
        channels: names of the c channels.
        channel_matrix: (c, d), which combinations of a circuit's neurons they are.
        readouts: names of quantities -> their channels.
        n_active: z, circuits or groups that start.
        n_samples: N.
        settings: the configuration that rebuilds the network, empty if it was made by hand.
        labels: by matrix, how many weights have each of `LABELS`.
        program: whether circuits feed others than themselves.
        seed: of the samples.
        measured: rows {layer, metric, value, stderr} over the N samples.
        position: where the network stands against the seizure, as theory has it; may be empty.
        baseline: the naive baseline beside the network, rows by z; may be empty.
        sha256: of the other files.
        made_with: versions.
    """

    format: str
    version: int
    construction: str
    activation: str
    inputs: str
    n_neurons: int
    n_circuits: int
    circuit_width: int
    redundancy: int
    n_layers: int
    n_relu: int
    reported: list[int]
    channels: list[str]
    channel_matrix: list[list[int]]
    readouts: dict[str, list[int]]
    n_active: int
    n_samples: int
    settings: dict[str, Any]
    labels: list[dict[str, int]]
    program: bool
    seed: int
    measured: list[dict[str, Any]]
    position: dict[str, Any]
    baseline: list[dict[str, Any]]
    sha256: dict[str, str]
    made_with: dict[str, str]
