"""Killed again and again: up to policy's limit it goes on, over it a person is asked."""

import signal

import pytest

from tests.daemon.faults.lives import ALONE, Place

LIMIT = 2  # selection.interruptions of these lives
BUILDER = Place("builder-start", 1)


@pytest.fixture
def house(alive):
    return alive(ALONE.name)


def test_a_builder_that_dies_with_the_daemon_up_to_the_limit_is_run_again(house):
    for _ in range(LIMIT):
        assert house.dies(BUILDER) == -signal.SIGKILL
    house.lives()
    house.is_whole()
    assert house.kinds("Z-1").count("attempt-interrupted") == LIMIT
    assert house.facts("Z-1")[-1].counts.attempts == 1


def test_over_the_limit_a_person_is_asked_and_nothing_runs(house):
    before = house.tip()
    for _ in range(LIMIT + 1):
        assert house.dies(BUILDER) == -signal.SIGKILL
    process = house.starts("once")
    assert process.wait() == 7
    asked = house.facts("Z-1")[-1]
    assert (asked.kind, asked.outcome) == ("person-asked", "ESCALATION_REQUESTED")
    assert house.kinds("Z-1").count("attempt-started") == LIMIT + 1
    tip = house.tip("refs/pawl/missions/Z-1")
    house.runs()
    assert (house.tip(), house.tip("refs/pawl/missions/Z-1")) == (before, tip)
    house.is_sound()


def test_a_builder_killed_with_the_daemon_is_not_charged_for_kills_elsewhere(house):
    for place in (
        "gates-start",
        "gates-end",
        "append:gates-judged+landing-started",
        "land:after-cas",
        "archive",
    ):
        assert house.dies(Place(place, 1)) == -signal.SIGKILL
    house.lives()
    house.is_whole()
    assert "attempt-interrupted" not in house.kinds("Z-1")


def test_an_instance_that_was_killed_holds_no_lock(house):
    """F24: what it left running has not inherited it."""
    assert house.dies(Place("gates-start", 1)) == -signal.SIGKILL
    process = house.starts("once")
    assert process.wait() == 0
    house.is_whole()
