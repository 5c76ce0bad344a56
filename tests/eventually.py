"""Waiting for what another process does: a condition and a deadline, never a time."""

import time

DEADLINE_S = 120


def eventually(look, what: str, deadline_s: float = DEADLINE_S):
    """Return the first answer of *look* that is true; fail with *what* at the deadline."""
    until = time.monotonic() + deadline_s
    while not (found := look()):
        assert time.monotonic() < until, f"it never came to this: {what}"
        time.sleep(0.05)
    return found
