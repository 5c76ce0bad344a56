"""Active hours: when something new may be begun, in the wall time of a place.

Outside of them no item is opened and no attempt is started. What runs goes on to its end: what was
built is judged, what passed lands, a landing is judged, and a red target is mended.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from policy.value import Value

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[str, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
_WEEK = 7


class ActiveHours(Value):
    zone: str
    """A name of the IANA time zone database, such as Europe/Vienna or UTC."""
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    """On which the hours begin."""
    begin: Clock = Field(alias="from")
    """24 hours, quoted: `"08:00"`."""
    end: Clock = Field(alias="to")
    """Not after it: 17:00 is quiet again. At or before *from*: on the next day."""

    @field_validator("zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if _zone(name) is None:
            raise ValueError(f"{name} is no time zone that is known here, such as Europe/Vienna")
        return name


def quiet_until(hours: ActiveHours | None, now: datetime) -> datetime | None:
    """Return when the next active hours begin, in UTC; None where *now* is within some.

    Raises `ValueError` for a zone that is not known any more.
    """
    if hours is None:
        return None
    zone = _zone(hours.zone)
    if zone is None:
        raise ValueError(f"active_hours.zone: {hours.zone} is not known on this host any more")
    today = now.astimezone(zone).date()
    spans = [
        _span(hours, today + timedelta(days=ahead), zone)
        for ahead in range(-1, _WEEK + 1)
        if DAYS[(today + timedelta(days=ahead)).weekday()] in hours.days
    ]
    if any(begin <= now < end for begin, end in spans):
        return None
    return min(begin for begin, _ in spans if begin > now)


def _span(hours: ActiveHours, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last = day if hours.begin < hours.end else day + timedelta(days=1)
    return _at(day, hours.begin, zone), _at(last, hours.end, zone)


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # also what is no name: ../etc, a folder
