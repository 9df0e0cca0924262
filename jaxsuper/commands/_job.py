"""One process of a job of several: whatever ends it, a line and an exit status say so.

When a process of a job is lost, XLA aborts the others from a thread of its own, where Python is not
asked. So the work is done by a child, and what started it waits, passes signals on and has the last
word.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from ._signals import exit_status, handled
from ._terminal import complain


# The exit status after another process was lost.
LOST = 3
_RESUME = "what was written is kept: run the same command again in all processes to resume"
# Seconds that a process which gives up waits for others that do so too. Then it leaves, which they
# notice.
_GRACE = 5.0


def supervised(work: Callable[[], int]) -> int:
    """Do work that joins a job, in a child process.

    Args:
        work: returns the exit status, and tells of its errors itself.

    Returns:
        That status, 3 if another process of the job was lost. Without a child if JAX is loaded,
        which must not be forked.
    """
    if "jax" in sys.modules:
        return work()
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.close(reading)
        return _watched(child)
    os.close(writing)
    # Signals of the terminal reach the parent alone, which passes them on, each once.
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_parent, args=(reading,), daemon=True).start()
    try:
        status = work()
    except KeyboardInterrupt as interrupt:
        complain("interrupted; nothing was written")
        status = exit_status(interrupt)
    except Exception:
        traceback.print_exc()
        status = 1
    if status:
        _leave(status)
    return status


def lost(error: Exception) -> int:
    """Say that another process of the job was lost; return the exit status."""
    reason = f" ({str(error.__cause__).splitlines()[0]})" if error.__cause__ else ""
    complain(f"{error}; {_RESUME}{reason}")
    return LOST


def _watched(child: int) -> int:
    """Wait for the child; return its exit status, or say what ended it."""

    def pass_on(received: int, frame: Any) -> None:
        del frame
        try:
            os.kill(child, received)
        except ProcessLookupError:
            return

    with handled(pass_on):
        _, ended = os.waitpid(child, 0)
    status = os.waitstatus_to_exitcode(ended)
    if status >= 0:
        return status
    if -status == signal.SIGABRT:
        return lost(RuntimeError("another process of the job was lost, and XLA ended this one"))
    complain(f"ended by {signal.Signals(-status).name}; {_RESUME}")
    return 128 - status


def _end_with_parent(reading: int) -> None:
    """End this process when the parent has, whose end of the pipe is then closed."""
    os.read(reading, 1)
    os._exit(128 + signal.SIGKILL)


def _leave(status: int) -> None:
    """End the process now; a usual end would wait minutes for processes that work or are lost."""
    if status != LOST and "jax" in sys.modules:
        import jax

        leaving = threading.Thread(target=jax.distributed.shutdown, daemon=True)
        leaving.start()
        leaving.join(_GRACE)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
