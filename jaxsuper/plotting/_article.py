"""One claim of the ledger as a part of its page: formula, plot, verdict, power and numbers."""

from collections.abc import Iterable
from html import escape
from typing import Any

from ._claims import claim_svg
from ._formula import formula_mathml


# In the order of tables; with the class of the style sheet.
VERDICTS = {
    "established": "established",
    "established in regime": "regime",
    "refuted": "refuted",
    "undecided": "undecided",
    "error": "error",
}
_SIGNS = {"equal": "=", "at most": "≤", "at least": "≥"}
_PLACES = {"within": "✓", "outside": "✗", "undecided": "?"}


def badge(verdict: str) -> str:
    """Return a verdict in its colour."""
    return f'<span class="badge {VERDICTS[verdict]}">{escape(verdict)}</span>'


def percent(factor: float) -> str:
    """Return the relative error of a formula that is wrong by a factor above 1."""
    return f"{100 * (factor - 1):.0f} %"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], kind: str) -> str:
    """Return a table that scrolls in itself; cells are HTML.

    Args:
        head: names of the columns.
        rows: cells.
        kind: its class.
    """
    top = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table class="{kind}"><tr>{top}</tr>{body}</table></div>'


def _number(value: float | None, digits: int = 5) -> str:
    return "" if value is None else f"{value:.{digits}g}"


def _span(values: Iterable[float]) -> str:
    """Return a number, or from where to where several go."""
    texts = dict.fromkeys(f"{value:.1f}" for value in sorted(values))
    return " to ".join(list(texts)[:: max(len(texts) - 1, 1)])


def _excess(value: float | None) -> str:
    return "beyond any" if value is None else "over 1000" if value > 1000 else f"{value:.2f}"


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _boundary(entry: dict[str, Any]) -> str:
    """Return where a regime was expected to end and where it was found to."""
    if not entry["boundary"]:
        return ""
    evidence, (low, high) = entry["evidence"], entry["boundary"]
    label, (inner, outer) = escape(evidence["x_label"]), evidence["boundary"]
    last = "nothing is within" if low is None else f"all is within up to {low:.4g}"
    first = "no point is outside" if high is None else f"the first point outside is at {high:.4g}"
    return (
        f"<p>Boundary in {label}: expected after {inner:.4g} and not beyond "
        f"{'infinity' if outer is None else f'{outer:.4g}'}. Found: {last}, {first}.</p>"
    )


def _power(entry: dict[str, Any]) -> str:
    """Return in words and as a table which wrong formulas the evidence would notice."""
    power = entry["power"]
    if not power:
        return ""
    bounds = all(point["relation"] != "equal" for point in entry["evidence"]["points"])
    wrong = "bound that claims {} more" if bounds else "formula that is {} off"
    caught = entry["caught"]
    refuted = min((float(f) for f, verdict in power.items() if verdict == "refuted"), default=None)
    if caught is None:
        said = (
            f"A {wrong.format(percent(max(map(float, power))))} would be established just as well"
        )
    else:
        said = f"A {wrong.format(percent(caught))} would be noticed"
        if refuted == caught:
            said += ": refuted"
        elif refuted is not None:
            said += f", one that {'claims' if bounds else 'is'} {percent(refuted)}"
            said += f" {'more' if bounds else 'off'} refuted"
    cells = []
    for verdict in power.values():
        sort = "no" if verdict.startswith("established") else verdict
        cells.append({"no": "–", "undecided": "noticed"}.get(sort, sort))
    head = (percent(float(factor)) for factor in power)
    return f"<p>{said}.</p>{table(head, [cells], 'power')}"


def _formula(formula: str) -> str:
    """Return the formula, if the claim has one besides its words."""
    return f'<div class="scroll">{formula_mathml(formula)}</div>' if formula else ""


def _rival(entry: dict[str, Any]) -> str:
    """Return what the same data say of the rival."""
    rival = entry["rival"]
    if not rival["statement"]:
        return "<p>No rival was named.</p>"
    text = f"<p>Rival: {escape(rival['statement'])}"
    if rival["verdict"] is not None:
        edge = entry["evidence"]["boundary"]
        named = sum(
            point["rival"] is not None and (edge is None or point["x"] <= edge[0])
            for point in entry["evidence"]["points"]
        )
        text += f" — {badge(rival['verdict'])} outside at {rival['refuted_at']} of {named}"
        if not rival["judged_the_other_way"]:
            text += ' <span class="badge wrong">not the other way round</span>'
    return f"{text}</p>"


