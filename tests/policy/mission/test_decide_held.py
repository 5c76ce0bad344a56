"""What holds a mission, who may end it, and that nothing is believed while it is frozen."""

from datetime import timedelta

import pytest

from policy.mission.actions import (
    Archive,
    BuildCandidate,
    BuildLanding,
    Classify,
    Close,
    JudgeCandidate,
    Miss,
    MoveTarget,
    RecordLanding,
    Rest,
)
from policy.mission.decide import decide
from policy.mission.facts import LandingMissed, MissionClosed, Totals
from policy.mission.world import (
    Cancelled,
    Changed,
    Frozen,
    Held,
    NoSandbox,
    OnTip,
    Removed,
    Unreadable,
)
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason
from tests.policy.mission.conftest import MOVED, asks, but, failed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"activity": "paused"}, "paused"),
        ({"activity": "stopping"}, "stopping"),
        ({"integrity": Frozen(why="doubt")}, "frozen"),
        ({"wish": Unreadable(why="broken")}, "item_unreadable"),
    ],
    ids=["paused", "stopping", "frozen", "unreadable"],
)
@pytest.mark.parametrize("upto", ["opened", "ended", "proposed", "judged", "landing"])
def test_nothing_starts_and_nothing_lands_while_something_stands_against_it(
    story, world, change, reason, upto
):
    for chapter in ["opened", "started", "ended", "proposed", "judged", "landing"]:
        getattr(story, chapter)()
        if chapter == upto:
            break
    action = decide(story.state, but(world, **change))
    assert isinstance(action, Rest)
    assert action.reason == reason


@pytest.mark.parametrize(
    ("lacks", "reason"),
    [
        ({"isolation": NoSandbox(why="apt install bubblewrap")}, "no_sandbox"),
        ({"short": "make room"}, "no_room"),
    ],
)
def test_a_host_that_lacks_something_starts_no_process_and_lets_what_is_proven_land(
    story, world, lacks, reason
):
    lacking = but(world, **lacks)
    for chapter, waits in [
        ("opened", True), ("started", False), ("ended", False), ("proposed", True),
        ("judged", False),
    ]:  # fmt: skip
        getattr(story, chapter)()
        action = decide(story.state, lacking)
        rests = isinstance(action, Rest) and action.reason == reason
        assert rests is waits, chapter


def test_a_dirty_checkout_holds_the_landing_only(story, world):
    held = but(world, checkout=Held(reason="dirty", why="a.py is modified"))
    story.opened().started().ended().proposed()
    assert isinstance(decide(story.state, held), JudgeCandidate)
    action = decide(story.judged().state, held)
    assert isinstance(action, Rest)
    assert action.reason == "held"


@pytest.mark.parametrize(
    ("wish", "reason"),
    [(Cancelled(), "by_person"), (Removed(), "item_removed"), (Changed(), "item_changed")],
    ids=["cancelled", "removed", "changed"],
)
@pytest.mark.parametrize("upto", ["opened", "started", "ended", "proposed", "judged"])
def test_a_person_may_end_a_mission_any_time_before_its_landing(story, world, wish, reason, upto):
    for chapter in ["opened", "started", "ended", "proposed", "judged"]:
        getattr(story, chapter)()
        if chapter == upto:
            break
    action = decide(story.state, but(world, wish=wish, activity="paused"))
    assert isinstance(action, Close)
    assert (action.closed.outcome, action.closed.reason) == ("CANCELLED", reason)


def test_a_waiting_mission_can_be_cancelled_and_else_rests(story, world):
    failed(story.opened().started().ended(), "environment_error", origin="environment")
    story.tells(asks())
    assert isinstance(decide(story.state, world), Rest)
    assert isinstance(decide(story.state, but(world, wish=Cancelled())), Close)


def test_a_landing_under_way_cannot_be_cancelled(story, world):
    state = story.opened().started().ended().proposed().judged().landing().state
    assert isinstance(decide(state, but(world, wish=Cancelled())), MoveTarget)


def test_a_landing_missed_fact_goes_back_to_the_same_attempt(story):
    state = story.opened().started().ended().proposed().judged().landing().state
    story.tells(LandingMissed(was="b" * 40, found=MOVED))
    assert story.state.attempt == state.attempt


