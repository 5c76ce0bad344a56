"""What is new is told once; what lasts is not told again; what ends is, where it matters."""

from datetime import UTC, datetime, timedelta

import pytest

from policy.notifying.news import Condition, Happened, Told, news, next_reminder
from policy.notifying.rules import Event, Rules
from policy.rules.load import load_policy

START = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ALL = "notifications: [{to: ops}]\n"


def rules(overrides: str = ALL) -> Rules:
    policy = load_policy(f"schema: 1\nextends: default-1\n{overrides}".encode()).policy
    return Rules(
        notifications=policy.notifications, notices=policy.notices, requests=policy.requests
    )


def at(seconds: int = 0) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(mission: str = "H-1", since: str = at()) -> Condition:
    return Condition(
        key=f"waiting:{mission}:requests/1.yaml", event=Event.WAITING, mission=mission,
        title=f"{mission} waits", why="nobody approved it yet", next=f"pawl show {mission}",
        since=since, once=True,
    )  # fmt: skip


def frozen(why: str = "the mark is gone", since: str = at()) -> Condition:
    return Condition(key=f"frozen:{why}", event=Event.FROZEN, title="frozen", why=why, since=since)


def landed(mission: str = "H-1") -> Happened:
    return Happened(
        key=f"closed:{mission}", event=Event.LANDED, mission=mission, title="landed", why="landed",
        at=at(),
    )  # fmt: skip


def tell(told: Told, *there: Condition, ended=(), by: Rules | None = None, seconds: int = 0):
    """Return what is told to whom, as events, and what is remembered."""
    found = news(told, there, ended, by or rules(), repo="house", now=at(seconds))
    return [(to, one.event) for to, one in found.notices], found.told


def test_a_condition_is_told_when_it_begins_and_not_again():
    first, told = tell(Told(), waiting())
    again, told = tell(told, waiting(), seconds=60)
    assert (first, again) == ([("ops", Event.WAITING)], [])


def test_a_condition_that_ends_and_begins_anew_is_told_anew():
    _, told = tell(Told(), frozen())
    _, told = tell(told)
    again, _ = tell(told, frozen())
    assert again == [("ops", Event.FROZEN)]


def test_the_end_of_a_freeze_is_told_once_and_only_where_nothing_freezes_any_more():
    _, told = tell(Told(), frozen("one"), frozen("two"))
    still, told = tell(told, frozen("two"))
    over, told = tell(told)
    after, _ = tell(told)
    assert (still, over, after) == ([], [("ops", Event.THAWED)], [])


def test_a_red_target_that_becomes_a_freeze_is_not_told_as_green():
    red = Condition(key="target_red", event=Event.TARGET_RED, title="red", why="", since=at())
    _, told = tell(Told(), red)
    became, told = tell(told, frozen())
    assert became == [("ops", Event.FROZEN)]
    assert tell(told, red)[0] == [("ops", Event.TARGET_RED)]
    _, mended = tell(Told(), red)
    assert tell(mended)[0] == [("ops", Event.TARGET_GREEN)]


def test_that_somebody_is_no_longer_waited_for_is_not_told():
    _, told = tell(Told(), waiting())
    assert tell(told)[0] == []


def test_somebody_is_reminded_at_growing_intervals_and_then_no_more():
    by = rules(f"{ALL}requests: {{remind_s: 100, reminders: 3}}\n")
    _, told = tell(Told(), waiting(), by=by)
    when = []
    for seconds in range(0, 2000, 10):
        found, told = tell(told, waiting(), by=by, seconds=seconds)
        when += [seconds for _ in found]
    assert when == [100, 200, 400]


def test_after_a_long_sleep_one_reminder_stands_for_all_that_were_missed():
    by = rules(f"{ALL}requests: {{remind_s: 100, reminders: 3}}\n")
    _, told = tell(Told(), waiting(), by=by)
    found, told = tell(told, waiting(), by=by, seconds=10**6)
    assert found == [("ops", Event.REMINDER)]
    assert tell(told, waiting(), by=by, seconds=2 * 10**6)[0] == []