def _seeds(entry: dict[str, Any]) -> str:
    """Return the verdicts at all seeds, if there are several."""
    if "seeds" not in entry:
        return ""
    rows = [
        (
            seed,
            badge(of["verdict"]),
            "yes" if of["as_expected"] else '<span class="badge wrong">no</span>',
            percent(of["caught"]) if of["caught"] else "",
            f"{of['effort']}",
        )
        for seed, of in entry["seeds"].items()
    ]
    return table(("seed", "verdict", "as expected", "notices", "effort"), rows, "seeds")


def _points(entry: dict[str, Any]) -> str:
    """Return all comparisons and what was allowed."""
    evidence = entry["evidence"]
    rows = [
        (
            f"{_PLACES[point['place']]} {escape(point['series'])}",
            _number(point["x"]),
            _number(point["measured"]),
            _number(point["stderr"], 2),
            _SIGNS[point["relation"]],
            _number(point["predicted"]),
            _number(point["rival"]),
        )
        for point in evidence["points"]
    ]
    allowed = [f"a factor {evidence['factor']:.4g}"] if evidence["factor"] else []
    if evidence["tolerance"]:
        allowed.append(f"{100 * evidence['tolerance']:.3g} % of the predicted value")
    if evidence["slack"]:
        allowed.append(f"{evidence['slack']:.3g} absolute")
    errors = "known without error"
    if evidence["standard_errors_within"]:
        within, outside = (_span(evidence[f"standard_errors_{n}"]) for n in ("within", "outside"))
        errors = (
            f"within if inside that by {within} standard errors, outside if beyond it by {outside}"
        )
    head = ("series", escape(evidence["x_label"]), "measured", "± s.e.", "", "claim", "rival")
    return (
        f"<details><summary>{_times(len(rows), 'comparison')}; allowed: "
        f"{' and '.join(allowed) or 'no deviation'}; {errors}</summary>"
        f"{table(head, rows, 'points')}</details>"
    )


def _figure(entry: dict[str, Any]) -> str:
    """Return plot and key."""
    series = dict.fromkeys(point["series"] for point in entry["evidence"]["points"])
    names = "".join(
        f'<span><i class="s{i % 7}">●</i> {escape(name)}</span> '
        for i, name in enumerate(series)
        if name
    )
    places = {point["place"] for point in entry["evidence"]["points"]}
    key = "Dots: measured ± s.e.; open: the claim (triangles: a bound); bars: allowed; ×: the rival"
    squares = {"outside": "squares: outside", "undecided": "dashed squares: undecided"}
    for text in (squares[place] for place in squares if place in places):
        key += f"; {text}"
    if entry["evidence"]["boundary"] is not None:
        key += "; shaded: where the regime is expected to end"
    return f"<figure>{claim_svg(entry)}<figcaption>{names}<p>{key}.</p></figcaption></figure>"


def claim_article(entry: dict[str, Any]) -> str:
    """Return one claim's part of the page.

    Args:
        entry: of the ledger; its environment is not needed.

    Returns:
        HTML with formula, plot and numbers.
    """
    id, subject = escape(entry["id"]), escape(entry["id"].split(".")[0])
    known = "evidence" in entry
    facts = [f"<p>{badge(entry['verdict'])}"]
    if not entry["as_expected"]:
        facts.append(f' <span class="badge wrong">expected: {escape(entry["expected"])}</span>')
    facts.append(f" <span class='soft'>{escape(entry['tier'])}</span></p>")
    if known:
        facts += [_boundary(entry), _power(entry)]
    facts += [_rival(entry), _seeds(entry)]
    if note := entry.get("evidence", {}).get("note", "") or entry["reason"]:
        facts.append(f"<p>{escape(note)}</p>")
    soft = f"Regime: {escape(entry['regime'])}. "
    if entry["source"]:
        soft += f"Source: {escape(entry['source'])}. "
    if known:
        soft += f"Largest share of what is allowed that a point needs: {_excess(entry['worst'])}. "
    if entry["effort"] > 1:
        soft += f"Networks or draws: {entry['effort']} times those of the first look. "
    facts.append(f"<p class='soft'>{soft}{entry['seconds']:.1f} s.</p>")
    return (
        f'<article id="{id}" data-tier="{escape(entry["tier"])}" data-subject="{subject}" '
        f'data-verdict="{escape(entry["verdict"])}"{"" if entry["as_expected"] else " data-off"}>'
        f"<div><h3>{id}</h3><p>{escape(entry['statement'])}</p>"
        f"{_formula(entry['formula'])}</div>"
        f"{_figure(entry) if known else ''}<div>{''.join(facts)}</div>"
        f"{_points(entry) if known else ''}</article>"
    )
