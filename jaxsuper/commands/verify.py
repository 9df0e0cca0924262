"""`jaxsuper verify`: the ledger in the terminal and on disk."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .._errors import bad, check
from .._files import make_writable_folder, written_whole
from .._limits import check_seed
from ._formula import check_words, run_formula
from ._result import write
from ._resuming import Kept, resumable
from ._terminal import Bar, exit_status, progress_bar, say, table


if TYPE_CHECKING:
    from ..analytics.claims import Claim, Entry, Run as ClaimRun

# In the order of tables.
_COLORS = {
    "established": "green",
    "established in regime": "yellow",
    "refuted": "magenta",
    "undecided": "blue",
    "error": "red",
}
# Of the longest, so that lines align.
_WIDTH = max(map(len, _COLORS))


@dataclass(frozen=True)
class Command:
    """Check every claim of the theory and print the ledger.

    Writes ledger.json and ledger.html, a page with formulas and plots; for several seeds they show
    the evidence of the first and the verdicts of all, and ledger-seeds.json has the verdicts by seed.
    The exit status is 1 if a verdict is not the expected one at any seed. The evidence is kept in the
    folder until all is written: the same command resumes a run that was interrupted or killed.

    With --formula a formula of one's own is checked instead, against a sweep over a grid: writes
    formula.json and formula.png, keeps the networks in the folder for the next formula on that grid,
    and the exit status is 1 if the formula is refuted.

    Attributes:
        only: ids of claims, or their subjects ("errors") or tiers ("science"); all by default.
        quick: fewer networks and settings, some four minutes on two cores; without the claims that
            so few cannot decide, unless `only` has their ids.
        out: the folder to write to, made if need be; "none" writes nothing.
        seed: from which all that is random follows; the ledger is made once for each.
        list: print the claims and stop.
        claims: a Python file that enters claims of one's own; only these are checked, unless `only`
            names others.
        formula: of one's own, "z*(T*S/n - 1)/(T - 1)/S": arithmetic and functions over the settings'
            words and letters D, T, S, z, n, d, L, l (layer), b, lo, hi, P, e, rho; never run as code.
        metric: that it is of, e.g. mse_on_inactive.
        layer: in which; several are compared as one more axis.
        grid: a TOML file or a preset, as `sweep` takes them; left out, a small one over D, T, S and z.
        relation: of the metric to the formula: "equal", "at most" or "at least".
        rival: another formula, judged by the same networks.
        tolerance: relative deviation that the formula is allowed.
        error_rate: of refuting what is right and of establishing what is wrong: over all of the grid,
            or over all claims of one's own, unless `only` names others.
    """

    only: tuple[str, ...] = ()
    quick: bool = False
    out: Path | None = Path("ledger")
    seed: tuple[int, ...] = (0,)
    list: bool = False
    claims: Path | None = None
    formula: str | None = None
    metric: str | None = None
    layer: tuple[int, ...] = (1,)
    grid: str | None = None
    relation: str = "equal"
    rival: str | None = None
    tolerance: float = 0.02
    error_rate: float = 0.01


def run(command: Command, console: Console) -> int:
    """Settle claims, print a line for each, write the ledger; or check a formula.

    Args:
        command: the settings.
        console: where to print.

    Returns:
        The exit status: 0 if all verdicts are the expected ones, else 1; 130 or 143 if interrupted,
        then what was finished is written.

    Raises:
        ValueError: for an unknown id, a bad seed or a folder that cannot be written to, before
            anything runs.
    """
    check_words(command)
    _check_seeds(command)
    nothing = command.out is None or str(command.out).lower() == "none"
    out = None if nothing else command.out
    if command.formula is not None:
        return run_formula(command, out, console)
    return _run_claims(command, out, console)


def _check_seeds(command: Command) -> None:
    check(len(command.seed) > 0, "seed", "must be at least one", "none")
    check(len({*command.seed}) == len(command.seed), "seed", "must differ", command.seed)
    for seed in command.seed:
        check_seed("seed", seed)


def _run_claims(command: Command, out: Path | None, console: Console) -> int:
    from ..analytics.claims import claims, claims_from

    own = claims_from(command.claims) if command.claims is not None else None
    chosen = own if own and not command.only else claims(command.only or None)
    if command.list:
        console.print(_list(chosen))
        return 0
    if command.quick:
        chosen = _decided_quickly(chosen, command.only, console)
    if out is not None:
        make_writable_folder(out, "out")
    by_seed: dict[int, list[Entry]] = {seed: [] for seed in command.seed}
    with resumable(None if out is None else out / "ledger.json", "out") as kept:
        status = _settle_all(chosen, command, by_seed, kept, console)
        by_seed = {seed: entries for seed, entries in by_seed.items() if entries}
        for entries in by_seed.values():
            entries.sort(key=lambda entry: chosen.index(entry.claim))
        first = next(iter(by_seed.values()), [])
        if first:
            console.print(_counts(first))
        if len(by_seed) > 1:
            _compare(by_seed, console)
        if first and out is not None:
            _write(out, command, by_seed, console)
        if status:
            done = sum(map(len, by_seed.values()))
            left = len(chosen) * len(command.seed) - done
            told = kept.consequence(f"{done} claims settled, {left} not run")
            say(console, f"interrupted: {told}")
            return status
        kept.finish()
    return _conclude(by_seed, console)


def _settle_all(
    chosen: Sequence["Claim"],
    command: Command,
    by_seed: dict[int, list["Entry"]],
    kept: Kept,
    console: Console,
) -> int:
    """Settle claims at all seeds; return the exit status of an interrupt, 0 without one."""
    with progress_bar(console) as bar, _compiled_quickly(command.quick):
        try:
            for seed, entries in by_seed.items():
                if len(by_seed) > 1:
                    say(console, f"[bold]seed {seed}[/]")
                _settle(chosen, command, seed, entries, kept, console, bar)
        except KeyboardInterrupt as interrupt:
            return exit_status(interrupt)
    return 0


def _decided_quickly(
    chosen: Sequence["Claim"], named: Sequence[str], console: Console
) -> Sequence["Claim"]:
    """Return the claims that a quick run decides or whose ids are named; say how many are not.

    Raises:
        ValueError: if none is left.
    """
    kept = [claim for claim in chosen if claim.quick or claim.id in named]
    if not kept:
        remedy = "leave out `quick`, or give their ids"
        raise bad("only", "must name claims that a quick run decides", " ".join(named), remedy)
    if left := len(chosen) - len(kept):
        say(console, f"{left} of {len(chosen)} claims need the full run and are left out")
    return kept


def _settle(
    chosen: Sequence["Claim"],
    command: Command,
    seed: int,
    entries: list["Entry"],
    kept: Kept,
    console: Console,
    bar: Bar,
) -> None:
    """Settle claims at one seed, add their entries as they come and print a line for each."""
    from ..analytics.claims import verify

    label = "claims" if len(command.seed) == 1 else f"claims, seed {seed}"

    def show(entry: "Entry") -> None:
        entries.append(entry)
        bar(len(entries), len(chosen), label)
        say(console, _line(entry))

    bar(0, len(chosen), label)
    verify(chosen, _run_of(command, seed, len(chosen)), show, once=kept.once)


def _run_of(command: Command, seed: int, count: int) -> "ClaimRun":
    """Return how thoroughly so many claims are judged: one's own share an error rate of their own."""
    from ..analytics.claims import Run

    own = command.claims is not None and not command.only
    return Run(
        quick=command.quick, seed=seed, error_rate=command.error_rate / count if own else None
    )


