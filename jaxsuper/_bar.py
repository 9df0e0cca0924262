"""How far long work is, in a notebook or on a terminal: what every `progress` argument takes."""

import sys
import time
from typing import Any


# Seconds between two pictures of the bar: the eye sees no more, and a page stays light.
_EVERY = 0.2
_WIDTH = 30


class ProgressBar:
    """A bar that is drawn anew in its place, in a notebook as HTML and elsewhere as a line of text.

    A new one belongs to each piece of work, `run_sweep(..., progress=ProgressBar())`; it is called
    with what is done and what is to do, or with a `sweep.Progress`. No widgets are needed: the last
    picture stays in the notebook, and in what is made of it.
    """

    def __init__(self, label: str = "") -> None:
        """Start to count the time.

        Args:
            label: what is done, in words, before the numbers.
        """
        self.label = label
        self._started = time.monotonic()
        self._drawn = -_EVERY
        self._first: int | None = None
        self._place: Any = None

    def __call__(self, done: Any, total: Any = None, label: str = "") -> None:
        """Draw how far it is, unless that was a moment ago and it is not the end.

        Args:
            done: pieces done, or an object with `done` and `total`.
            total: pieces in all.
            label: what is next, after the numbers.
        """
        if total is None:
            done, total = done.done, done.total
        now = time.monotonic() - self._started
        if self._first is None:
            self._first = done
        if done < total and now - self._drawn < _EVERY:
            return
        self._drawn = now
        text = " ".join(filter(None, (self.label, self._said(done, total, now), label)))
        share = done / total if total else 1.0
        if _in_notebook():
            self._show(share, text)
        else:
            bar = "#" * round(share * _WIDTH)
            end = "\n" if done >= total else ""
            print(f"\r\033[K{bar:-<{_WIDTH}} {text}", end=end, file=sys.stderr, flush=True)

    def _said(self, done: int, total: int, seconds: float) -> str:
        """Return the numbers, and how long what is left takes at the speed since the first call."""
        if done >= total:
            return f"{done} of {total} in {seconds:.3g} s"
        new = done - (self._first or 0)
        left = f", {seconds / new * (total - done):.2g} s left" if new > 0 else ""
        return f"{done} of {total}{left}"

    def _show(self, share: float, text: str) -> None:
        from html import escape

        from IPython.display import display, HTML

        picture = HTML(f'<progress max="1" value="{share:.4f}"></progress> {escape(text)}')
        if self._place is None:
            self._place = display(picture, display_id=True)
        else:
            self._place.update(picture)


def _in_notebook() -> bool:
    """Tell whether a kernel runs this, whose pages can show HTML."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell else None
    return getattr(running, "kernel", None) is not None
