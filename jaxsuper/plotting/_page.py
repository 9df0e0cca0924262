"""The ledger as one self-contained HTML page: formulas and plots inside, no request to anywhere."""

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image

from ._claims import claim_figure


_STYLE = """
:root { --ink: #1c2430; --soft: #5b6675; --line: #dde2e8; --good: #00734f; --bad: #b3261e; --mid: #8a5a00; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 72rem; margin: 0 auto;
  padding: 2rem 1.25rem 6rem; background: #fff; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 3rem 0 .5rem;
  border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1.05rem; margin: 0; font-family: ui-monospace, monospace; }
p { margin: .4rem 0; } .soft { color: var(--soft); font-size: .88rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
td, th { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
article { margin: 1.5rem 0 2.5rem; display: grid; gap: .5rem 2rem;
  grid-template-columns: minmax(0, 1fr) minmax(0, 27rem); grid-template-rows: auto 1fr auto; }
article > figure { margin: 0; grid-row: 1 / span 2; grid-column: 2; } figure img { width: 100%; }
article > details { grid-column: 1 / -1; } .formula { height: auto; max-width: 100%; margin: .5rem 0; }
.badge { display: inline-block; padding: 0 .55rem; border-radius: 1rem; border: 1px solid; font-size: .8rem;
  white-space: nowrap; } .holds { color: var(--good); } .refuted { color: var(--bad); }
.regime { color: var(--mid); } .error, .wrong { background: var(--bad); color: #fff; }
a { color: inherit; } details summary { cursor: pointer; font-size: .88rem; color: var(--soft); }
.scroll { overflow-x: auto; }
@media (max-width: 52rem) { article { grid-template-columns: minmax(0, 1fr); }
  article > figure { grid-column: 1; grid-row: auto; } }
"""
# What the browser may load at all: images inside the page and its own style.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_SOURCES = (
    "[R] Linsefors, Bushnaq, Rotations in Superposition (2025). [C2] the same, Circuits in Superposition "
    "2 (2025). [S] Linsefors, comments on superposition (2025-26). [M] Linsefors, Estimated MSE loss for "
    "three different ways of embedding features into neurons; [M2] MSE loss does not generate "
    "superposition (2026). [H] Hänni, Mendel, Vaintrob, Chan, arXiv 2408.05451. [A] Adler, Shavit, arXiv "
    "2409.15318. [W] Linear-Readout Floors and Threshold Recovery, arXiv 2605.01192. [B] Block-structured "
    "computation in superposition (2026). notes#name: section name of jaxsuper/theory/README.md."
)
_CLASSES = {"holds": "holds", "holds in regime": "regime", "refuted": "refuted", "error": "error"}


def formula_svg(formula: str) -> bytes:
    """Return a formula as SVG.

    Args:
        formula: LaTeX, in the part that matplotlib's mathtext knows.

    Raises:
        ValueError: if it does not parse.
    """
    with matplotlib.rc_context({"mathtext.fontset": "cm", "svg.hashsalt": "jaxsuper"}):
        buffer = io.BytesIO()
        math_to_image(f"${formula}$", buffer, prop=FontProperties(size=15), format="svg")
    return buffer.getvalue()


def _image(svg: bytes, label: str, kind: str) -> str:
    data = b64encode(svg).decode()
    return f'<img class="{kind}" alt="{escape(label)}" src="data:image/svg+xml;base64,{data}">'


def _plot(entry: dict[str, Any]) -> str:
    if "evidence" not in entry:
        return ""
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "jaxsuper"}):
        figure, buffer = claim_figure(entry), io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        plt.close(figure)
    return _image(buffer.getvalue(), f"Measured against predicted: {entry['statement']}", "plot")


def _badge(verdict: str) -> str:
    return f'<span class="badge {_CLASSES[verdict]}">{escape(verdict)}</span>'


def _number(value: float | None, digits: int = 5) -> str:
    return "" if value is None else f"{value:.{digits}g}"


def _excess(value: float | None) -> str:
    return "beyond any" if value is None else "over 1000" if value > 1000 else f"{value:.2f}"


def _points(entry: dict[str, Any]) -> str:
    evidence = entry["evidence"]
    names = ("series", escape(evidence["x_label"]), "measured", "± s.e.", "", "claim", "rival")
    head = "".join(f"<th>{name}</th>" for name in names)
    signs = {"equal": "=", "at most": "≤", "at least": "≥"}
    rows = []
    for point in evidence["points"]:
        cells = [f"<td>{escape(point['series'])}</td>"]
        for name in ("x", "measured", "stderr"):
            text = _number(point[name], 2 if name == "stderr" else 5)
            cells.append(f'<td class="n">{text}</td>')
        cells.append(f"<td>{signs[point['relation']]}</td>")
        cells += [f'<td class="n">{_number(point[name])}</td>' for name in ("predicted", "rival")]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    allowed = {round(point["allowed_standard_errors"], 1) for point in evidence["points"]}
    k = " to ".join(str(value) for value in sorted({min(allowed), max(allowed)}))
    allowance = [f"{k} standard errors"]
    if evidence["tolerance"]:
        allowance.append(f"{evidence['tolerance']:.3g} of the predicted value")
    if evidence["slack"]:
        allowance.append(f"{evidence['slack']:.3g} absolute")
    return (
        f"<details><summary>{len(rows)} comparisons; allowed: {', '.join(allowance)}</summary>"
        f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div></details>'
    )


