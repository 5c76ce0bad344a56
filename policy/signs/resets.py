"""When a provider says that its limit is over, read from the line that was the sign of it.

Total and pure: a line that says no time, one that is over, or one in a form nobody knows gives
None, and the route's own back-off counts. It is a builder's word; whoever waits by it bounds it.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_UNIT = r"(?:ms|d(?:ays?)?|h(?:ours?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![A-Za-z])"
_SPAN = rf"(?:[0-9]{{1,9}}(?:\.[0-9]{{1,9}})? ?{_UNIT},? ?(?:and )?){{1,5}}"
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|[dhms])")


def reset_of(line: str, at: datetime) -> datetime | None:
    """Return when the limit that *line*, printed at *at*, tells of is over; later than *at*."""
    for form, read in _FORMS:
        found = form.search(line)
        moment = _read(read, found, at) if found is not None else None
        if moment is not None and moment > at:
            return moment
    return None


_Read = Callable[["re.Match[str]", datetime], datetime | None]


def _read(read: _Read, found: "re.Match[str]", at: datetime) -> datetime | None:
    try:
        return read(found, at)
    except (ValueError, OverflowError, OSError):
        return None  # a time no calendar has


def _after_span(found: "re.Match[str]", at: datetime) -> datetime:
    parts = [float(count) * _UNITS[unit] for count, unit in _PART.findall(found["span"])]
    return at + timedelta(seconds=sum(parts))


def _after_seconds(found: "re.Match[str]", at: datetime) -> datetime:
    return at + timedelta(seconds=float(found["seconds"]))


def _epoch(found: "re.Match[str]", _at: datetime) -> datetime:
    return datetime.fromtimestamp(int(found["epoch"]), UTC)


def _written(found: "re.Match[str]", _at: datetime) -> datetime:
    return datetime.fromisoformat(found["moment"])


def _clock(found: "re.Match[str]", at: datetime) -> datetime | None:
    """Return the next time that clocks in the zone that is named show what is said."""
    zone = _zone(found["zone"])
    if zone is None:
        return None
    hour = int(found["hour"]) % 12 + (12 if found["half"].lower() == "pm" else 0)
    here = at.astimezone(zone)
    moment = here.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
    return (moment if moment > here else moment + timedelta(days=1)).astimezone(UTC)


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


_FORMS: tuple[tuple["re.Pattern[str]", _Read], ...] = (
    (re.compile(r"limit reached\|(?P<epoch>[0-9]{9,11})\b"), _epoch),
    (re.compile(r"\bresets?_at\W{1,5}(?P<epoch>[0-9]{9,11})\b"), _epoch),
    (
        re.compile(
            r"\bresets?(?:_at| at| on)?\W{1,5}"
            r"(?P<moment>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,16}(?:Z|[+-][0-9]{2}:[0-9]{2}))"
        ),
        _written,
    ),
    (
        re.compile(
            r"\bresets?(?: at)? (?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))? ?"
            r"(?P<half>[ap]m) \((?P<zone>[A-Za-z0-9_+/-]{1,60})\)",
            re.IGNORECASE,
        ),
        _clock,
    ),
    (re.compile(r"\bresets_in_seconds\W{1,5}(?P<seconds>[0-9]{1,9})\b"), _after_seconds),
    (
        re.compile(rf"\b(?:try again|retry|reset|resets) in (?P<span>{_SPAN})", re.IGNORECASE),
        _after_span,
    ),
    (re.compile(rf"\bretryDelay\W{{1,5}}(?P<span>{_SPAN})"), _after_span),
    (
        re.compile(r"\bretry-after\W{1,5}(?P<seconds>[0-9]{1,9}(?:\.[0-9]{1,9})?)", re.IGNORECASE),
        _after_seconds,
    ),
)
"""Tried in order: what names a moment before what names a time to wait."""
