"""What a failure leads to: another attempt, a wait, a person or the end, as its route says."""

from datetime import timedelta

import pytest

from policy.bus.result import Exited, Killed, NotStarted, Refused, Stopped, TimedOut
from policy.change import NO_CHANGE
from policy.mission.actions import Ask, Classify, Close, Rest, RunBuilder
from policy.mission.attempts import AttemptInterrupted
from policy.mission.classify import interruption_of
from policy.mission.decide import decide
from policy.mission.world import FromPerson
from tests.policy.mission.conftest import MOVED, but, failed, routed


@pytest.mark.parametrize(
    ("ending", "failure"),
    [
        (Exited(code=1), "build_error"),
        (Killed(signal=11), "build_error"),
        (TimedOut(limit="wall", seconds=9.0), "timeout"),
        (TimedOut(limit="idle", seconds=9.0), "timeout"),
        (NotStarted(cause="tool_missing", why="no such file"), "tool_missing"),
        (NotStarted(cause="sandbox", why="no bwrap"), "sandbox_unavailable"),
    ],
    ids=["exit-1", "segfault", "wall", "idle", "tool-missing", "sandbox"],
)
def test_a_builder_that_ended_badly_is_classified_and_never_proposed(story, world, ending, failure):
    action = decide(story.opened().started().ended(ending=ending).state, world)
    assert isinstance(action, Classify)
    assert (action.failure.failure, action.failure.stage) == (failure, "builder")


def test_a_builder_that_changed_nothing_claims_nothing(story, world):
    action = decide(story.opened().started().ended(change=NO_CHANGE).state, world)
    assert isinstance(action, Classify)
    assert action.failure.failure == "no_changes"


def test_a_refused_work_tree_is_a_validation_error(story, world):
    refused = Refused(reason="fifo", path="pipe", why="a FIFO is no file")
    action = decide(story.opened().started().ended(snapshot=refused).state, world)
    assert isinstance(action, Classify)
    assert action.failure.failure == "validation_error"


def test_a_stop_and_an_outside_kill_are_interruptions_and_nothing_else_is():
    assert interruption_of(Stopped()) == "daemon_stopped"
    assert interruption_of(Killed(signal=9)) == "builder_killed"
    assert interruption_of(Killed(signal=11)) is None
    assert interruption_of(Exited(code=137)) is None


def test_an_item_failure_is_not_tried_again_by_a_deterministic_builder(story, world):
    failed(story.opened().started().ended(), "test_failure")
    action = decide(story.state, world)
    assert isinstance(action, Close)
    assert (action.closed.outcome, action.closed.reason) == ("BLOCKED", "tests_failed")


def test_an_item_failure_is_tried_again_by_a_builder_that_may_differ(story, world):
    failed(story.opened().started().ended(), "test_failure")
    call = world.call.model_copy(update={"deterministic": False})
    action = decide(story.state, but(world, call=call))
    assert isinstance(action, RunBuilder)
    assert action.started.n == 2


def test_a_persons_commit_on_the_work_branch_is_what_the_next_attempt_starts_from(story, world):
    failed(story.opened().started().ended(), "test_failure")
    start = FromPerson(commit="2" * 40, tree="3" * 40)
    action = decide(story.state, but(world, start=start, target=MOVED))
    assert isinstance(action, RunBuilder)
    started = action.started
    assert (started.start, started.start_tree, started.base) == ("2" * 40, "3" * 40, "b" * 40)


def test_a_route_limit_counts_over_the_mission_and_its_number_is_the_policys(story, world):
    call = world.call.model_copy(update={"deterministic": False})
    once = routed(but(world, call=call), test_failure={"limit": 1})
    failed(story.opened().started().ended(), "test_failure")
    assert isinstance(decide(story.state, once), RunBuilder)
    failed(story.started(n=2).ended(n=2), "test_failure", n=2)
    assert isinstance(decide(story.state, once), Close)
    twice = routed(once, test_failure={"limit": 2})
    assert isinstance(decide(story.state, twice), RunBuilder)


