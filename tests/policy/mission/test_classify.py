"""What a builder's last words make of its ending, and what can be had by printing them: little."""

from datetime import datetime, timedelta

import pytest

from policy.bus.result import Exited, Killed, NotStarted, TimedOut
from policy.change import NO_CHANGE
from policy.mission.actions import Ask, Classify, Close, Rest, RunBuilder
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


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        pytest.param("slow down", 300, id="no time: the back-off"),
        pytest.param("You've hit your usage limit. Try again in 2 hours.", 7200, id="its time"),
        pytest.param("Please try again in 20s", 20, id="less than the back-off"),
        pytest.param("try again in 300 days", 86400, id="as long as the policy lets it"),
    ],
)
def test_a_provider_that_says_when_it_goes_on_is_waited_for_until_then(story, world, line, seconds):
    ended = story.opened().started().ended(ending=Exited(code=1), sign=sign("rate_limited", line))
    failed(ended, "rate_limited", origin="provider", stage="builder")
    action = decide(story.state, world)
    assert isinstance(action, Rest)
    at = datetime.fromisoformat(story.state.at)
    assert (action.reason, action.until) == ("backing_off", at + timedelta(seconds=seconds))


def test_no_other_failure_waits_for_what_a_builder_says(story, world):
    words = sign("provider_error", "try again in 2 hours")
    ended = story.opened().started().ended(ending=Exited(code=1), sign=words)
    failed(ended, "provider_error", origin="provider", stage="builder")
    action = decide(story.state, world)
    assert isinstance(action, Rest)
    assert action.until == datetime.fromisoformat(story.state.at) + timedelta(seconds=60)


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
