"""What every thread was doing when the process was aborted, told by the next one.

The watchdog ends a hung daemon with SIGABRT; the stacks say where it hung. They go to a file and
not to stderr, because they are no JSON and a process in that state cannot make any.
"""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

STACKS = "stacks.txt"
_SHOWN = 16 * 1024
_log = structlog.get_logger()


@contextmanager
def last_words(state: Path) -> Iterator[None]:
    """Log what the process before left in *state*, and leave the same for the one after."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / STACKS).open("a+b") as file:
        file.seek(0)
        left = file.read(_SHOWN).decode(errors="replace")
        if left:
            _log.error("the last process was aborted: this is where it was", stacks=left)
            file.truncate(0)
        faulthandler.enable(file)
        try:
            yield
        finally:
            faulthandler.disable()
