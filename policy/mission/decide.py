"""What to do next for a mission: pure, one action, in a fixed order (DESIGN 7).

    integrity, success, hard stops, progress, routing, budget of the next attempt

A deed that is already visible (a landed commit on the target) is recorded before anything else
is considered: doubt may stop the next landing, never the record of one that happened. All else
rests while frozen: wish and routes are read by a policy and a target that cannot be believed.
"""

from datetime import datetime

from policy import backoff
from policy.gates.definition import OF_THE_CHANGE
from policy.gates.ruling import Barred, Cleared, Unheard, rule
from policy.gates.verdict import Record
from policy.landing.turns import rebuild_at
from policy.mission import landed
from policy.mission.actions import (
    Action,
    Archive,
    Ask,
    BuildCandidate,
    BuildLanding,
    Classify,
    Interrupt,
    JudgeCandidate,
    Miss,
    MoveTarget,
    RecordLanding,
    Rest,
)
from policy.mission.attempts import AttemptInterrupted
from policy.mission.begin import next_attempt
from policy.mission.classify import failure_of_attempt, failure_of_gates
from policy.mission.facts import LandingMissed
from policy.mission.hold import cancelled, frozen, held_back, may_follow, may_land, resting
from policy.mission.landed import given_up
from policy.mission.person import at_limit, missing, rests_on, unsure, waited, waived
from policy.mission.prepare import prepare
from policy.mission.route import after_failure, paused
from policy.mission.states import (
    Building,
    Built,
    Closed,
    Failed,
    Judged,
    Landing,
    Mission,
    OnTarget,
    Opened,
    Proposed,
    Reverting,
    Settled,
    Waiting,
)
from policy.mission.world import (
    Cancelled,
    Changed,
    NotLanded,
    OnTip,
    Removed,
    Unprepared,
    World,
)
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason


def decide(mission: Mission, world: World) -> Action:
    """Return the one action that is next. Every state has an answer; `Rest` is one."""
    if mission.history.repairing is not None:
        return _repairing(mission, world)
    return _decide(mission, world)


def _repairing(mission: Mission, world: World) -> Action:
    """Return what is next for an attempt to mend the target: where it does not work it ends."""
    doubt = frozen(world)
    match mission:
        case Failed():
            return doubt or given_up(mission.failure.why)
        case Opened() | Built() | Proposed() | Judged():
            if doubt is None and isinstance(world.wish, Cancelled | Removed | Changed):
                return given_up("somebody has taken the landing back")
            action = _decide(mission, world)
            return given_up(action.asked.why) if isinstance(action, Ask) else action
        case Building():
            n = mission.started.n
            return Interrupt(interrupted=AttemptInterrupted(n=n, cause="daemon_died"))
        case Landing() | Waiting() | OnTarget() | Settled() | Reverting() | Closed():
            return _decide(mission, world)


def _decide(mission: Mission, world: World) -> Action:
    match mission:
        case Landing():
            return _landing(mission, world)
        case OnTarget():
            return landed.on_target(mission, world)
        case Settled():
            return landed.settled(mission, world)
        case Reverting():
            return landed.reverting(mission, world)
        case Closed():
            return frozen(world) or Archive()
        case Building():
            n = mission.started.n
            interrupted = AttemptInterrupted(n=n, cause="daemon_died")
            return cancelled(mission.history, world) or Interrupt(interrupted=interrupted)
        case Waiting():
            return frozen(world) or cancelled(mission.history, world) or waited(mission, world)
        case Opened() | Built() | Proposed() | Judged() | Failed():
            return (
                frozen(world)
                or cancelled(mission.history, world)
                or _before_landing(mission, world)
            )


def _before_landing(mission: Opened | Built | Proposed | Judged | Failed, world: World) -> Action:
    match mission:
        case Built():
            return _built(mission, world)
        case Failed():
            return held_back(after_failure(mission, world), world)
        case Opened():
            return held_back(_opened(mission, world), world)
        case Proposed():
            return _proposed(mission, world)
        case Judged():
            return _judged(mission, world)


def _opened(mission: Opened, world: World) -> Action:
    limit = world.policy.selection.interruptions
    if mission.history.interruptions > limit and mission.history.allowance.attempts == 0:
        why = (
            f"interrupted {mission.history.interruptions} times (selection.interruptions: {limit})"
        )
        return at_limit(mission, "selection.interruptions", Reason.BUILDER_FAILED, why)
    asked = missing(mission, world)
    if asked is not None:
        return asked
    until = _room_at(mission, world)
    if until is not None and world.now < until:
        why = "the host was short of something; `pawl doctor` says where room is lacking"
        return Rest(reason="backing_off", why=why, until=until)
    run = next_attempt(mission.history, world)
    return paused(mission, world, run) or run


