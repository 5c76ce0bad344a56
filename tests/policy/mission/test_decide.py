"""Facts and a world in, one action out."""

from datetime import timedelta

import pytest

from policy.bus.result import Exited, Killed, NotStarted, Refused, Stopped, TimedOut
from policy.change import NO_CHANGE
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
    Rest,
    RunBuilder,
)
from policy.mission.classify import interruption_of
from policy.mission.decide import decide
from policy.mission.facts import (
    AttemptInterrupted,
    CandidateConflicted,
    FailureClassified,
    LandingMissed,
    MissionClosed,
    PersonAsked,
    Totals,
)
from policy.mission.world import (
    Cancelled,
    Changed,
    FromPerson,
    Frozen,
    Held,
    NoSandbox,
    OnTip,
    Removed,
    Unreadable,
)
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason

MOVED = "d" * 40


def but(world, **changes):
    return world.model_copy(update=changes)


def routed(world, **routes):
    failures = {**world.policy.failures}
    for name, changes in routes.items():
        failures[name] = failures[name].model_copy(update=changes)
    return but(world, policy=world.policy.model_copy(update={"failures": failures}))


def failed(story, failure, origin="item", stage="gate", n=1):
    fact = FailureClassified(
        n=n,
        failure=FailureClass(failure),
        origin=origin,
        stage=stage,
        why="because",
        digest="0" * 64,
    )
    return story.tells(fact)


# The straight way.


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
    world = world.model_copy(update={"approval": "missing"})
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


# The target moves.


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


# Silence, bars and breaks.


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


# Endings of the builder.


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


# Routes.


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


# Interruptions.


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


# What holds everything.


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


def test_a_host_without_its_sandbox_starts_no_process_and_charges_nobody(story, world):
    bare = but(world, isolation=NoSandbox(why="apt install bubblewrap"))
    for chapter, waits in [
        ("opened", True), ("started", False), ("ended", False), ("proposed", True),
        ("judged", False),
    ]:  # fmt: skip
        getattr(story, chapter)()
        action = decide(story.state, bare)
        rests = isinstance(action, Rest) and action.reason == "no_sandbox"
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
    asked = PersonAsked(
        request="requests/1.yaml",
        outcome="ESCALATION_REQUESTED",
        reason=Reason.GATE_BROKEN,
        why="because",
    )
    failed(story.opened().started().ended(), "environment_error", origin="environment")
    story.tells(asked)
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
    story.opened().tells(
        PersonAsked(
            request="requests/1.yaml",
            outcome="ESCALATION_REQUESTED",
            reason=Reason.BUILDER_FAILED,
            why="because",
        )
    )
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


def test_a_back_off_beyond_the_calendar_still_is_a_time_to_wait_for(story, world):
    story.opened()
    for n in range(1, 80):
        story.started(n).ended(n, ending=NotStarted(cause="sandbox", why="?"))
        failed(story, "sandbox_unavailable", origin="environment", stage="builder", n=n)
    mission = world.policy.budgets.mission.model_copy(update={"attempts": 99})
    budgets = world.policy.budgets.model_copy(update={"mission": mission})
    patient = routed(world, sandbox_unavailable={"limit": 99, "backoff_s": 60})
    patient = but(patient, policy=patient.policy.model_copy(update={"budgets": budgets}))
    action = decide(story.state, patient)
    assert isinstance(action, Rest)
    assert action.reason == "backing_off"
    assert action.until > world.now
