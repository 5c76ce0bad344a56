"""Back-off: a wait that doubles each time. What counts the times is the caller's."""

from datetime import UTC, datetime, timedelta


def until(at: str, wait_s: int, *, doubled: int, at_most_s: int | None = None) -> datetime:
    """Return *at* (RFC 3339) and *wait_s* seconds, *doubled* so often, but *at_most_s*.

    Many doublings come to a time that no calendar has: the last one there is.
    """
    try:
        seconds = wait_s * 2**doubled
        wait = timedelta(seconds=seconds if at_most_s is None else min(seconds, at_most_s))
        return datetime.fromisoformat(at) + wait
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
