"""Every way up and down a chain of levels ends, whatever fails on it."""

from datetime import timedelta

import pytest

from policy.mission import actions as a
from policy.mission import states as s
from policy.mission.decide import decide
from policy.rules.escalation import Level
from policy.rules.failures import FailureClass
from tests.policy.mission.conftest import but
from tests.policy.mission.outcomes import found
from tests.policy.mission.test_exhaustive import after

RETRIED = (FailureClass.TEST_FAILURE, FailureClass.TIMEOUT)
OVER = (s.Closed, s.Waiting, s.OnTarget)
MANY = 10_000


@pytest.fixture
def climbing(world):
    """A policy with a chain to climb, few chances, and every reason to climb and come down."""
    policy = world.policy
    few = {
        failure: route.model_copy(
            update={"limit": 1, "backoff_s": 0}
            | ({"then": "escalate"} if failure in RETRIED else {})
        )
        for failure, route in policy.failures.items()
    }
    levels = (Level(name="a", model="a", iterations=1), Level(name="b", model="b", iterations=2))
    mission = policy.budgets.mission.model_copy(update={"attempts": 3})
    changes = {
        "escalation": (*levels, "HARD_GATE"),
        "drop_back": "always",
        "failures": few,
        "budgets": policy.budgets.model_copy(update={"mission": mission}),
        "progress": policy.progress.model_copy(update={"no_progress": None}),
        "selection": policy.selection.model_copy(update={"interruptions": 0}),
    }
    call = world.call.model_copy(update={"deterministic": False})
    return but(world, policy=policy.model_copy(update=changes), call=call)


def test_every_climb_ends_whatever_fails_on_the_way(story, climbing):
    late = but(climbing, now=climbing.now + timedelta(days=99))
    waiting, seen, ends = [(story.opened().state, 0)], 0, set()
    while waiting:
        state, steps = waiting.pop()
        seen += 1
        assert seen < MANY
        assert steps < 99, "it goes on for ever"
        if isinstance(state, OVER):
            levels = {past.started.level for past in state.history.attempts}
            ends.add((type(state), max(levels, default=0)))
            continue
        action = decide(state, late)
        assert not isinstance(action, a.Rest), action
        waiting += [(after(state, facts), steps + 1) for facts in found(action, state)]
    assert {level for _, level in ends} == {0, 1}
    assert {kind for kind, _ in ends} == {*OVER}
