"""Whose turn it is, and who holds a landing back for whom."""

import pytest

from policy.backoff import until
from policy.landing.turns import Claim, Judging, goes_first, in_turn, rebuild_at
from policy.rules.model import Landing

LIMITS = Landing(rebuilds=2, backoff_s=30, backoff_max_s=100)
TIP, OLD = "a" * 40, "b" * 40


def claim(mission, since="2026-01-15T12:00:00Z", rebuilds=0, tried="", *, heard=False):
    return Claim(mission=mission, since=since, rebuilds=rebuilds, tried=tried, heard=heard)


def names(claims):
    return [one.mission for one in in_turn(claims, LIMITS)]


def test_who_was_opened_first_has_the_first_turn_whatever_its_name():
    assert names([claim("A-1", "2026-01-15T12:00:09Z"), claim("Z-1")]) == ["Z-1", "A-1"]


def test_of_those_opened_in_one_second_numbers_count_as_numbers():
    assert names([claim("H-10"), claim("H-9")]) == ["H-9", "H-10"]


def test_who_was_rebuilt_too_often_comes_before_who_waits_longer():
    old = claim("A-1", "2026-01-15T11:00:00Z", rebuilds=2)
    assert names([old, claim("H-3", rebuilds=3)]) == ["H-3", "A-1"]


def test_who_was_heard_comes_before_all_who_would_begin_gates():
    late = claim("H-3", rebuilds=9, tried="2026-01-15T12:05:00Z")
    assert names([late, claim("H-4"), claim("H-5", heard=True)]) == ["H-5", "H-3", "H-4"]


def test_of_those_whose_last_try_is_longest_ago_is_next_however_often_it_tried():
    often = claim("H-3", rebuilds=9, tried="2026-01-15T12:05:00Z")
    seldom = claim("H-4", rebuilds=3, tried="2026-01-15T12:04:00Z")
    assert names([often, seldom]) == ["H-4", "H-3"]


@pytest.mark.parametrize(
    ("rebuilds", "base", "first"), [(2, TIP, None), (3, OLD, None), (3, TIP, "H-1")]
)
def test_only_gates_on_the_present_target_after_too_many_rebuilds_are_waited_for(
    rebuilds, base, first
):
    found = goes_first([Judging(claim=claim("H-1", rebuilds=rebuilds), base=base)], TIP, LIMITS)
    assert (found.mission if found else None) == first


def test_of_two_that_were_rebuilt_too_often_one_goes_first():
    tried = {"H-3": "12:02", "H-5": "12:01", "H-4": "12:03"}
    rows = [
        Judging(claim=claim(name, rebuilds=3, tried=f"2026-01-15T{at}:00Z"), base=TIP)
        for name, at in tried.items()
    ]
    assert goes_first(rows, TIP, LIMITS).mission == "H-5"


@pytest.mark.parametrize(
    ("rebuilds", "waits"), [(0, None), (2, None), (3, 30), (4, 60), (5, 100), (999, 100)]
)
def test_only_who_went_first_in_vain_waits_and_longer_each_time(rebuilds, waits):
    at = "2026-01-15T12:00:00Z"
    expected = None if waits is None else until(at, waits, doubled=0)
    assert rebuild_at(rebuilds, at, LIMITS) == expected


def test_a_time_that_no_calendar_has_is_the_last_there_is():
    assert until("2026-01-15T12:00:00Z", 30, doubled=99).year == 9999
