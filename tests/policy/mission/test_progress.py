"""Attempts that lead nowhere: by the trees that gates failed, and by what would be said again."""

import pytest

from policy.mission.actions import Ask, Close, RunBuilder
from policy.mission.decide import decide
from policy.rules.escalation import Level
from policy.rules.progress import NoProgress, Oscillation, Progress
from tests.policy.mission.conftest import but, failed, routed

A, B, C = "a" * 40, "b" * 40, "c" * 40
LEVELS = (Level(name="one", iterations=50), "HARD_GATE")
TWO = (*LEVELS[:1], Level(name="two", model="m", iterations=50), "HARD_GATE")


@pytest.fixture
def world(world):
    mission = world.policy.budgets.mission.model_copy(update={"attempts": 50})
    policy = world.policy.model_copy(
        update={
            "budgets": world.policy.budgets.model_copy(update={"mission": mission}),
            "escalation": LEVELS,
            "limits": world.policy.limits.model_copy(update={"failures": 50}),
        }
    )
    call = world.call.model_copy(update={"deterministic": False})
    wide = {"limit": 50, "backoff_s": 0}
    return routed(but(world, policy=policy, call=call), test_failure=wide, environment_error=wide)


def ruled(world, lookback=None, window=None, then="terminate", escalation=None):
    progress = Progress(
        no_progress=NoProgress(lookback=lookback, then=then) if lookback else None,
        oscillation=Oscillation(window=window, then=then) if window else None,
    )
    changes = {"progress": progress, **({"escalation": escalation} if escalation else {})}
    return but(world, policy=world.policy.model_copy(update=changes))


def leaves(story, *trees, origin="item", stage="gate", failure="test_failure"):
    """Tell of attempts that left *trees* and failed; each was told something else."""
    if story.state is None:
        story.opened()
    for tree in trees:
        n = story.state.history.next_attempt
        story.started(n=n).ended(n=n, tree=tree)
        failed(story, failure, origin=origin, stage=stage, n=n)
    return story


def test_the_same_tree_again_is_no_progress(story, world):
    action = decide(leaves(story, A, A).state, ruled(world, lookback=1))
    assert isinstance(action, Close)
    assert (action.closed.outcome, action.closed.reason) == ("BLOCKED", "no_progress")


def test_how_often_the_same_is_the_policys_number(story, world):
    leaves(story, A, A)
    assert isinstance(decide(story.state, ruled(world, lookback=2)), RunBuilder)
    assert isinstance(decide(leaves(story, A).state, ruled(world, lookback=2)), Close)


def test_without_the_rule_the_same_tree_is_no_reason(story, world):
    assert isinstance(decide(leaves(story, A, A).state, ruled(world)), RunBuilder)


def test_another_tree_is_progress(story, world):
    assert isinstance(decide(leaves(story, A, B).state, ruled(world, 1, 3)), RunBuilder)


def test_to_and_fro_is_oscillation_within_its_window(story, world):
    action = decide(leaves(story, A, B, A).state, ruled(world, window=3))
    assert isinstance(action, Close)
    assert (action.closed.outcome, action.closed.reason) == ("BLOCKED", "oscillation")


def test_a_longer_way_round_is_oscillation_in_a_longer_window(story, world):
    leaves(story, A, B, C, A)
    assert isinstance(decide(story.state, ruled(world, window=3)), RunBuilder)
    assert isinstance(decide(story.state, ruled(world, window=4)), Close)


def test_what_was_broken_by_the_environment_says_nothing_of_progress(story, world):
    leaves(story, A, origin="environment", failure="environment_error")
    leaves(story, A)
    assert isinstance(decide(story.state, ruled(world, 1, 3)), RunBuilder)


def test_crashes_are_not_the_same_tree(story, world):
    """P-10: two crashes of a builder both leave nothing."""
    leaves(story, A, A, stage="builder", failure="build_error")
    world = routed(world, build_error={"limit": 50})
    assert isinstance(decide(story.state, ruled(world, 1, 3)), RunBuilder)


def test_a_crash_after_the_same_tree_is_judged_by_its_own_route(story, world):
    leaves(story, A, A)
    leaves(story, B, stage="builder", failure="build_error")
    world = routed(world, build_error={"limit": 50})
    assert isinstance(decide(story.state, ruled(world, 1, 3)), RunBuilder)


def test_it_asks_a_person_where_the_policy_says_so(story, world):
    action = decide(leaves(story, A, A).state, ruled(world, 1, then="escalate"))
    assert isinstance(action, Ask)
    asked = action.asked
    assert (asked.outcome, asked.reason) == ("ESCALATION_REQUESTED", "no_progress")


def test_it_first_climbs_to_a_level_that_builds_otherwise(story, world):
    action = decide(leaves(story, A, A).state, ruled(world, 1, escalation=TWO))
    assert isinstance(action, RunBuilder)
    assert action.started.named.name == "two"


def test_a_hard_stop_comes_before_progress_and_progress_before_the_route(story, world):
    leaves(story, A, A)
    strict = routed(ruled(world, lookback=1), test_failure={"limit": 0})
    assert decide(story.state, strict).closed.reason == "no_progress"
    stop = routed(strict, test_failure={"action": "terminate"})
    assert decide(story.state, stop).closed.reason == "tests_failed"


def told(story, world, tree):
    """Let the attempt that `decide` orders run, and fail as the one before."""
    run = decide(story.state, world)
    assert isinstance(run, RunBuilder)
    n = run.started.n
    story.tells(run.started).ended(n=n, tree=tree)
    failed(story, "test_failure", n=n)
    return run


def test_an_identical_prompt_is_not_sent_twice(story, world):
    world = ruled(world)
    story.opened()
    told(story, world, A)
    told(story, world, A)  # told of a failure for the first time
    action = decide(story.state, world)  # told the same, from the same tree
    assert isinstance(action, Close)
    assert action.closed.reason == "no_progress"
    assert "told exactly what one was told before" in action.closed.why


def test_it_is_sent_to_the_next_level_instead(story, world):
    world = ruled(world, escalation=TWO)
    story.opened()
    told(story, world, A)
    told(story, world, A)
    assert decide(story.state, world).started.named.name == "two"


def test_another_start_is_another_prompt(story, world):
    world = ruled(world)
    story.opened()
    told(story, world, A)
    told(story, world, A)
    assert isinstance(decide(story.state, but(world, target_tree=C)), RunBuilder)


def test_a_prompt_that_failed_by_no_fault_of_the_item_is_sent_again(story, world):
    world = ruled(world)
    run = decide(story.opened().state, world)
    story.tells(run.started).ended()
    failed(story, "environment_error", origin="environment")
    again = decide(story.state, world)
    story.tells(again.started).ended(n=2)
    failed(story, "environment_error", origin="environment", n=2)
    assert isinstance(decide(story.state, world), RunBuilder)