def claim_article(entry: dict[str, Any]) -> str:
    """Return one claim's part of the page.

    Args:
        entry: of the ledger; its environment is not needed.

    Returns:
        HTML with formula, plot and numbers.
    """
    rival = entry["rival"]
    lines = [
        f"<div><h3>{escape(entry['id'])}</h3>"
        f"<p>{escape(entry['statement'])}</p>"
        f"{_image(formula_svg(entry['formula']), entry['formula'], 'formula')}</div>"
    ]
    if "evidence" in entry:
        lines.append(
            f"<figure>{_plot(entry)}<figcaption class='soft'>Points: measured ± s.e.; open: the claim "
            "(triangles: a bound); crosses: the rival.</figcaption></figure>"
        )
    facts = [f"<p>{_badge(entry['verdict'])}"]
    if not entry["as_expected"]:
        facts.append(f' <span class="badge wrong">expected: {escape(entry["expected"])}</span>')
    facts.append("</p>")
    if entry["boundary"]:
        low, high = entry["boundary"]
        label = escape(entry["evidence"]["x_label"])
        facts.append(f"<p>Holds up to {label} = {low:.4g}, not at {high:.4g}.</p>")
    if entry["worst"] is not None or "evidence" in entry:
        facts.append(
            f"<p class='soft'>Largest deviation, in units of what is allowed: "
            f"{_excess(entry['worst'])}.</p>"
        )
    facts.append(
        f"<p class='soft'>Rival: {escape(rival['statement'])} — {escape(str(rival['verdict']))}, "
        f"{_excess(rival['worst'])}.</p>"
    )
    note = entry.get("evidence", {}).get("note", "") or entry["reason"]
    if note:
        facts.append(f"<p>{escape(note)}</p>")
    facts.append(
        f"<p class='soft'>Regime: {escape(entry['regime'])}. Source: {escape(entry['source'])}. "
        f"{entry['seconds']:.1f} s.</p>"
    )
    lines.append(f"<div>{''.join(facts)}</div>")
    if "evidence" in entry:
        lines.append(_points(entry))
    return f'<article id="{escape(entry["id"])}">{"".join(lines)}</article>'


def ledger_page(
    entries: Sequence[dict[str, Any]], articles: Mapping[str, str] | None = None
) -> str:
    """Return the ledger as an HTML page that needs nothing else.

    Args:
        entries: the ledger, at least one entry.
        articles: id -> its part of the page, of `claim_article`, for those already drawn.

    Returns:
        The page.
    """
    made = entries[0]["environment"]
    counts = {verdict: sum(e["verdict"] == verdict for e in entries) for verdict in _CLASSES}
    off = [entry for entry in entries if not entry["as_expected"]]
    rows = [
        f'<tr><td><a href="#{escape(e["id"])}">{escape(e["id"])}</a></td>'
        f"<td>{escape(e['statement'])}</td><td>{_badge(e['verdict'])}"
        + ("" if e["as_expected"] else ' <span class="badge wrong">not as expected</span>')
        + "</td></tr>"
        for e in entries
    ]
    subjects = dict.fromkeys(entry["id"].split(".")[0] for entry in entries)
    drawn, sections = articles or {}, []
    for subject in subjects:
        sections.append(f"<h2>{escape(subject.capitalize())}</h2>")
        for entry in entries:
            if entry["id"].split(".")[0] == subject:
                sections.append(drawn.get(entry["id"]) or claim_article(entry))
    verdicts = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    state = "all as expected" if not off else f"{len(off)} NOT as expected"
    n_points = sum(len(e["evidence"]["points"]) for e in entries if "evidence" in e)
    with_what = (
        f"jaxsuper {made['jaxsuper']}, jax {made['jax']}, jaxlib {made['jaxlib']}, equinox "
        f"{made['equinox']}, numpy {made['numpy']}, Python {made['python']}; {made['n_devices']} x "
        f"{made['device']} ({made['platform']}), {made['cpu_cores']} CPU cores, {made['dtype']}, "
        f"matrix precision {made['precision']}; {'quick' if made['quick'] else 'full'} run, seed "
        f"{made['seed']}"
    )
    claims = f"{len(entries)} claim{'s' * (len(entries) != 1)}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>jaxsuper: ledger of {claims}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Ledger of {claims} about computation in superposition</h1>"
        f"<p>{verdicts}: {state}.</p><p class='soft'>{escape(with_what)}.</p>"
        f"<p class='soft'>All {n_points} comparisons share one family-wise error rate of "
        f"{made['family_wise_error_rate']:g} (Bonferroni over {made['most_comparisons']}, fixed in "
        "advance). Each claim has a rival, a plausible mistake or the corrected formula, which the "
        "same data have to judge the other way round.</p>"
        f'<div class="scroll"><table><tr><th>claim</th><th>statement</th><th>verdict</th></tr>'
        f"{''.join(rows)}</table></div>{''.join(sections)}"
        f"<h2>Sources</h2><p class='soft'>{escape(_SOURCES)}</p></body></html>\n"
    )
