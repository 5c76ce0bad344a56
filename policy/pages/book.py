"""The book of closed missions: the tally of all of them, and of the last days.

The window ends with the day of the newest closing, not today: what the ledger says alone decides
what is shown, in each clone the same, and nothing changes because a night has passed.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from pydantic import Field

from policy.documents.tally import Tally, summed
from policy.value import Value


class Book(Value):
    span: int
    """How many days the window has."""
    total: Tally = Tally()
    days: dict[str, Tally] = Field(default_factory=dict)
    """ISO date (UTC) of closing -> that day's; those of the window only."""

    @property
    def window(self) -> Tally:
        return summed(self.days.values())

    @property
    def newest(self) -> str | None:
        """The day of the newest closing."""
        return max(self.days, default=None)

    @property
    def since(self) -> str | None:
        """The first day of the window."""
        return None if self.newest is None else _first(self.newest, self.span)

    def with_closed(self, closed: Iterable[tuple[str, Tally]]) -> "Book":
        """Return the book with more missions: of each the day it closed, and its tally."""
        by_day: dict[str, list[Tally]] = {}
        for day, tally in closed:
            by_day.setdefault(day, []).append(tally)
        if not by_day:
            return self
        first = _first(max({*by_day, *self.days}), self.span)
        new = {day: summed(tallies) for day, tallies in by_day.items()}
        days = {
            day: summed(side[day] for side in (self.days, new) if day in side)
            for day in sorted({*self.days, *new})
            if day >= first
        }
        return Book(span=self.span, total=summed((self.total, *new.values())), days=days)


def day_of(at: str) -> str:
    """Return the day of a recorded moment (RFC 3339, UTC) as an ISO date."""
    return at.partition("T")[0]


def _first(newest: str, span: int) -> str:
    day = date.fromisoformat(newest)
    back = min(span - 1, (day - date.min).days)
    return (day - timedelta(days=back)).isoformat()
