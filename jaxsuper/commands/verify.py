"""`jaxsuper verify`: the ledger in the terminal and on disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from .._errors import check
from .._files import make_writable_folder, written_whole
from ._result import write
from ._terminal import progress_bar, say, use_no_window


if TYPE_CHECKING:
    from ..analytics.claims import Claim, Entry, Run

_COLORS = {"holds": "green", "holds in regime": "yellow", "refuted": "magenta", "error": "red"}


@dataclass(frozen=True)
class Command:
    """Check every claim of the theory and print the ledger.

    Writes ledger.json and ledger.html, a page with formulas and plots. The exit status is 1 if a
    verdict is not the expected one.

    Attributes:
        only: ids of claims, or their subjects ("errors"); all by default.
        quick: fewer samples and settings, under two minutes on two cores; the verdicts are the same.
        out: the folder to write to, made if need be; "none" writes nothing.
        seed: of everything random.
        list: print the claims and stop.
    """

    only: tuple[str, ...] = ()
    quick: bool = False
    out: Path | None = Path("ledger")
    seed: int = 0
    list: bool = False


def run(command: Command, console: Console) -> int:
    """Settle claims, print a line for each, write the ledger.

    Args:
        command: the settings.
        console: where to print.

    Returns:
        The exit status: 0 if all verdicts are the expected ones, else 1; 130 if interrupted, then
        what was finished is written.

    Raises:
        ValueError: for an unknown id or a folder that cannot be written to, before anything runs.
    """
    from ..analytics.claims import claims, comparisons, Run, verify

    chosen = claims(command.only or None)
    check(0 <= command.seed < 2**32, "seed", "must lie in 0..2^32-1", command.seed)
    if command.list:
        console.print(_list(chosen))
        return 0
    nothing = command.out is None or str(command.out).lower() == "none"
    out = None if nothing else command.out
    if out is not None:
        make_writable_folder(out, "out")
    settings, interrupted = Run(quick=command.quick, seed=command.seed), False
    entries: list[Entry] = []
    articles: dict[str, str] = {}
    with progress_bar(console) as bar:

        def show(entry: "Entry") -> None:
            entries.append(entry)
            bar(len(entries), len(chosen), "claims")
            say(console, _line(entry))
            if out is not None:
                # Drawn while other claims are still measured.
                articles[entry.claim.id] = _article(entry)

        bar(0, len(chosen), "claims")
        try:
            with _compiled_quickly(command.quick):
                verify(chosen, settings, show)
        except KeyboardInterrupt:
            interrupted = True
    order = [claim.id for claim in chosen]
    entries.sort(key=lambda entry: order.index(entry.claim.id))
    if entries and out is not None:
        _write(out, entries, articles, settings, console)
    wrong = [entry.claim.id for entry in entries if not entry.as_expected]
    counts = f"{len(entries)} claims, {comparisons(entries)} comparisons"
    if interrupted:
        say(console, f"interrupted: {counts}; {len(chosen) - len(entries)} claims not run")
        return 130
    say(
        console,
        f"{counts}: " + (f"not as expected: {', '.join(wrong)}" if wrong else "all as expected"),
    )
    return 1 if wrong else 0


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
    for name in ("claim", "statement", "expected"):
        shown.add_column(name, no_wrap=name == "claim")
    for claim in chosen:
        shown.add_row(claim.id, claim.statement, claim.expected)
    return shown


def _line(entry: "Entry") -> str:
    """Return one line of the ledger."""
    mark = "[green]ok[/]" if entry.as_expected else "[bold red]NO[/]"
    verdict = f"[{_COLORS[entry.verdict]}]{entry.verdict:15s}[/]"
    if entry.judgement is None:
        rest = entry.reason
    else:
        assert entry.rival is not None and entry.evidence is not None
        boundary = entry.judgement.boundary
        ends = f" up to {entry.evidence.x_label} = {boundary[0]:.4g}" if boundary else ""
        alike = "rival judged alike!"
        rival = f"rival {entry.rival.verdict}" if entry.rival_as_it_should else alike
        rest = f"{len(entry.evidence.points):4d} comparisons, {rival}{ends}"
    if entry.verdict != entry.claim.expected:
        rest += f" (expected: {entry.claim.expected})"
    return f"{mark} {entry.claim.id:42s} {verdict} {rest}, {entry.seconds:.1f} s"


def _article(entry: "Entry") -> str:
    use_no_window()
    from ..plotting import claim_article

    return claim_article(entry.to_json())


def _write(
    out: Path,
    entries: Sequence["Entry"],
    articles: dict[str, str],
    settings: "Run",
    console: Console,
) -> None:
    from ..analytics.claims import ledger
    from ..plotting import ledger_page

    content = ledger(entries, settings)
    write(out / "ledger.json", content)
    with written_whole(out / "ledger.html") as partial:
        partial.write_text(ledger_page(content, articles))
    say(console, f"wrote {out / 'ledger.json'} and {out / 'ledger.html'}")
