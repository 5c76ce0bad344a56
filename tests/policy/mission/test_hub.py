"""What waits for the hub, in every state: nothing runs twice, nothing lands on its own."""

from typing import get_args

import pytest

from policy.gates.verdict import Failed, Record
from policy.mission import actions as a
from policy.mission import states as s
from policy.mission import whose
from policy.mission import world as w
from policy.mission.decide import decide
from policy.mission.evolve import ContradictionError, evolve
from policy.mission.facts import (
    FailureClassified,
    MissionClosed,
    MissionTaken,
    RevertStarted,
    TargetJudged,
    TargetJudging,
    TargetRan,
    Totals,
)
from policy.mission.hub import agreed
from policy.mission.record import Recorded
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason
from tests.policy.mission.conftest import LAND, TREE, Story, asks

EFFECTS = (a.BuildLanding, a.MoveTarget, a.BuildRevert, a.MoveBack, a.Archive)
OTHER = {"host": "two", "why": "?"}


def at(world, hub):
    return world.model_copy(update={"hub": hub})


def failed():
    return FailureClassified(
        n=1, failure=FailureClass.TEST_FAILURE, origin="item", stage="gate", why="?",
        digest="0" * 64,
    )  # fmt: skip


def asked():
    return asks()


def ended():
    return MissionClosed(
        outcome="PASS", reason=Reason.LANDED, failure=None, why="?",
        counts=Totals(attempts=1, interruptions=0, candidates=1, gates_run=2),
    )  # fmt: skip


def red(story):
    story.tells(TargetJudging(commit=LAND, tree=TREE, run=1, gates=("suite",)))
    bars = Record(
        gate="suite", definition="0" * 64,
        verdict=Failed(failure=FailureClass.TEST_FAILURE, why="?"),
    )  # fmt: skip
    story.tells(TargetRan(commit=LAND, run=1, product=TREE, environment="e" * 64, records=(bars,)))
    return story.tells(TargetJudged(commit=LAND, tree=TREE, verdict="failed", source="ran"))


def reverting():
    return RevertStarted(commit="0" * 40, base=LAND, tree=TREE, reverts=LAND)


@pytest.fixture
def missions():
    """A mission in each state there is."""
    way = [Story().opened()]
    for tells in ("started", "ended", "proposed", "judged", "landing", "landed", "settled"):
        story = Story()
        story.records, story.state = [*way[-1].records], way[-1].state
        way.append(getattr(story, tells)())
    found = [story.state for story in way]
    found.append(Story().opened().started().ended().tells(failed()).state)
    found.append(Story().opened().tells(asked()).state)
    found.append(way[-1].tells(ended()).state)
    story = Story().opened().started().ended().proposed().judged().landing().landed()
    found.append(red(story).tells(reverting()).state)
    assert {type(one) for one in found} == set(get_args(s.Mission))
    return found


@pytest.mark.parametrize("hub", [whose.Alone(), whose.Current()])
def test_where_the_hub_agrees_it_has_no_say(missions, world, hub):
    for mission in missions:
        assert agreed(mission, at(world, hub)) == decide(mission, world)


@pytest.mark.parametrize(
    ("hub", "reason"),
    [(whose.Unclaimed(why="?"), "awaiting_hub"), (whose.Elsewhere(**OTHER), "elsewhere")],
)
def test_what_is_not_this_hosts_rests(missions, world, hub, reason):
    for mission in missions:
        found = agreed(mission, at(world, hub))
        assert isinstance(found, a.Rest)
        assert found.reason == reason


def test_what_another_host_left_is_claimed_before_anything(missions, world):
    for mission in missions:
        found = agreed(mission, at(world, whose.Orphaned(**OTHER)))
        if isinstance(mission, s.Closed):
            assert isinstance(found, a.Archive)
        else:
            assert found == a.Claim(taken=MissionTaken(was="two", why="?"))


def test_in_doubt_and_while_stopping_nothing_is_claimed(missions, world):
    orphaned = at(world, whose.Orphaned(**OTHER))
    for change in ({"integrity": w.Frozen(why="?")}, {"activity": "stopping"}):
        for mission in missions:
            found = agreed(mission, orphaned.model_copy(update=change))
            assert isinstance(found, a.Rest)


def test_without_the_hub_work_goes_on_and_nothing_takes_effect(missions, world):
    for mission in missions:
        alone, found = decide(mission, world), agreed(mission, at(world, whose.Behind(why="gone")))
        if isinstance(alone, EFFECTS):
            assert found == a.Rest(reason="awaiting_hub", why="gone")
        else:
            assert found == alone


def test_a_claim_leaves_a_mission_as_it_is(missions):
    for mission in missions:
        taken = Recorded(
            mission=mission.history.mission, seq=99, step="1" * 64, at="2026-11-21T06:00:00Z",
            host="one", epoch=1, policy="2" * 64, fact=MissionTaken(was="two", why="?"),
        )  # fmt: skip
        if isinstance(mission, s.Closed):
            with pytest.raises(ContradictionError):
                evolve(mission, taken)
        else:
            assert evolve(mission, taken) == mission
    with pytest.raises(ContradictionError):
        evolve(None, taken)
