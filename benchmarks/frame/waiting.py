"""Waiting for what another process does, with a deadline."""

import time
from collections.abc import Callable

_LOOK_S = 0.002


class NeverCameError(Exception):
    """What was waited for did not happen in time."""


def until(happened: Callable[[], bool], seconds: float, what: str) -> None:
    """Return once *happened*; raise `NeverCameError` naming *what* after *seconds*."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise NeverCameError(f"{what}: not within {seconds} s")
        time.sleep(_LOOK_S)