def test_attempts_are_a_budget_of_the_mission_whatever_the_class(story, world):
    call = world.call.model_copy(update={"deterministic": False})
    generous = routed(but(world, call=call), test_failure={"limit": 9})
    failed(story.opened().started().ended(), "test_failure")
    for n in (2, 3):
        failed(story.started(n=n).ended(n=n), "test_failure", n=n)
    action = decide(story.state, generous)
    assert isinstance(action, Close)
    assert action.closed.reason == "budget_exhausted"
    assert action.closed.failure == "test_failure"


def test_active_minutes_are_a_budget(story, world):
    call = world.call.model_copy(update={"deterministic": False})
    failed(story.opened().started().ended(wall_s=240 * 60.0), "test_failure")
    action = decide(story.state, but(world, call=call))
    assert isinstance(action, Close)
    assert action.closed.reason == "budget_exhausted"


def test_an_environments_failure_waits_its_doubling_back_off(story, world):
    failed(story.opened().started().ended(), "environment_error", origin="environment")
    action = decide(story.state, world)
    assert isinstance(action, Rest)
    assert (action.reason, action.until) == ("backing_off", world.now + timedelta(seconds=60))
    later = but(world, now=world.now + timedelta(seconds=60))
    assert isinstance(decide(story.state, later), RunBuilder)
    failed(story.started(n=2).ended(n=2), "environment_error", origin="environment", n=2)
    again = decide(story.state, world)
    assert isinstance(again, Rest)
    assert again.until == world.now + timedelta(seconds=120)


def test_an_environments_failure_that_stays_is_a_persons(story, world):
    failed(story.opened().started().ended(), "environment_error", origin="environment")
    none = routed(world, environment_error={"limit": 0})
    action = decide(story.state, none)
    assert isinstance(action, Ask)
    assert action.asked.outcome == "ESCALATION_REQUESTED"
    assert isinstance(decide(story.tells(action.asked).state, none), Rest)


@pytest.mark.parametrize("failure", ["scope_violation", "protected_path", "secret_found"])
def test_a_hard_stop_has_no_second_attempt(story, world, failure):
    failed(story.opened().started().ended(), failure)
    call = world.call.model_copy(update={"deterministic": False})
    assert isinstance(decide(story.state, but(world, call=call)), Close)


def test_a_back_off_beyond_the_calendar_still_is_a_time_to_wait_for(story, world):
    story.opened()
    for n in range(1, 80):
        story.started(n).ended(n, ending=NotStarted(cause="sandbox", why="?"))
        failed(story, "sandbox_unavailable", origin="environment", stage="builder", n=n)
    mission = world.policy.budgets.mission.model_copy(update={"attempts": 99})
    budgets = world.policy.budgets.model_copy(update={"mission": mission})
    patient = routed(world, sandbox_unavailable={"limit": 99, "backoff_s": 60})
    limits = world.policy.limits.model_copy(update={"failures": 99})
    changes = {"budgets": budgets, "limits": limits}
    patient = but(patient, policy=patient.policy.model_copy(update=changes))
    action = decide(story.state, patient)
    assert isinstance(action, Rest)
    assert action.reason == "backing_off"
    assert action.until > world.now


def test_an_interrupted_attempt_keeps_its_number_and_is_not_charged(story, world):
    story.opened().started().tells(AttemptInterrupted(n=1, cause="daemon_died"))
    action = decide(story.state, world)
    assert isinstance(action, RunBuilder)
    assert action.started.n == 1


def test_too_many_interruptions_are_a_persons(story, world):
    story.opened()
    for _ in range(world.policy.selection.interruptions + 1):
        story.started().tells(AttemptInterrupted(n=1, cause="daemon_died"))
    assert isinstance(decide(story.state, world), Ask)
