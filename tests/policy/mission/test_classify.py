"""What a builder's last words make of its ending, and what can be had by printing them: little."""

import pytest

from policy.bus.result import Exited, Killed, NotStarted, TimedOut
from policy.change import NO_CHANGE
from policy.mission.actions import Ask, Classify, Close, RunBuilder
from policy.mission.decide import decide
from policy.rules.failures import FailureClass
from policy.signs.signature import Sign
from tests.policy.mission.conftest import but, failed, routed


def sign(failure, line="the words"):
    return Sign(failure=FailureClass(failure), tool="agent", line=line)


LIMITED = sign("rate_limited")
OTHERS = {
    "rate_limited": "provider",
    "provider_error": "provider",
    "environment_error": "environment",
}


@pytest.mark.parametrize(
    ("ended", "words", "says"),
    [
        ({"ending": Exited(code=1)}, "rate_limited", "rate_limited provider"),
        ({"ending": Exited(code=1)}, "provider_error", "provider_error provider"),
        ({"ending": Exited(code=1)}, "dependency_error", "dependency_error environment"),
        ({"ending": Exited(code=1)}, "context_overflow", "context_overflow item"),
        ({"ending": Exited(code=1)}, "syntax_error", "syntax_error item"),
        ({"ending": Exited(code=1)}, "tool_missing", "build_error item"),
        ({"ending": Killed(signal=6)}, "resource_exhausted", "resource_exhausted environment"),
        ({"ending": TimedOut(limit="idle", seconds=9.0)}, "rate_limited", "rate_limited provider"),
        ({"ending": TimedOut(limit="idle", seconds=9.0)}, "syntax_error", "timeout item"),
        ({"change": NO_CHANGE}, "provider_error", "provider_error provider"),
        ({"change": NO_CHANGE}, "context_overflow", "no_changes item"),
        (
            {"ending": NotStarted(cause="sandbox", why="?")},
            "rate_limited",
            "sandbox_unavailable environment",
        ),
    ],
)
def test_a_builders_words_decide_where_a_person_is_asked_in_the_end(
    story, world, ended, words, says
):
    action = decide(story.opened().started().ended(**ended, sign=sign(words)).state, world)
    assert isinstance(action, Classify)
    assert f"{action.failure.failure.value} {action.failure.origin}" == says


def test_words_that_decide_nothing_are_told_all_the_same(story, world):
    ended = story.opened().started().ended(ending=Exited(code=1), sign=sign("tool_missing"))
    action = decide(ended.state, world)
    assert isinstance(action, Classify)
    assert action.failure.why == "the builder exited 1; it printed agent: the words"


def test_a_route_that_ends_without_a_person_makes_no_excuse_of_words(story, world):
    closes = routed(world, rate_limited={"then": "terminate"})
    state = story.opened().started().ended(ending=Exited(code=1), sign=LIMITED).state
    action = decide(state, closes)
    assert isinstance(action, Classify)
    assert action.failure.failure == "build_error"


def test_attempts_that_failed_by_no_fault_of_the_item_are_not_charged(story, world):
    asks = but(world, call=world.call.model_copy(update={"deterministic": False}))
    calm = routed(asks, rate_limited={"backoff_s": 0}, test_failure={"limit": 9})
    failed(story.opened().started().ended(), "rate_limited", origin="provider")
    for n in (2, 3):
        failed(story.started(n).ended(n), "test_failure", n=n)
    assert isinstance(decide(story.state, calm), RunBuilder)
    failed(story.started(4).ended(4), "test_failure", n=4)
    action = decide(story.state, calm)
    assert isinstance(action, Close)
    assert (action.closed.reason, action.closed.failure) == ("budget_exhausted", "test_failure")


def test_a_builder_that_always_blames_another_ends_with_a_person(story, world):
    asks = but(world, call=world.call.model_copy(update={"deterministic": False}))
    calm = routed(asks, **{name: {"backoff_s": 0} for name in OTHERS})
    story.opened()
    words = [name for name in OTHERS for _ in range(99)]
    for n in range(1, 99):
        name = words[n % len(words)]
        failed(story.started(n).ended(n), name, origin=OTHERS[name], stage="builder", n=n)
        action = decide(story.state, calm)
        if isinstance(action, Ask):
            break
    limits = [calm.policy.failures[FailureClass(name)].limit for name in OTHERS]
    assert isinstance(action, Ask)
    assert n <= sum(limits) + 1


def test_time_that_ran_out_while_others_failed_is_a_persons_and_never_a_quiet_end(story, world):
    failed(story.opened().started().ended(wall_s=240 * 60.0), "rate_limited", origin="provider")
    action = decide(story.state, routed(world, rate_limited={"backoff_s": 0}))
    assert isinstance(action, Ask)
    assert (action.asked.outcome, action.asked.reason) == (
        "ESCALATION_REQUESTED",
        "budget_exhausted",
    )