@contextmanager
def _compiled_quickly(quick: bool) -> Iterator[None]:
    """Let XLA optimise little in a quick run, whose time goes into compiling, not running."""
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", quick or before)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", before)


def _list(chosen: Sequence["Claim"]) -> Table:
    shown = Table(show_edge=False)
    for name in ("claim", "tier", "expected", "statement"):
        shown.add_column(name, no_wrap=name in ("claim", "tier"))
    for claim in chosen:
        expected = claim.expected + ("" if claim.quick else ", full run only")
        shown.add_row(claim.id, claim.tier, expected, escape(claim.statement))
    return shown


def _colored(verdict: str, width: int = 0) -> str:
    return f"[{_COLORS[verdict]}]{verdict:{width}s}[/]"


def _line(entry: "Entry") -> str:
    """Return one line of the ledger."""
    mark = "[green]ok[/]" if entry.as_expected else "[bold red]NO[/]"
    parts = [_strength(entry)]
    if entry.judgement is None:
        parts = [escape(entry.reason)]
    if entry.verdict != entry.claim.expected:
        parts.append(f"(expected: {entry.claim.expected})")
    parts += [f"effort {entry.effort}"] * (entry.effort > 1) + [f"{entry.seconds:.1f} s"]
    head = f"{mark} {entry.claim.id:42s} {entry.claim.tier:10s} {_colored(entry.verdict, _WIDTH)}"
    return f"{head} {', '.join(parts)}"


