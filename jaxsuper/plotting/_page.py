"""The ledger as one self-contained HTML page: formulas and plots inside, no request to anywhere."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

from ..analytics.claims import TIERS
from ._article import badge, claim_article, percent, table, VERDICTS
from ._inlined import inlined


_SOURCES = (
    "[R] Linsefors, Bushnaq, Rotations in Superposition (2025). [C2] the same, Circuits in Superposition "
    "2 (2025). [S] Linsefors, comments on superposition (2025-26). [M] Linsefors, Estimated MSE loss for "
    "three different ways of embedding features into neurons; [M2] MSE loss does not generate "
    "superposition (2026). [H] Hänni, Mendel, Vaintrob, Chan, arXiv 2408.05451. [A] Adler, Shavit, arXiv "
    "2409.15318. [W] Linear-Readout Floors and Threshold Recovery, arXiv 2605.01192. [B] Block-structured "
    "computation in superposition (2026). notes#name: section name of jaxsuper/theory/README.md."
)


def _counts(entries: Sequence[dict[str, Any]]) -> str:
    """Return the table of verdicts by tier, and what the tiers mean."""
    counts = Counter((entry["tier"], entry["verdict"]) for entry in entries)
    verdicts = [verdict for verdict in VERDICTS if any(v == verdict for _, v in counts)]
    present = {entry["tier"] for entry in entries}
    tiers = {tier: meaning for tier, meaning in TIERS.items() if tier in present}
    rows: list[tuple[str, ...]] = [
        (tier, *(f"{counts[tier, verdict] or ''}" for verdict in verdicts)) for tier in tiers
    ]
    if len(tiers) > 1:
        rows.append(("all", *(f"{sum(counts[t, v] for t in tiers)}" for v in verdicts)))
    meant = "; ".join(f"{tier}: {meaning}" for tier, meaning in tiers.items())
    shown = table(("tier", *map(badge, verdicts)), rows, "counts")
    return f"{shown}<p class='soft'>Tiers: {escape(meant)}.</p>"


def _controls(entries: Sequence[dict[str, Any]]) -> str:
    """Return what filters the page; hidden until its script runs."""
    subjects = (entry["id"].split(".")[0] for entry in entries)
    choices = {
        "tier": [tier for tier in TIERS if any(entry["tier"] == tier for entry in entries)],
        "verdict": [v for v in VERDICTS if any(entry["verdict"] == v for entry in entries)],
        "subject": list(subjects),
    }
    if any(not entry["as_expected"] for entry in entries):
        choices["verdict"].append("not as expected")
    selects = []
    for name, values in choices.items():
        options = "".join(f"<option>{escape(value)}</option>" for value in dict.fromkeys(values))
        selects.append(
            f'<label>{name} <select name="{name}"><option value="">all</option>{options}'
            "</select></label>"
        )
    return (
        f'<form hidden>{"".join(selects)}<label>search <input name="search" type="search"></label>'
        "<output></output></form>"
    )


def _index(entries: Sequence[dict[str, Any]]) -> str:
    """Return the list of all claims."""
    rows = []
    for entry in entries:
        id = escape(entry["id"])
        words = [escape(entry["tier"])]
        if entry["caught"]:
            words.append(f"notices {percent(entry['caught'])}")
        off = "" if entry["as_expected"] else ' <span class="badge wrong">not as expected</span>'
        rows.append(
            f'<li data-of="{id}"><a href="#{id}">{id}</a> <span>{badge(entry["verdict"])}{off} '
            f"<small>{' · '.join(words)}</small></span> "
            f"<span>{escape(entry['statement'])}</span></li>"
        )
    return f'<ol class="index">{"".join(rows)}</ol>'


def _seeds(entries: Sequence[dict[str, Any]]) -> str:
    """Return the verdicts at several seeds: counts, and the claims that differ."""
    if "seeds" not in entries[0]:
        return ""
    seeds = list(dict.fromkeys(seed for entry in entries for seed in entry["seeds"]))
    found = {seed: [e["seeds"][seed] for e in entries if seed in e["seeds"]] for seed in seeds}
    rows = []
    for seed, of in found.items():
        counts = Counter(entry["verdict"] for entry in of)
        counted = (f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
        off = sum(not entry["as_expected"] for entry in of)
        rows.append((seed, ", ".join(counted), f"{off or 'none'}"))
    answer = table(("seed", "verdicts", "not as expected"), rows, "seeds")
    differ = [
        entry for entry in entries if len({of["verdict"] for of in entry["seeds"].values()}) > 1
    ]
    if not differ:
        return f"{answer}<p>Every claim has the same verdict at all of them.</p>"
    cells = (
        (
            f'<a href="#{escape(entry["id"])}">{escape(entry["id"])}</a>',
            *(badge(entry["seeds"][s]["verdict"]) if s in entry["seeds"] else "" for s in seeds),
        )
        for entry in differ
    )
    return f"{answer}<p>Verdicts that depend on the seed:</p>{table(('claim', *seeds), cells, 'seeds')}"


def _made_with(entries: Sequence[dict[str, Any]]) -> str:
    """Return how the ledger was made."""
    run = entries[0]["environment"]
    seed = f"seed {run['seed']}"
    if len(entries[0].get("seeds", ())) > 1:
        seed += f" (and the verdicts of seeds {', '.join(entries[0]['seeds'])})"
    return (
        f"jaxsuper {run['jaxsuper']}, jax {run['jax']}, jaxlib {run['jaxlib']}, equinox "
        f"{run['equinox']}, numpy {run['numpy']}, Python {run['python']}; {run['n_devices']} x "
        f"{run['device']} ({run['platform']}), {run['cpu_cores']} CPU cores, {run['dtype']}, "
        f"matrix precision {run['precision']}; {'quick' if run['quick'] else 'full'} run, {seed}."
    )


def _error_rates(run: dict[str, Any]) -> str:
    """Return what the verdicts promise."""
    rate = f"{100 * run['family_wise_error_rate']:g} %"
    return (
        f"The probability that any true claim here is refuted is at most {rate} (family-wise error "
        f"rate, shared among {run['most_comparisons']} comparisons, fixed in advance, and "
        f"{run['looks']} looks at growing data). The probability that any false claim is established "
        f"is at most {rate} as well, shared among {run['most_claims']} claims and as many looks: "
        "established means that every point lies within the stated tolerance with its error, not "
        "just that none contradicts it."
    )


def ledger_page(entries: Sequence[dict[str, Any]]) -> str:
    """Return the ledger as an HTML page that needs nothing else.

    Args:
        entries: the ledger, at least one entry; each may have `seeds`, from seed to its verdict.

    Returns:
        The page.
    """
    (style, style_hash), (script, script_hash) = inlined("ledger.css"), inlined("ledger.js")
    # What the browser may load at all: the page's own style and script.
    policy = (
        f"default-src 'none'; style-src {style_hash}; script-src {script_hash}; "
        "form-action 'none'; base-uri 'none'"
    )
    off = sum(not entry["as_expected"] for entry in entries)
    sections = []
    for subject in dict.fromkeys(entry["id"].split(".")[0] for entry in entries):
        own = (claim_article(e) for e in entries if e["id"].split(".")[0] == subject)
        sections.append(f"<section><h2>{escape(subject.capitalize())}</h2>{''.join(own)}</section>")
    n_points = sum(len(e["evidence"]["points"]) for e in entries if "evidence" in e)
    claims = f"{len(entries)} claim{'s' * (len(entries) != 1)}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>jaxsuper: ledger of {claims}</title><style>{style}</style></head><body>"
        f"<h1>Ledger of {claims} about computation in superposition</h1>"
        f"<p>{n_points} comparisons, "
        f"{'all as expected' if not off else f'<strong>{off} NOT as expected</strong>'}.</p>"
        f"{_counts(entries)}{_seeds(entries)}"
        f"<p class='soft'>{_error_rates(entries[0]['environment'])}</p>"
        "<p class='soft'>Each claim has a rival, a plausible mistake or the corrected formula, which "
        "the same data have to judge the other way round: outside at half of the points at least. "
        "And each is held against its own formula multiplied and divided by a factor: the smallest "
        "error that is noticed, because the verdict is no longer “established”, is stated.</p>"
        f"<p class='soft'>{escape(_made_with(entries))}</p>"
        f"{_controls(entries)}{_index(entries)}{''.join(sections)}"
        f"<h2>Sources</h2><p class='soft'>{escape(_SOURCES)}</p>"
        f"<script>{script}</script></body></html>\n"
    )
