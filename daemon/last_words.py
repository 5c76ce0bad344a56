"""What every thread was doing when the process was aborted, told by the next one.

The watchdog ends a hung daemon with SIGABRT; the stacks say where it hung. They go to a file and
not to stderr, because they are no JSON and a process in that state cannot make any. The log gets
the thread that was hit only: `journalctl -o json` shows no field of more than 4 KiB.
"""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.log import get_logger

STACKS, LAST = "stacks.txt", "stacks.last.txt"
_SHOWN = 2048
_log = get_logger()


@contextmanager
def last_words(state: Path) -> Iterator[None]:
    """Log what the process before left in *state*, and leave the same for the one after."""
    path, last = state / STACKS, state / LAST
    if path.exists() and path.stat().st_size:
        path.replace(last)
        _, head, current = last.read_text(errors="replace").rpartition("Current thread")
        said = f"{head}{current}"[:_SHOWN]
        _log.error("the last process was aborted: this is where it was", at=said, all=str(last))
    with path.open("wb") as file:
        faulthandler.enable(file)
        try:
            yield
        finally:
            faulthandler.disable()