def test_an_old_request_seen_for_the_first_time_is_told_once_without_a_reminder():
    found, told = tell(Told(), waiting(), seconds=10**6)
    assert found == [("ops", Event.WAITING)]
    assert tell(told, waiting(), seconds=10**6 + 60)[0] == []


def test_the_next_reminder_is_when_the_loop_is_woken():
    requests = rules(f"{ALL}requests: {{remind_s: 100, reminders: 2}}\n").requests
    assert next_reminder([waiting()], requests, at(50)) == START + timedelta(seconds=100)
    assert next_reminder([waiting()], requests, at(150)) == START + timedelta(seconds=200)
    assert next_reminder([waiting()], requests, at(250)) is None
    assert next_reminder([frozen()], requests, at()) is None


@pytest.mark.parametrize(
    ("overrides", "told_to"),
    [
        pytest.param("notifications: []\n", [], id="nobody"),
        pytest.param("notifications: [{to: ops, at_least: action}]\n", ["ops"], id="important"),
        pytest.param("notifications: [{to: ops, at_least: urgent}]\n", [], id="too unimportant"),
        pytest.param("notifications: [{to: ops, events: [landed]}]\n", [], id="another event"),
        pytest.param(
            "notifications: [{to: ops}, {to: ada, events: [waiting]}, {to: ops}]\n",
            ["ops", "ada"], id="each once",
        ),
        pytest.param(
            "notices: {priorities: {waiting: info}}\n"
            "notifications: [{to: ops, at_least: warning}]\n",
            [], id="a priority of its own",
        ),
    ],
)  # fmt: skip
def test_who_is_told_is_what_the_policy_says(overrides, told_to):
    found, _ = tell(Told(), waiting(), by=rules(overrides))
    assert [to for to, _ in found] == told_to


def test_what_nobody_is_told_of_is_not_told_later_either():
    _, told = tell(Told(), waiting(), by=rules("notifications: []\n"))
    assert tell(told, waiting())[0] == []


def test_more_than_so_many_an_hour_are_counted_and_told_in_one():
    by = rules(f"{ALL}notices: {{per_hour: 3}}\n")
    first, told = tell(Told(), ended=[landed(f"H-{n}") for n in range(10)], by=by)
    assert len(first) == 3
    quiet, told = tell(told, by=by, seconds=1800)
    assert (quiet, told.omitted) == ([], {"ops": 7})
    later, told = tell(told, by=by, seconds=3601)
    assert (later, told.omitted) == ([("ops", Event.OMITTED)], {})


def test_a_clock_that_was_put_back_keeps_nobody_from_being_told():
    by = rules(f"{ALL}notices: {{per_hour: 1}}\n")
    _, told = tell(Told(), ended=[landed("H-1")], by=by, seconds=10**8)
    assert tell(told, ended=[landed("H-2")], by=by)[0] == [("ops", Event.LANDED)]


def test_the_id_is_the_same_however_often_the_same_thing_is_told():
    one = news(Told(), [waiting()], [], rules(), repo="house", now=at()).notices[0][1]
    two = news(Told(), [waiting()], [], rules(), repo="house", now=at(999)).notices[0][1]
    other = news(Told(), [waiting("H-2")], [], rules(), repo="house", now=at()).notices[0][1]
    elsewhere = news(Told(), [waiting()], [], rules(), repo="barn", now=at()).notices[0][1]
    assert one.id == two.id
    assert len({one.id, other.id, elsewhere.id}) == 3


def test_what_begins_anew_is_another_and_nobody_drops_it():
    first = news(Told(), [frozen()], [], rules(), repo="house", now=at())
    over = news(first.told, [], [], rules(), repo="house", now=at(60))
    again = news(over.told, [frozen(since=at(90))], [], rules(), repo="house", now=at(90))
    ids = [found.notices[0][1].id for found in (first, over, again)]
    assert len({*ids}) == 3


def test_every_event_has_a_priority_in_the_shipped_policy():
    assert set(rules().notices.priorities) == set(Event)
