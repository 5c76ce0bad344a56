"""The budget of a run: who counts, up to when, and what was not told."""

from datetime import UTC, datetime, timedelta

import pytest

from policy.backlog.spending import Use, run_spent
from policy.rules.budgets import RunBudget

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def budget(**limits):
    none = {"missions": None, "tokens": None, "cost": None, "active_minutes": None}
    return RunBudget(**{"window_s": 3600, **none, **limits})


def use(name, ago=None, **used):
    closed = None if ago is None else NOW - timedelta(seconds=ago)
    return Use(mission=name, closed=closed, **used)


@pytest.mark.parametrize(
    ("limits", "uses", "spent"),
    [
        ({"missions": 2}, [use("A", 10)], False),
        ({"missions": 2}, [use("A", 10), use("B")], True),
        ({"missions": 1}, [use("A", 3600)], False),
        ({"missions": 1}, [use("A", 3599)], True),
        ({"missions": 1}, [use("A", -99)], True),
        ({"tokens": 10}, [use("A", 10, tokens=9)], False),
        ({"tokens": 10}, [use("A", 10, tokens=9), use("B", tokens=1)], True),
        ({"cost": 10}, [use("A", 10, cost=10, tokens=1)], True),
        ({"active_minutes": 2}, [use("A", 10, active_s=119.0)], False),
        ({"active_minutes": 2}, [use("A", 10, active_s=120.0)], True),
        ({}, [use("A", 10, tokens=10**9, untold=True)], False),
        ({"missions": 9}, [use("A", 10, untold=True)], False),
        ({"tokens": 9}, [use("A", 10, untold=True)], True),
        ({"cost": 9}, [use("A", 10, untold=True)], True),
    ],
)
def test_what_is_open_or_was_closed_in_the_window_counts_inclusively(limits, uses, spent):
    assert (run_spent(budget(**limits), uses, NOW) is not None) == spent


def test_it_says_which_and_until_when():
    found = run_spent(budget(tokens=10), [use("A", 600, tokens=6), use("B", 60, tokens=6)], NOW)
    assert "12 of 10 of budgets.run.tokens" in found.why
    assert found.until == NOW + timedelta(seconds=3000)


def test_time_does_not_end_what_open_missions_use_alone():
    assert run_spent(budget(tokens=5), [use("A", tokens=6), use("B", 9)], NOW).until is None


def test_the_last_of_several_ends_it():
    uses = [use("A", 600, tokens=6), use("B", 60, cost=6)]
    found = run_spent(budget(tokens=5, cost=5), uses, NOW)
    assert found.until == NOW + timedelta(seconds=3540)
