"""SIGTERM and SIGINT: stop. SIGHUP: reload. Each only sets a flag and wakes the loop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from daemon.wake import Wake


@dataclass
class Asked:
    """What signals have asked for since the loop last looked."""

    stop: bool = False
    reloads: int = 0
    """Counted, so that who asked can tell theirs from an earlier one."""


@contextmanager
def listening(wake: Wake) -> Iterator[Asked]:
    """Turn signals into *Asked* for the time of the block; put back what was there before."""
    asked = Asked()

    def stop(_number: int, _frame: FrameType | None) -> None:
        asked.stop = True
        wake.up()

    def reload(_number: int, _frame: FrameType | None) -> None:
        asked.reloads += 1
        wake.up()

    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, react) for number, react in wanted.items()}
    try:
        yield asked
    finally:
        for number, react in before.items():
            signal.signal(number, react)
