"""Why an item is not opened now: a closed set, in the order it is asked (DESIGN 5.2)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SkipReason(StrEnum):
    """The first that applies is the reason; each item that is not opened has one."""

    INVALID = "invalid"
    DONE = "done"
    CANCELLED = "cancelled"
    BLOCKED_BY_PERSON = "blocked_by_person"
    RUNNING = "running"
    CLOSED_UNRESOLVED = "closed_unresolved"
    UMBRELLA = "umbrella"
    PHASE_CAP = "phase_cap"
    BLOCKED_BY = "blocked_by"
    NOT_READY = "not_ready"
    WAITING_WAVE = "waiting_wave"
    QUARANTINED = "quarantined"
    AWAITING_PERMISSION = "awaiting_permission"
    SCOPE_OVERLAP = "scope_overlap"
    PAUSED = "paused"
    HALTED = "halted"
    BUDGET_EXHAUSTED = "budget_exhausted"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Skip:
    """*why* is a sentence for people; *retry_at* is when time alone ends it, else None."""

    reason: SkipReason
    why: str
    retry_at: datetime | None = None


def counts(skips: Iterable[Skip]) -> dict[str, int]:
    """Return how many items were skipped for each reason that occurred."""
    found = Counter(skip.reason for skip in skips)
    return {reason.value: found[reason] for reason in SkipReason if reason in found}


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return *names* for a sentence: the first few, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
