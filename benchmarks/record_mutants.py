r"""Put wrong formulas into the theory and count which claims of the ledger notice.

    python -m benchmarks.record_mutants benchmarks/results --seed 7 --functions theory._
    python -m benchmarks.record_mutants benchmarks/results --seed 7 --functions theory.evolution \
        --quick --only evolutions.published-size evolutions.collapse

All networks are simulated once, and the ledger of it is written, ledger-cpu.json, without its points.
Then, for each mutant of each function in jaxsuper/theory, the claims that call it gather their evidence
again from the same measurements. A mutant that changes no prediction of a claim is not about that
claim. It is noticed if the claim is no longer established. The result, mutants-cpu.json, is kept up while
it runs and resumed; state evolution takes a second for each of many predictions, so its own functions
are held against quick runs of its claims.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
from jaxsuper import environment
from jaxsuper._files import write_json
from jaxsuper.analytics.claims import Claim, claims, Entry, Evidence, judge, ledger, Run, verify

from benchmarks.mutants import functions, Mutant, mutants


# A mutant at 10 % is held against claims that state this much or less.
STRICT = 0.1


def calls(claim: Claim, run: Run) -> set[CodeType]:
    """Return the code objects that gathering a claim's evidence calls."""
    seen: set[CodeType] = set()

    def note(frame, event, _):
        if event == "call":
            seen.add(frame.f_code)

    forget_predictions(run)
    sys.setprofile(note)
    try:
        claim.gather(run)
    finally:
        sys.setprofile(None)
    return seen


def forget_predictions(run: Run) -> None:
    """Make the theory speak anew; measurements stay."""
    for name in [n for n in run.shared if isinstance(n, tuple) and n[0] == "prediction"]:
        del run.shared[name]


def moved(before: Evidence, after: Evidence) -> float:
    """Return the largest relative change of what a claim says (or of the coded side of algebra)."""
    pairs = zip(before.points, after.points, strict=True)
    changes = [0.0]
    for old, new in pairs:
        for name in ("predicted", "measured"):
            a, b = float(getattr(old, name)), float(getattr(new, name))
            changes.append(abs(b - a) / max(abs(a), 1e-30) if a != b else 0.0)
    return float(np.nanmax(changes))


def try_mutant(mutant: Mutant, entry: Entry, run: Run) -> dict:
    """Return what one claim says of one mutant."""
    assert entry.evidence is not None
    with mutant.in_place():
        try:
            with np.errstate(all="ignore"):
                evidence = entry.claim.gather(replace(run, effort=entry.effort))
                verdict, change = judge(evidence).verdict, moved(entry.evidence, evidence)
        except Exception as error:
            verdict, change = f"error: {type(error).__name__}", float("inf")
    return {"verdict": verdict, "moved": change if np.isfinite(change) else None}


def tolerance_of(evidence: Evidence) -> float:
    """Return the relative deviation that a claim allows."""
    return evidence.factor - 1 if evidence.factor is not None else evidence.tolerance


def without_points(content: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a ledger as it is kept: verdicts, power and notes, with the number of points."""
    kept = []
    for entry in content:
        evidence = dict(entry.get("evidence", {}))
        evidence["points"] = len(evidence.get("points", ()))
        kept.append({**entry, "evidence": evidence})
        del kept[-1]["environment"]
    return {"environment": content[0]["environment"], "claims": kept}


def summary(rows: list[dict]) -> dict:
    """Return the shares of mutants noticed, overall and for the strict claims at 10 %."""
    about = [row for row in rows if row["moved"] != 0]
    strict = [
        row
        for row in about
        if row["tolerance"] <= STRICT
        and row["change"] in ("x 0.9", "x 1.1")
        and (row["moved"] is None or row["moved"] > 0.09)
        and row["equality"]
    ]
    by_claim = defaultdict(list)
    for row in about:
        by_claim[row["claim"]].append(row["noticed"])
    share = lambda each: round(float(np.mean(each)), 4) if len(each) else None
    by_mutant = defaultdict(list)
    for row in about:
        by_mutant[row["function"], row["change"]].append(row["noticed"])
    return {
        "pairs": len(about),
        "noticed": share([row["noticed"] for row in about]),
        "mutants": len(by_mutant),
        "mutants_noticed_by_some_claim": share([any(each) for each in by_mutant.values()]),
        "strict_pairs": len(strict),
        "strict_noticed": share([row["noticed"] for row in strict]),
        "strict_survivors": [row for row in strict if not row["noticed"]],
        "by_claim": {name: [len(each), share(each)] for name, each in sorted(by_claim.items())},
        "survivors": sorted(
            f"{name}: {change}" for (name, change), each in by_mutant.items() if not any(each)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--functions", default="", help="only functions whose name contains this")
    parser.add_argument("--changes", default="", help='only those that begin so ("x ": factors)')
    chosen = parser.parse_args()
    run = Run(quick=chosen.quick, seed=chosen.seed)
    picked = [claim for claim in claims(chosen.only) if claim.quick or not chosen.quick]
    print_line = lambda entry: print(
        f"{entry.verdict} {entry.claim.id} {entry.seconds:.1f} s", flush=True
    )
    settled = verify(picked, run, print_line)
    if chosen.only is None and not chosen.quick:
        write_json(chosen.folder / "ledger-cpu.json", without_points(ledger(settled, run)))
    # State evolution takes too long to ask it again for every mutant of what it shares with others.
    entries = {
        entry.claim.id: entry
        for entry in settled
        if entry.established and (chosen.quick or not entry.claim.id.startswith("evolutions."))
    }
    used = {
        name: calls(entry.claim, replace(run, effort=entry.effort))
        for name, entry in entries.items()
    }
    path = chosen.folder / "mutants-cpu.json"
    rows: list[dict] = json.loads(path.read_text())["rows"] if path.exists() else []
    done = {(row["function"], row["change"], row["claim"]) for row in rows}
    for function in functions():
        if chosen.functions not in f"{function.__module__}.{function.__name__}":
            continue
        about = [n for n, seen in used.items() if function.__code__ in seen]
        started = time.perf_counter()
        wrong = [m for m in mutants(function) if m.change.startswith(chosen.changes)]
        for mutant in wrong if about else ():
            forget_predictions(run)
            for name in about:
                if (mutant.name, mutant.change, name) in done:
                    continue
                entry = entries[name]
                assert entry.evidence is not None
                found = try_mutant(mutant, entry, run)
                rows.append(
                    {
                        "function": mutant.name,
                        "change": mutant.change,
                        "claim": name,
                        "quick": run.quick,
                        "tolerance": tolerance_of(entry.evidence),
                        "equality": all(p.relation == "equal" for p in entry.evidence.points),
                        **found,
                        "noticed": not found["verdict"].startswith("established"),
                    }
                )
        print(
            f"{function.__name__}: {len(about)} claims, {time.perf_counter() - started:.0f} s",
            flush=True,
        )
        made_with = {**environment(), "seed": run.seed}
        write_json(path, {"summary": summary(rows), "rows": rows, "environment": made_with})
    forget_predictions(run)
    print(json.dumps({k: v for k, v in summary(rows).items() if k != "by_claim"}, indent=1))


if __name__ == "__main__":
    main()
