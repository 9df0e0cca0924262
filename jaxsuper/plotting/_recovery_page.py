"""The score of answers as one self-contained HTML page, in the ledger's manner."""

from collections.abc import Sequence
from html import escape

from ..recovery import METRICS, Row, Score, Scored
from ._article import table
from ._inlined import inlined


_WIDTH, _HEIGHT = 150, 14


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}" if abs(value) < 1e4 else f"{value:.1e}"


def _place(row: Row) -> str:
    """Return where a value stands between chance and truth, as a picture."""
    if row.random is None or row.oracle is None or row.random == row.oracle:
        return ""
    share = (row.value - row.random) / (row.oracle - row.random)
    right = 4 + min(max(share, 0), 1) * (_WIDTH - 8)
    words = f"{share:.0%} of the way from chance to the truth"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img"><title>{words}</title>'
        f'<path class="axis" d="M4 7H{_WIDTH - 4}M4 3v8M{_WIDTH - 4} 3v8"/>'
        f'<path class="s0 dot" d="M{right:.1f} 7h.01"/></svg>'
    )


def _cells(row: Row) -> tuple[str, ...]:
    error = "" if row.stderr is None else f" ± {_number(row.stderr)}"
    name = escape(row.metric) + (f" · {row.hops} hop{'s' * (row.hops > 1)}" if row.hops else "")
    return (
        f'<span title="{escape(METRICS[row.metric])}">{name}</span>',
        f"{_number(row.value)}{error}",
        _number(row.random),
        _number(row.oracle),
        _place(row),
    )


_HEAD = ("metric", "answer", "random", "oracle", "between them")


def _by_layer(rows: Sequence[Row]) -> str:
    """Return a table of each layer."""
    layers = sorted({row.layer for row in rows if row.layer is not None})
    found = []
    for layer in layers:
        own = [_cells(row) for row in rows if row.layer == layer]
        found.append(f"<h2>Layer {layer}</h2>{table(_HEAD, own, 'points')}")
    return "".join(found)


def _circuits(score: Score) -> str:
    """Return how the matched cosines of single circuits are distributed, by layer."""
    edges = [index / 10 for index in range(11)]
    rows = []
    for one in score.circuits:
        cosines = [c for c in one.values.get("cosine_span", ()) if c is not None]
        if not cosines:
            continue
        counts = [
            sum(low <= c < high or (high == 1 and c >= 1) for c in cosines)
            for low, high in zip(edges, edges[1:], strict=False)
        ]
        load = sum(one.load) / len(one.load)
        rows.append((str(one.layer), f"{load:.3g}", *(str(count or "") for count in counts)))
    head = ("layer", "mean load", *(f"{low:.1f}–" for low in edges[:-1]))
    return table(head, rows, "counts")


def score_page(scored: Scored, networks: Sequence[str]) -> str:
    """Return the scores of a method's answers as an HTML page that needs nothing else.

    Args:
        scored: over one network or more.
        networks: what to call them.

    Returns:
        The page.
    """
    style, digest = inlined("ledger.css")
    policy = f"default-src 'none'; style-src {digest}; form-action 'none'; base-uri 'none'"
    count = len(scored.scores)
    pairs = "; ".join(
        f"{score.source} on {network}"
        for score, network in zip(scored.scores, networks, strict=True)
    )
    means = [_cells(row) for row in scored.rows if row.layer is None]
    meant = table(
        ("metric", "meaning"),
        ((escape(name), escape(METRICS[name])) for name in _names(scored)),
        "power",
    )
    per_circuit = "".join(
        f"<p class='soft'>{escape(network)}</p>{_circuits(score)}"
        for score, network in zip(scored.scores, networks, strict=True)
        if any("cosine_span" in one.values for one in score.circuits)
    )
    errors = (
        "Errors are standard errors over networks."
        if count > 1
        else "One network: no standard error over networks."
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>jaxsuper: score on {count} networks</title><style>{style}</style></head><body>"
        f"<h1>What was found of the circuits in {count} network{'s' * (count != 1)}</h1>"
        f"<p class='soft'>{escape(pairs)}.</p>"
        "<p>Each value stands between two ends: a random answer of the same form, and the truth "
        f"itself as an answer. {errors} The point in the last column is where the answer lies "
        "between them.</p>"
        f"<h2>Mean over layers</h2>{table(_HEAD, means, 'points')}{_by_layer(scored.rows)}"
        + (f"<h2>Circuits by matched cosine</h2>{per_circuit}" if per_circuit else "")
        + f"<h2>Metrics</h2>{meant}</body></html>\n"
    )


def _names(scored: Scored) -> list[str]:
    return list(dict.fromkeys(row.metric for row in scored.rows if row.layer is None))
