"""`jaxsuper verify`: the ledger in the terminal and on disk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import jax
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ._errors import check
from .analytics import make_writable_folder, write_json, written_whole
from .analytics.claims import Claim, claims, comparisons, Entry, ledger, Run, verify


_COLORS = {"holds": "green", "holds in regime": "yellow", "refuted": "magenta", "error": "red"}


@contextmanager
def _compiled_quickly(quick: bool) -> Iterator[None]:
    """Let XLA optimise little in a quick run, whose time goes into compiling, not running."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", quick or before)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", before)


def _list(chosen: Sequence[Claim], console: Console) -> None:
    table = Table(show_edge=False)
    for name in ("claim", "statement", "expected"):
        table.add_column(name, no_wrap=name == "claim")
    for entry in chosen:
        table.add_row(entry.id, entry.statement, entry.expected)
    console.print(table)


def _line(entry: Entry) -> str:
    """Return one line of the ledger."""
    mark = "[green]ok[/]" if entry.as_expected else "[bold red]NO[/]"
    verdict = f"[{_COLORS[entry.verdict]}]{entry.verdict:15s}[/]"
    if entry.judgement is None:
        rest = entry.reason
    else:
        assert entry.rival is not None and entry.evidence is not None
        boundary = entry.judgement.boundary
        ends = f" up to {entry.evidence.x_label} = {boundary[0]:.4g}" if boundary else ""
        against = (
            "rival judged alike!"
            if not entry.rival_as_it_should
            else f"rival {entry.rival.verdict}"
        )
        rest = f"{len(entry.evidence.points):4d} comparisons, {against}{ends}"
    expected = (
        "" if entry.verdict == entry.claim.expected else f" (expected: {entry.claim.expected})"
    )
    return f"{mark} {entry.claim.id:42s} {verdict} {rest}{expected}, {entry.seconds:.1f} s"


def verify_claims(
    only: Sequence[str], quick: bool, out: Path | None, seed: int, list_only: bool, console: Console
) -> int:
    """Settle claims, print a line for each, write the ledger.

    Args:
        only: ids or subjects; all claims if empty.
        quick: a quick run.
        out: the folder to write to, or None.
        seed: of everything random.
        list_only: print the claims and stop.
        console: where to print.

    Returns:
        The exit status: 0 if all verdicts are the expected ones, else 1; 130 if interrupted, then
        what was finished is written.

    Raises:
        ValueError: for an unknown id or a folder that cannot be written to, before anything runs.
    """
    chosen = claims(only or None)
    check(0 <= seed < 2**32, "seed", "must lie in 0..2^32-1", seed)
    if list_only:
        _list(chosen, console)
        return 0
    if out is not None:
        make_writable_folder(out, "out")
    run, interrupted = Run(quick=quick, seed=seed), False
    entries: list[Entry] = []
    articles: dict[str, str] = {}
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("verifying", total=len(chosen))

        def show(entry: Entry) -> None:
            entries.append(entry)
            bar.advance(task)
            console.print(_line(entry), highlight=False, soft_wrap=True)
            if out is not None:
                # Drawn while other claims are still measured.
                articles[entry.claim.id] = _article(entry)

        try:
            with _compiled_quickly(quick):
                verify(chosen, run, show)
        except KeyboardInterrupt:
            interrupted = True
    order = [entry.id for entry in chosen]
    entries.sort(key=lambda entry: order.index(entry.claim.id))
    if entries and out is not None:
        _write(out, entries, articles, run, console)
    wrong = [entry.claim.id for entry in entries if not entry.as_expected]
    counts = f"{len(entries)} claims, {comparisons(entries)} comparisons"
    if interrupted:
        left = len(chosen) - len(entries)
        console.print(f"interrupted: {counts}; {left} claims not run", highlight=False)
        return 130
    verdict = f"not as expected: {', '.join(wrong)}" if wrong else "all as expected"
    console.print(f"{counts}: {verdict}", highlight=False, soft_wrap=True)
    return 1 if wrong else 0


def _article(entry: Entry) -> str:
    import matplotlib

    matplotlib.use("agg")
    from .plotting import claim_article

    return claim_article(entry.to_json())


def _write(
    out: Path, entries: Sequence[Entry], articles: dict[str, str], run: Run, console: Console
) -> None:
    from .plotting import ledger_page

    content = ledger(entries, run)
    write_json(out / "ledger.json", content)
    with written_whole(out / "ledger.html") as partial:
        partial.write_text(ledger_page(content, articles))
    console.print(f"wrote {out / 'ledger.json'} and {out / 'ledger.html'}", highlight=False)
