"""A person's decision is about one request: what it allows is used up, and the limit asks again."""

import pytest

from policy.mission.actions import Ask, RunBuilder
from policy.mission.decide import decide
from policy.people.permission import More
from tests.policy.mission.conftest import answers, asks, but, failed, routed


def at_the_limit(story):
    return failed(story.opened().started().ended(), "build_error").tells(asks())


@pytest.fixture
def strict(world):
    """A failure is a person's, at once."""
    world = routed(world, build_error={"action": "escalate", "origin": "environment"})
    return but(world, call=world.call.model_copy(update={"deterministic": False}))


@pytest.mark.parametrize(
    ("answer", "more", "attempts"),
    [
        ("resume", None, 1),
        ("grant", More(attempts=3), 3),
        ("grant", More(tokens=1000), 1),
        ("grant", More(iterations=5, attempts=2), 2),
    ],
)
def test_so_many_attempts_are_allowed_and_then_it_is_asked_anew(
    story, strict, answer, more, attempts
):
    at_the_limit(story).tells(answers(answer, more=more))
    history = story.state.history
    assert history.allowance.attempts == attempts
    assert history.allowance.tokens == ((more.tokens if more else None) or 0)
    assert history.allowance.iterations == ((more.iterations if more else None) or 0)
    for n in range(2, attempts + 2):
        assert isinstance(decide(story.state, strict), RunBuilder)
        story.started(n=n).ended(n=n)
        failed(story, "build_error", origin="environment", n=n)
    action = decide(story.state, strict)
    assert isinstance(action, Ask)
    assert action.asked.request == "requests/2.yaml"
    assert story.state.history.allowance.attempts == 0


def test_what_is_left_of_two_decisions_adds_up(story, strict):
    at_the_limit(story).tells(answers("grant", more=More(attempts=2, tokens=10)))
    story.started(n=2).ended(n=2)
    failed(story, "build_error", origin="environment", n=2).tells(asks(2))
    story.tells(answers("grant", 2, more=More(tokens=5)))
    allowance = story.state.history.allowance
    assert (allowance.attempts, allowance.tokens) == (2, 15)


def test_both_decisions_are_kept_oldest_first(story):
    at_the_limit(story).tells(answers("resume")).started(n=2).ended(n=2)
    failed(story, "build_error", n=2).tells(asks(2)).tells(answers("abort", 2, "7" * 40))
    kept = [one.answered.permission for one in story.state.history.decisions]
    assert kept == ["8" * 40, "7" * 40]
    assert story.state.answered.answer == "abort"