def test_a_blocked_mission_is_archived(story, world):
    failed(story.opened().started().ended(), "test_failure")
    closed = MissionClosed(
        outcome="BLOCKED",
        reason=Reason.TESTS_FAILED,
        failure=FailureClass.TEST_FAILURE,
        why="because",
        counts=Totals(attempts=1, interruptions=0, candidates=0, gates_run=0),
    )
    assert isinstance(decide(story.tells(closed).state, world), Archive)


@pytest.mark.parametrize("wish", [Cancelled(), Changed(), Removed()], ids=lambda one: one.kind)
@pytest.mark.parametrize("upto", ["opened", "ended", "proposed", "judged"])
def test_a_wish_seen_while_frozen_cancels_nothing(story, world, wish, upto):
    for chapter in ["opened", "started", "ended", "proposed", "judged"]:
        getattr(story, chapter)()
        if chapter == upto:
            break
    action = decide(story.state, but(world, wish=wish, integrity=Frozen(why="doubt")))
    assert isinstance(action, Rest)
    assert action.reason == "frozen"


def test_a_person_who_is_waited_for_cannot_cancel_by_what_nobody_believes(story, world):
    story.opened().tells(asks())
    action = decide(story.state, but(world, wish=Removed(), integrity=Frozen(why="doubt")))
    assert isinstance(action, Rest)


def test_a_verdict_or_a_failure_leads_nowhere_under_a_policy_nobody_believes(story, world, says):
    frozen = but(world, integrity=Frozen(why="doubt"))
    story.opened().started().ended().proposed().judged(says("tests", "failed"))
    assert isinstance(decide(story.state, frozen), Rest)
    assert isinstance(decide(failed(story, "test_tampering").state, frozen), Rest)


def test_nothing_is_archived_while_frozen(story, world):
    story.opened().started().ended().proposed().judged().landing().landed().settled()
    story.tells(decide(story.state, world).closed)
    assert isinstance(decide(story.state, but(world, integrity=Frozen(why="doubt"))), Rest)


def test_outside_active_hours_no_attempt_begins_and_all_else_goes_on(story, world):
    quiet = but(world, quiet_until=world.now + timedelta(hours=1))
    rest = decide(story.opened().state, quiet)
    assert (rest.reason, rest.until) == ("quiet", quiet.quiet_until)
    assert isinstance(decide(story.started().ended().state, quiet), BuildCandidate)
    assert isinstance(decide(story.proposed().state, quiet), JudgeCandidate)
    assert isinstance(decide(story.judged().state, quiet), BuildLanding)


def test_what_gates_said_under_another_policy_is_asked_anew_whatever_it_was(story, world, says):
    other = but(world, policy_digest="f" * 64)
    story.opened().started().ended().proposed().judged()
    assert isinstance(decide(story.state, world), BuildLanding)
    assert isinstance(decide(story.state, other), BuildCandidate)
    story.landing()
    assert isinstance(decide(story.state, world), MoveTarget)
    assert isinstance(decide(story.state, other), Miss)
    assert isinstance(decide(story.state, but(other, sighting=OnTip())), RecordLanding)


def test_what_barred_under_another_policy_is_asked_anew(story, world, says):
    other = but(world, policy_digest="f" * 64)
    story.opened().started().ended().proposed().judged(says("scope", "failed", "scope_violation"))
    assert isinstance(decide(story.state, world), Classify)
    assert isinstance(decide(story.state, other), BuildCandidate)


@pytest.mark.parametrize(("busy", "most", "waits"), [(0, 1, False), (1, 1, True), (1, 2, False)])
def test_no_more_run_than_max_agents(story, world, busy, most, waits):
    selection = world.policy.selection.model_copy(update={"max_agents": most})
    policy = world.policy.model_copy(update={"selection": selection})
    for chapter in ("opened", "proposed"):
        getattr(story, chapter)() if chapter == "opened" else story.started().ended().proposed()
        action = decide(story.state, but(world, policy=policy, busy=busy))
        assert (isinstance(action, Rest) and action.reason == "yielding") is waits
