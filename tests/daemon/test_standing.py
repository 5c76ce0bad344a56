"""When the loop looks again at once, and when it waits for somebody to wake it."""

from daemon.standing import Standing
from policy.mission.actions import Rest

RESTS = {"H-1": Rest(reason="held", why="the checkout is dirty")}


def test_what_rests_is_looked_at_again_once_something_was_recorded():
    assert Standing(rests=dict(RESTS), moved=True).again
    assert not Standing(rests=dict(RESTS)).again


def test_nothing_is_looked_at_again_where_everything_is_under_way_or_over():
    standing = Standing(moved=True, under_way={"H-1": "attempt 1"}, closed=["H-2"])
    assert not standing.again
    assert not standing.idle
    assert Standing(moved=True, closed=["H-2"]).idle


def test_a_hub_is_asked_again_after_everything_that_was_recorded():
    assert Standing(moved=True, hub={}).again
    assert not Standing(moved=True, hub={}).idle
