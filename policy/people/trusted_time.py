"""Trusted now: a clock may be slow to tell that a permission has expired, but never for long.

What was recorded is later than what was recorded before it, so the newest time that is known to be
true is a floor for the clock. A clock far below that floor is wrong, and which of the two is then
nobody can tell: everything that expires is refused (reliability.md 6.3, step 8).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from policy.value import Value


class Sane(Value):
    """The time to decide by: never earlier than what was known before."""

    now: datetime


class Behind(Value):
    """The clock is earlier than what was recorded. *now* is the newest known; approve nothing."""

    now: datetime
    clock: datetime

    @property
    def why(self) -> str:
        return (
            f"the clock says {self.clock:%Y-%m-%dT%H:%M:%SZ}, but something was recorded at "
            f"{self.now:%Y-%m-%dT%H:%M:%SZ}: set the clock right, or, where it is right now and "
            "was ahead then: `pawl doctor --accept-clock`"
        )


TrustedTime = Sane | Behind


def trusted_time(clock: datetime, known: Iterable[datetime], skew_s: int) -> TrustedTime:
    """Return the time to decide by, all in UTC.

    *known* are times that are believed: of the newest ledger commits and landings that a daemon
    signed, of the high-water mark, and of the introduction commit, whose id the operator pinned.
    """
    newest = max(known, default=clock)
    if clock < newest - timedelta(seconds=skew_s):
        return Behind(now=newest, clock=clock)
    return Sane(now=max(clock, newest))
