"""A target that moves: rebuilt, rebuilt first, rebuilt later; never given up."""

from datetime import timedelta

import pytest

from policy.mission.actions import (
    BuildCandidate,
    BuildLanding,
    Classify,
    JudgeCandidate,
    Rest,
    RunBuilder,
)
from policy.mission.attempts import AttemptInterrupted
from policy.mission.decide import decide
from policy.mission.facts import LandingMissed
from policy.mission.world import Frozen, Yields
from policy.rules.model import Landing
from tests.policy.mission.conftest import but

MOVED = "d" * 40


@pytest.fixture
def world(world, policy):
    limits = Landing(rebuilds=2, backoff_s=30, backoff_max_s=60)
    return world.model_copy(update={"policy": policy.model_copy(update={"landing": limits})})


def rebuilt(story, times):
    """The story of a candidate that was built and judged, and *times* again on another base."""
    story.opened().started().ended().proposed().judged()
    for n in range(times):
        story.proposed(base=f"{n:040x}").judged()
    return story


def test_rebuilds_are_counted_where_the_base_is_another_and_from_each_attempt_on(story):
    rebuilt(story, 2)
    assert story.state.history.following.rebuilds == 2
    story.proposed(base=f"{1:040x}")
    assert story.state.history.following.rebuilds == 2
    assert story.state.history.candidates == 4


def test_a_missed_landing_is_a_move_like_any_other(story):
    story.opened().started().ended().proposed().judged().landing()
    story.tells(LandingMissed(was="b" * 40, found=MOVED)).proposed(base=MOVED)
    assert story.state.history.following.rebuilds == 1


@pytest.mark.parametrize(("times", "waits"), [(0, 0), (2, 0), (3, 30), (4, 60), (9, 60)])
def test_after_too_many_rebuilds_the_next_waits_and_says_why(story, world, times, waits):
    state = rebuilt(story, times).state
    moved = but(world, target=MOVED)
    if waits:
        action = decide(state, moved)
        assert isinstance(action, Rest)
        assert (action.reason, action.until) == (
            "backing_off",
            world.now + timedelta(seconds=waits),
        )
        assert f"moved {times + 1} times" in action.why
        assert "landing.rebuilds: 2" in action.why
    later = but(moved, now=world.now + timedelta(seconds=waits))
    assert isinstance(decide(state, later), BuildCandidate)


def test_own_landings_are_held_back_for_who_goes_first_so_it_need_not_wait(story, world):
    state = rebuilt(story, 9).state
    assert isinstance(decide(state, but(world, target=MOVED, moved_by="landings")), BuildCandidate)


def test_a_candidate_on_the_target_as_it_is_never_waits(story, world):
    state = rebuilt(story, 9).state
    here = but(world, target=state.candidate.base)
    assert isinstance(decide(state, here), BuildLanding)


def test_who_yields_says_to_whom_and_lands_nothing(story, world):
    state = story.opened().started().ended().proposed().judged().state
    behind = but(world, way=Yields(to="H-2", rebuilds=3))
    action = decide(state, behind)
    assert (action.reason, action.why[:16]) == ("yielding", "H-2 goes first: ")
    landing = story.landing().state
    assert decide(landing, behind).reason == "yielding"
    assert decide(state, but(behind, integrity=Frozen(why="?"))).reason == "frozen"
    assert decide(state, but(behind, activity="paused")).reason == "paused"


def test_what_is_repeated_for_a_moved_target_yields_too_and_what_is_new_does_not(story, world):
    first = story.opened().started().ended()
    way = Yields(to="H-2", rebuilds=3)
    assert isinstance(decide(first.state, but(world, way=way)), BuildCandidate)
    proposed = first.proposed().state
    here = but(world, way=way, target=proposed.candidate.base)
    assert isinstance(decide(proposed, here), JudgeCandidate)
    moved = but(world, way=way, target=MOVED)
    assert decide(first.judged().state, moved).reason == "yielding"
    again = story.proposed(base=MOVED).state
    assert decide(again, moved).reason == "yielding"
    assert isinstance(decide(again, but(world, target=MOVED)), JudgeCandidate)
    assert decide(again, but(moved, integrity=Frozen(why="?"))).reason == "frozen"


@pytest.mark.parametrize(
    ("gate", "heard_again"),
    [("tests", True), ("tree", True), ("suite", True), ("scope", False), ("secrets", False)],
)
def test_what_barred_on_an_older_base_is_asked_again_if_the_base_can_be_at_fault(
    story, world, says, gate, heard_again
):
    state = story.opened().started().ended().proposed().judged(says(gate, "failed")).state
    asked = but(world, required=(gate,))
    assert isinstance(decide(state, asked), Classify)
    again = decide(state, but(asked, target=MOVED))
    assert isinstance(again, BuildCandidate if heard_again else Classify)


def test_it_is_asked_again_once_and_not_of_what_was_rebuilt_too_often(story, world, says):
    asked = but(world, required=("tests",), target=MOVED)
    barred = says("tests", "failed")
    story.opened().started().ended().proposed().judged(barred)
    state = story.proposed(base="1" * 40).judged(barred).state
    assert isinstance(decide(state, asked), Classify)


def test_it_is_not_asked_again_of_what_was_rebuilt_too_often(story, world, says):
    asked = but(world, required=("tests",), target=MOVED)
    state = rebuilt(story, 1).proposed(base="5" * 40).judged(says("tests", "failed")).state
    assert isinstance(decide(state, asked), Classify)


def test_a_host_that_was_short_is_tried_again_later_each_time(story, world):
    short = AttemptInterrupted(n=1, cause="resource")
    story.opened().started().tells(short)
    first = decide(story.state, world)
    assert (first.reason, first.until) == ("backing_off", world.now + timedelta(seconds=60))
    assert "pawl doctor" in first.why
    later = but(world, now=world.now + timedelta(seconds=60))
    assert isinstance(decide(story.state, later), RunBuilder)
    story.started().tells(short)
    assert decide(story.state, world).until == world.now + timedelta(seconds=120)
    story.started().tells(AttemptInterrupted(n=1, cause="builder_killed"))
    assert isinstance(decide(story.state, world), RunBuilder)