def _strength(entry: "Entry") -> str:
    """Return how many comparisons there are, and which wrong formulas they notice."""
    if entry.evidence is None or entry.judgement is None:
        return ""
    against = "no rival" if entry.rival is None else f"rival {entry.rival.verdict}"
    text = f"{len(entry.evidence.points):4d} comparisons, {against}"
    if not entry.rival_as_it_should:
        text += " (not the other way round!)"
    if entry.power:
        sees = f"{100 * (entry.caught - 1):.0f} %" if entry.caught else "no factor 2"
        text += f", sees {sees}"
    if entry.verdict == "undecided":
        from ..analytics.claims import detectable

        error = detectable(entry.evidence)
        text += (
            f", would refute what is {100 * error:.2g} % off" if error else ", would refute nothing"
        )
    if entry.judgement.boundary:
        last = entry.judgement.boundary[0]
        end = "nowhere" if last is None else f"up to {entry.evidence.x_label} = {last:.4g}"
        text += f", {escape(end)}"
    return text


def _counts(entries: Sequence["Entry"]) -> Table:
    """Return how many claims of each tier have which verdict."""
    from ..analytics.claims import TIERS

    counts: Counter[tuple[str, str]] = Counter(
        (entry.claim.tier, entry.verdict) for entry in entries
    )
    verdicts = [verdict for verdict in _COLORS if any(v == verdict for _, v in counts)]
    shown = table("", ("tier", *verdicts), ("tier",), show_edge=False)
    for tier in TIERS:
        row = [counts[tier, verdict] for verdict in verdicts]
        if any(row):
            shown.add_row(tier, *(f"{count or ''}" for count in row))
    return shown


def _compare(by_seed: dict[int, list["Entry"]], console: Console) -> None:
    """Print the verdicts of the claims that are not the same, or not as expected, at all seeds."""
    found = _by_claim(by_seed)
    shown = table("verdicts by seed", ("claim", *map(str, by_seed)), ("claim",), show_edge=False)
    for id, of in found.items():
        verdicts = {seed["verdict"] for seed in of.values()}
        if len(verdicts) > 1 or not all(seed["as_expected"] for seed in of.values()):
            cells = (of.get(str(seed)) for seed in by_seed)
            shown.add_row(
                id,
                *(
                    _colored(cell["verdict"]) + ("" if cell["as_expected"] else " NO")
                    if cell
                    else ""
                    for cell in cells
                ),
            )
    if shown.row_count:
        console.print(shown)
    alike = len(found) - shown.row_count
    say(console, f"{alike} of {len(found)} claims are as expected at all {len(by_seed)} seeds")


def _by_claim(by_seed: dict[int, list["Entry"]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return id -> seed -> what came out, in the order of the first seed."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for seed, entries in by_seed.items():
        for entry in entries:
            found.setdefault(entry.claim.id, {})[str(seed)] = {
                "verdict": entry.verdict,
                "as_expected": entry.as_expected,
                "effort": entry.effort,
                "caught": entry.caught,
            }
    return found


def _conclude(by_seed: dict[int, list["Entry"]], console: Console) -> int:
    """Print which claims are not as expected and return the exit status."""
    from ..analytics.claims import comparisons

    status = 0
    for seed, entries in by_seed.items():
        wrong = [entry.claim.id for entry in entries if not entry.as_expected]
        status = status or int(bool(wrong))
        where = f"seed {seed}: " if len(by_seed) > 1 else ""
        end = f"not as expected: {', '.join(wrong)}" if wrong else "all as expected"
        counts = f"{len(entries)} claims, {comparisons(entries)} comparisons"
        say(console, f"{where}{counts}: {end}")
    return status


def _write(
    out: Path, command: Command, by_seed: dict[int, list["Entry"]], console: Console
) -> None:
    from ..analytics.claims import ledger
    from ..plotting import ledger_page

    (seed, first), *more = by_seed.items()
    content, names = ledger(first, _run_of(command, seed, len(first))), ["ledger.json"]
    if more:
        found = _by_claim(by_seed)
        content = [{**entry, "seeds": found[entry["id"]]} for entry in content]
        kept = ("id", "tier", "expected", "seeds")
        write(
            out / "ledger-seeds.json", [{name: entry[name] for name in kept} for entry in content]
        )
        names.append("ledger-seeds.json")
    write(out / "ledger.json", content)
    with written_whole(out / "ledger.html") as partial:
        partial.write_text(ledger_page(content), encoding="utf-8")
    paths = [str(out / name) for name in (*names, "ledger.html")]
    say(console, f"wrote {', '.join(paths[:-1])} and {paths[-1]}")
