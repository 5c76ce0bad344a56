"""The daemon is killed at every point of every life, started again, and nobody can tell."""

import os
import signal
from collections import Counter
from typing import get_args

import pytest

from policy.mission.facts import Fact
from tests.daemon.faults.lives import BY_NAME, LIVES, distinct, every


def cases(places):
    return [pytest.param(life, place, id=f"{life}-{place}") for life, place in places]


QUICK = distinct()
LONG = [case for case in every() if case not in QUICK]


@pytest.mark.parametrize(("life", "place"), cases(QUICK))
def test_a_kill_at_any_point_is_made_good(alive, life, place):
    house = alive(life)
    assert house.dies(place) == -signal.SIGKILL
    house.lives()
    house.is_whole()


@pytest.mark.faults
@pytest.mark.parametrize(("life", "place"), cases(LONG))
def test_a_kill_at_any_point_is_made_good_each_time_it_is_passed(alive, life, place):
    test_a_kill_at_any_point_is_made_good(alive, life, place)


@pytest.mark.parametrize("life", BY_NAME)
def test_the_points_of_a_life_are_those_that_are_written_down(alive, life):
    names = alive(life).whole.names
    file = BY_NAME[life].file
    if os.environ.get("PAWL_POINTS") == "write":
        file.write_text("\n".join(names) + "\n")
    assert Counter(file.read_text().split()) == Counter(names), (
        f"{file} is out of date: run this test with PAWL_POINTS=write"
    )


def test_each_kind_of_fact_is_between_two_points_of_some_life():
    kinds = {kind.model_fields["kind"].default for kind in get_args(Fact)}
    for side in ("append:", "appended:"):
        names = {place.name for life in LIVES for place in life.places}
        around = {
            kind
            for name in names
            if name.startswith(side)
            for kind in name.removeprefix(side).split("+")
        }
        assert around == kinds
