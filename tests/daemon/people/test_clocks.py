"""Clocks that are wrong when something is asked, or when it is answered, and are right again."""

from datetime import UTC, datetime, timedelta

import pytest

from daemon.clock import SystemClock
from tests.daemon.people.test_commands import pawl

YEARS = timedelta(days=3653)
DAY = timedelta(days=1)


class At:
    """A clock that stands still."""

    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


def off(by):
    return At(SystemClock().now() + by)


def facts(home):
    return len(home.facts("H-1"))


@pytest.fixture
def wished(home):
    home.wishes("H-1", requires_approval=True)
    return home


def anew(home, days=2):
    """Copy the ready-made answer, with another time at which it is over."""
    at = f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"

    def edit(text):
        rows = (
            f'expires: "{at}"' if row.startswith("expires:") else row for row in text.split("\n")
        )
        return "\n".join(rows)

    return home.answers("H-1", "approval", edit=edit)


def test_a_clock_that_went_back_a_day_approves_nothing_however_often_it_is_asked(wished):
    wished.runs(clock=off(30 * DAY))
    anew(wished, days=34)
    for _ in range(3):
        standing = wished.runs(clock=off(29 * DAY))
        assert "set the clock right" in standing.rests["H-1"].why
    assert wished.kinds("H-1").count("person-answered") == 0
    wished.wishes("H-2")
    wished.runs(clock=off(29 * DAY))  # what is recorded meanwhile makes no wrong time right
    assert wished.kinds("H-1").count("person-answered") == 0
    wished.runs(clock=off(30 * DAY))
    assert wished.ended("H-1") == ("PASS", "landed")


def test_what_was_over_is_over_when_the_clock_goes_back(wished):
    wished.runs(clock=off(30 * DAY))
    anew(wished, days=32)
    assert "expired" in wished.runs(clock=off(33 * DAY)).rests["H-1"].why
    wished.wishes("H-2")
    for _ in range(3):  # and what is landed meanwhile does not turn the time back
        wished.runs(clock=off(31 * DAY))
    assert wished.ended("H-2") == ("PASS", "landed")
    assert wished.kinds("H-1").count("person-answered") == 0


def test_a_clock_ten_years_ahead_that_is_right_again(wished):
    wished.runs(clock=off(YEARS))
    wished.wishes("H-2")
    wished.runs(clock=off(YEARS))
    anew(wished)
    before = facts(wished)
    for _ in range(3):
        standing = wished.runs()
        assert "set the clock right" in standing.rests["H-1"].why
    assert facts(wished) <= before + 1
    assert wished.kinds("H-1").count("person-answered") == 0
    assert "`pawl doctor --accept-clock`" in pawl(wished.path, "doctor").out
    said = pawl(wished.path, "doctor", "--accept-clock", "--json")
    assert (said.code, len(said.json["wrong"]) > 0) == (0, True), said.err
    assert "--accept-clock" not in pawl(wished.path, "doctor").out
    wished.runs()
    assert wished.ended("H-1") == ("PASS", "landed")
    assert wished.ended("H-2") == ("PASS", "landed")
    # from here on the clock is believed as ever
    wished.wishes("H-3", requires_approval=True)
    wished.runs()
    wished.answers("H-3", "approval")
    wished.runs(clock=off(-DAY))
    assert "person-answered" not in wished.kinds("H-3")
    wished.runs()
    assert wished.ended("H-3") == ("PASS", "landed")


@pytest.mark.parametrize("by", [DAY, YEARS], ids=["a day", "ten years"])
def test_a_clock_that_is_ahead_at_the_answer_lets_nothing_land_late(wished, by):
    wished.runs()
    wished.answers("H-1", "approval")
    wished.runs(clock=off(by))
    ended = wished.kinds("H-1")[-1] == "mission-closed"
    assert ended is (by == DAY)


@pytest.mark.parametrize("clock", [off(-DAY), At(datetime(1970, 1, 2, tzinfo=UTC))])
def test_a_clock_that_is_behind_when_it_asks_is_no_trap(wished, clock):
    for _ in range(3):
        wished.runs(clock=clock)
    count = facts(wished)
    wished.runs(clock=clock)
    assert facts(wished) == count
    wished.runs()
    anew(wished)
    wished.runs()
    assert wished.ended("H-1") == ("PASS", "landed")
