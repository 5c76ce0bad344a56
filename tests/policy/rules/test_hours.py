"""Active hours: in the wall time of a place, over midnights, weeks and changes of the clock."""

from datetime import UTC, datetime

import pytest

from policy.problems import Unreadable
from policy.rules.hours import ActiveHours, quiet_until
from policy.rules.load import load_policy

ALL = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def hours(begin, end, zone="UTC", days=ALL):
    return ActiveHours.model_validate({"zone": zone, "days": days, "from": begin, "to": end})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "now", "until"),
    [
        (None, "2026-01-15T03:00", None),
        (hours("08:00", "18:00"), "2026-01-15T08:00", None),
        (hours("08:00", "18:00"), "2026-01-15T17:59", None),
        (hours("08:00", "18:00"), "2026-01-15T18:00", "2026-01-16T08:00"),
        (hours("08:00", "18:00"), "2026-01-15T07:59", "2026-01-15T08:00"),
        (hours("20:00", "06:00"), "2026-01-15T05:59", None),
        (hours("20:00", "06:00"), "2026-01-15T06:00", "2026-01-15T20:00"),
        (hours("20:00", "06:00", days=("fri",)), "2026-01-17T05:00", None),
        (hours("20:00", "06:00", days=("fri",)), "2026-01-16T05:00", "2026-01-16T20:00"),
        (hours("08:00", "18:00", days=("mon",)), "2026-01-12T18:00", "2026-01-19T08:00"),
        (hours("00:00", "00:00"), "2026-01-15T12:00", None),
        (hours("08:00", "18:00", "Europe/Vienna"), "2026-01-15T07:00", None),
        (hours("08:00", "18:00", "Europe/Vienna"), "2026-07-15T06:00", None),
        (hours("08:00", "18:00", "Europe/Vienna"), "2026-07-15T16:00", "2026-07-16T06:00"),
        # the night in which 02:30 does not exist, and the one in which it comes twice
        (hours("02:30", "04:00", "Europe/Vienna"), "2026-03-28T23:00", "2026-03-29T01:30"),
        (hours("02:30", "04:00", "Europe/Vienna"), "2026-10-25T00:00", "2026-10-25T00:30"),
    ],
)
def test_it_is_quiet_until_the_next_hours_begin(given, now, until):
    assert quiet_until(given, at(now)) == (at(until) if until else None)


def test_ten_years_on_and_in_1970_there_is_a_next_time():
    work = hours("08:00", "09:00")
    assert quiet_until(work, at("1970-01-01T00:00")) == at("1970-01-01T08:00")
    assert quiet_until(work, at("2036-02-29T09:00")) == at("2036-03-01T08:00")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{zone: Europe/Nowhere, from: '08:00', to: '18:00'}", "no time zone that is known"),
        ("{zone: ../../etc/passwd, from: '08:00', to: '18:00'}", "no time zone that is known"),
        ("{zone: Europe, from: '08:00', to: '18:00'}", "no time zone that is known"),
        ("{zone: UTC, from: '24:00', to: '18:00'}", "form"),
        ("{zone: UTC, from: '8:00', to: '18:00'}", "form"),
        ("{zone: UTC, days: [], from: '08:00', to: '18:00'}", "at least 1 entry"),
        ("{zone: UTC, days: [monday], from: '08:00', to: '18:00'}", "must be"),
        ("{zone: UTC, from: '08:00'}", "missing"),
    ],
)
def test_what_is_no_time_is_no_policy(text, says):
    loaded = load_policy(f"schema: 1\nextends: default-1\nactive_hours: {text}\n".encode())
    assert isinstance(loaded, Unreadable)
    assert says in str(loaded)
