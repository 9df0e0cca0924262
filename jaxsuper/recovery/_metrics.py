"""What every metric means, in the order of tables."""

# Thirds of the circuits, by how many others use their neurons.
LOADS = ("low", "middle", "high")
# Metrics that are there for each third, too.
_BY_LOAD = ("recall", "auc", "loss_full_active", "loss_kept_active")
# Name -> a sentence for tables; the formulas stand where they are computed.
_ALONE = {
    "recall": "share of circuits with a direction of their own, cosine with their span ≥ 0.9",
    "precision": "share of directions that are such a circuit's, one for each",
    "cosine_span": "matched cosine with the nearest direction of the circuit's span (Hungarian)",
    "cosine": "matched cosine with the circuit's mean activity (Hungarian)",
    "auc": "area under the ROC curve of matched indicators, on samples that did not match them",
    "r2": "squared correlation of matched indicators there",
    "component_recall": "share of edges (or circuits) that a rank-one component belongs to",
    "component_precision": "share of components that do, at most the rank of the edge for each",
    "component_cosine": "best cosine of an edge's components with its two spans",
    "part_explained": "share of the edge's own part of W that its components explain",
    "explained": "share of W that all components explain",
    "explained_inside": "the same over weights that circuits use",
    "explained_outside": "the same over all other weights; interference is none of the truth",
    "drift": "relative distance from the ideal start (pairs of the truth)",
    "drift_cosine": "cosine of components with the pair they were started at",
    "loss_full_active": "squared error of active circuits, full W",
    "loss_kept_active": "the same with the sum of components in place of W",
    "loss_full_inactive": "squared reading of inactive circuits, full W",
    "loss_kept_inactive": "the same with the sum of components in place of W",
    "edge_recall": "share of true pairs of circuits that an edge was found for",
    "edge_precision": "true pairs found over edges handed in",
    "edge_recall_found": "recall among true pairs both of whose ends were found",
}
METRICS: dict[str, str] = {}
for _name, _says in _ALONE.items():
    METRICS[_name] = _says
    for _load in LOADS if _name in _BY_LOAD else ():
        METRICS[f"{_name}_{_load}_load"] = f"{_name} of the third of circuits with a {_load} load"
# Of these less is better.
LOWER = frozenset(name for name in METRICS if name.startswith(("drift", "loss"))) - {"drift_cosine"}