def _room_at(mission: Opened, world: World) -> datetime | None:
    """Return when a host that was short of something is tried again."""
    if mission.short is None:
        return None
    wait_s = world.policy.failures[FailureClass.RESOURCE_EXHAUSTED].backoff_s
    return backoff.until(mission.short, wait_s, doubled=mission.history.shortages - 1)


def _built(mission: Built, world: World) -> Action:
    failure = failure_of_attempt(mission.attempt, world.policy)
    if failure is not None:
        return Classify(failure=failure)
    return _build(mission, world)


def _build(mission: Built | Proposed | Judged, world: World) -> Action:
    """Return the candidate to build on the target as it is, or when to follow it again."""
    following, limits = mission.history.following, world.policy.landing
    moved = following.base is not None and following.base != world.target
    in_vain = moved and world.moved_by == "others"  # landings are held back for who goes first
    until = rebuild_at(following.rebuilds, following.at, limits) if in_vain else None
    if until is not None and world.now < until:
        why = (
            f"the target has moved {following.rebuilds + 1} times before this could land "
            f"(landing.rebuilds: {limits.rebuilds}); the others go on meanwhile"
        )
        return resting(world) or Rest(reason="backing_off", why=why, until=until)
    build = BuildCandidate(attempt=mission.attempt, base=world.target)
    return may_follow(build, world) if moved else held_back(build, world)


def _proposed(mission: Proposed, world: World) -> Action:
    if mission.candidate.base != world.target:
        return _build(mission, world)
    asked = missing(mission, world)
    if asked is not None:
        return asked
    judge = JudgeCandidate(
        attempt=mission.attempt,
        candidate=mission.candidate,
        required=world.required,
        waived=waived(mission.history, world),
    )
    again = mission.history.following.rebuilds > 0
    return may_follow(judge, world) if again else held_back(judge, world)


def _judged(mission: Judged, world: World) -> Action:
    match rule(world.required, mission.judged.records, waived(mission.history, world)):
        case Barred() if mission.policy != world.policy_digest:
            return _build(mission, world)
        case Barred() if world.said.doubt is not None and mission.history.decisions:
            return Rest(reason="frozen", why=world.said.doubt)
        case Barred(records=records) if _may_be_the_base(mission, records, world):
            return _build(mission, world)
        case Barred(records=records):
            return Classify(failure=failure_of_gates(mission.attempt, records, world.policy))
        case Unheard() | Cleared() if isinstance(world.preparation, Unprepared):
            # what was tested cannot be compared with where it would run before that is there
            action = prepare(world.preparation, world.policy, world.now)
            return held_back(action, world)
        case Unheard() | Cleared() if _is_stale(mission, world):
            return _build(mission, world)
        case Unheard():
            return _build(mission, world)
        case Cleared():
            return missing(mission, world) or may_land(_build_landing(mission, world), world)


def _build_landing(mission: Judged, world: World) -> BuildLanding:
    return BuildLanding(
        attempt=mission.attempt,
        candidate=mission.candidate,
        permissions=rests_on(mission, world),
    )


def _may_be_the_base(mission: Judged, records: tuple[Record, ...], world: World) -> bool:
    """Return whether to ask again on the target as it is now what barred on an older one.

    Once an attempt, and not of one that has been rebuilt too often already. A gate that reads
    nothing but the change says the same everywhere.
    """
    following = mission.history.following
    return (
        mission.candidate.base != world.target
        and not following.heard_again
        and following.rebuilds < world.policy.landing.rebuilds
        and records[0].gate not in OF_THE_CHANGE
    )


def _is_stale(mission: Judged, world: World) -> bool:
    """Return whether what was tested, or where, or why, is not what holds now."""
    moved = mission.candidate.base != world.target
    elsewhere = mission.judged.environment != world.call.environment
    return moved or elsewhere or world.voided or mission.policy != world.policy_digest


def _landing(mission: Landing, world: World) -> Action:
    match world.sighting:
        case OnTip():
            return RecordLanding(landing=mission.landing)
        case NotLanded():
            if world.target != mission.landing.base or mission.policy != world.policy_digest:
                was = mission.landing.base
                return Miss(missed=LandingMissed(was=was, found=world.target))
            if not set(mission.landing.permissions) <= world.said.holding:
                return unsure(world) or _withdrawn(mission)
            return may_land(MoveTarget(landing=mission.landing, candidate=mission.candidate), world)


def _withdrawn(mission: Landing) -> Miss:
    """Give up a landing whose permission holds no more: it expired since the intent."""
    base = mission.landing.base
    return Miss(missed=LandingMissed(was=base, found=base))
