"""The letter table (paper letter -> word in code) and array aliases.

| letter   | word in code       | meaning                                                            |
|----------|--------------------|--------------------------------------------------------------------|
| T        | `n_circuits`       | small circuits stored in the network                               |
| d        | `circuit_width`    | neurons per layer of a small circuit                               |
| D        | `network_width`    | neurons per layer of the large network, d blocks of n              |
| n = D/d  | `block_width`      | neurons of one block                                               |
| S        | `redundancy`       | large neurons that carry one small neuron                          |
| L        | `n_layers`         | layers                                                             |
| T, D     | `n_features`, `width` | features and neurons of an embedding without computation        |
| z        | `n_active`         | circuits active in one forward pass                                |
| b        | `gate_bias`        | bias of the rotation neurons                                       |
| chi'     | `inhibition`       | inhibition between unconnected neurons (clipped construction)      |
| lo, hi   | `lower_threshold`, `upper_threshold` | where the step of the on-indicator starts and ends |
| e        | `overlap_rate`     | mean squared relative overlap of two circuits of an allocation     |
| rho      | `overlap_rate_published` | d/D - 1/(S T), the published approximation of e              |

Letters appear only as arguments of `jaxsuper.theory` and in shape strings, where besides them
R is the largest load (circuits on one neuron), B a batch of samples, k a number of channels.
"""

from typing import TypeAlias

import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key


KeyScalar: TypeAlias = Key[Array, ""]
Scalar: TypeAlias = Float[Array, ""]
Sets: TypeAlias = Int[np.ndarray, "T S"]
Activations: TypeAlias = Float[Array, "d n B"]
Channels: TypeAlias = Float[Array, "k n B"]
CircuitValues: TypeAlias = Float[Array, "k T B"]
ActiveIds: TypeAlias = Int[Array, "z B"]
Connections: TypeAlias = Bool[Array, "n n"]
