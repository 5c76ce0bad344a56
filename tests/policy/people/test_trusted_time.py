"""Trusted now: never earlier than what is known, and refused where the clock cannot be right."""

from datetime import UTC, datetime, timedelta

import pytest

from policy.people.trusted_time import Behind, Sane, trusted_time

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KNOWN = (NOW - timedelta(days=30), NOW)


@pytest.mark.parametrize(
    ("clock", "now"),
    [
        (NOW + timedelta(days=1), NOW + timedelta(days=1)),
        (NOW.replace(year=2036), NOW.replace(year=2036)),
        (NOW, NOW),
        (NOW - timedelta(seconds=300), NOW),
    ],
)
def test_a_clock_that_can_be_right_is_believed_and_never_goes_back(clock, now):
    assert trusted_time(clock, KNOWN, 300) == Sane(now=now)


@pytest.mark.parametrize(
    "clock",
    [NOW - timedelta(seconds=301), NOW - timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)],
)
def test_a_clock_before_what_was_recorded_is_said_to_be_wrong(clock):
    found = trusted_time(clock, KNOWN, 300)
    assert found == Behind(now=NOW, clock=clock)
    assert "set the clock right" in found.why


def test_where_nothing_is_known_the_clock_is_all_there_is():
    assert trusted_time(NOW, (), 300) == Sane(now=NOW)
