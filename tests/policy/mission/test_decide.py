"""Facts and a world in, one action out: the straight way, and a target that moves."""

import pytest

from policy.mission.actions import (
    Archive,
    Ask,
    BuildCandidate,
    BuildLanding,
    Classify,
    Close,
    Interrupt,
    JudgeCandidate,
    JudgeTarget,
    Miss,
    MoveTarget,
    RecordLanding,
    RunBuilder,
)
from policy.mission.decide import decide
from policy.mission.facts import CandidateConflicted
from policy.mission.persons import Said
from policy.mission.world import Frozen, OnTip
from policy.people.needs import ToLand
from policy.rules.outcomes import Reason
from tests.policy.mission.conftest import MOVED, but


def test_an_opened_mission_starts_its_first_attempt_on_the_target(story, world):
    action = decide(story.opened().state, world)
    assert isinstance(action, RunBuilder)
    assert (action.started.n, action.started.base) == (1, world.target)


def test_a_building_mission_nobody_builds_was_interrupted(story, world):
    action = decide(story.opened().started().state, world)
    assert isinstance(action, Interrupt)
    assert action.interrupted.cause == "daemon_died"


def test_a_built_mission_is_proposed_on_the_target_as_it_is_now(story, world):
    action = decide(story.opened().started().ended().state, but(world, target=MOVED))
    assert isinstance(action, BuildCandidate)
    assert action.base == MOVED


def test_a_proposed_candidate_is_judged_by_every_required_gate(story, world):
    action = decide(story.opened().started().ended().proposed().state, world)
    assert isinstance(action, JudgeCandidate)
    assert action.required == world.required


def test_a_cleared_candidate_is_landed(story, world):
    action = decide(story.opened().started().ended().proposed().judged().state, world)
    assert isinstance(action, BuildLanding)


def test_a_cleared_candidate_that_needs_approval_waits_for_it(story, world):
    world = but(world, said=Said(needs=(ToLand(name="requires_approval"),)))
    action = decide(story.opened().started().ended().proposed().judged().state, world)
    assert isinstance(action, Ask)
    assert action.asked.outcome == "APPROVAL_REQUESTED"
    assert action.asked.reason is Reason.APPROVAL_MISSING


def test_a_recorded_intent_moves_the_target(story, world):
    state = story.opened().started().ended().proposed().judged().landing().state
    assert isinstance(decide(state, world), MoveTarget)


def test_a_landed_commit_that_is_visible_is_recorded_even_when_frozen_and_paused(story, world):
    state = story.opened().started().ended().proposed().judged().landing().state
    seen = but(world, sighting=OnTip(), integrity=Frozen(why="doubt"), activity="paused")
    assert isinstance(decide(state, but(seen, target=MOVED)), RecordLanding)


def test_a_landed_mission_is_judged_then_closed_then_archived(story, world):
    story.opened().started().ended().proposed().judged().landing().landed()
    assert isinstance(decide(story.state, world), JudgeTarget)
    action = decide(story.settled().state, world)
    assert isinstance(action, Close)
    assert (action.closed.outcome, action.closed.reason) == ("PASS", "landed")
    assert isinstance(decide(story.tells(action.closed).state, world), Archive)


def test_a_stale_candidate_is_rebuilt_not_judged(story, world):
    state = story.opened().started().ended().proposed().state
    action = decide(state, but(world, target=MOVED))
    assert isinstance(action, BuildCandidate)
    assert action.base == MOVED


def test_a_cleared_but_stale_candidate_is_rebuilt_not_landed(story, world):
    state = story.opened().started().ended().proposed().judged().state
    assert isinstance(decide(state, but(world, target=MOVED)), BuildCandidate)


def test_a_landing_whose_base_has_gone_is_missed_and_proposed_anew(story, world):
    state = story.opened().started().ended().proposed().judged().landing().state
    action = decide(state, but(world, target=MOVED))
    assert isinstance(action, Miss)
    assert isinstance(
        decide(story.tells(action.missed).state, but(world, target=MOVED)), BuildCandidate
    )


def test_a_conflict_is_tried_again_on_the_new_target(story, world):
    conflict = CandidateConflicted(n=1, base=MOVED, paths=("a.py",))
    state = story.opened().started().ended().tells(conflict).state
    new = but(world, target=MOVED, target_tree="8" * 40)
    action = decide(state, new)
    assert isinstance(action, RunBuilder)
    assert action.started.base == MOVED


def test_a_candidate_judged_in_another_environment_is_judged_again(story, world):
    state = story.opened().started().ended().proposed().judged().state
    call = world.call.model_copy(update={"environment": "f" * 64})
    assert isinstance(decide(state, but(world, call=call)), BuildCandidate)


def test_silence_of_a_required_gate_is_not_consent(story, world, says):
    story.opened().started().ended().proposed().judged(says("scope", "passed"))
    assert isinstance(decide(story.state, world), BuildCandidate)


def test_no_required_gate_at_all_clears_nothing(story, world):
    state = story.opened().started().ended().proposed().judged().state
    assert not isinstance(decide(state, but(world, required=())), BuildLanding)


@pytest.mark.parametrize(
    ("verdict", "failure"),
    [("failed", "test_failure"), ("broken", "test_timeout"), ("broken", "environment_error")],
)
def test_a_gate_that_failed_or_broke_bars_and_gives_its_class(story, world, says, verdict, failure):
    story.opened().started().ended().proposed()
    story.judged(says("scope", "passed"), says("tests", verdict, failure))
    action = decide(story.state, world)
    assert isinstance(action, Classify)
    assert action.failure.failure == failure
    assert action.failure.origin == world.policy.failures[failure].origin
