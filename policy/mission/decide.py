"""What to do next for a mission: pure, one action, in a fixed order (DESIGN 7).

    integrity, success, hard stops, progress, routing, budget of the next attempt

A deed that is already visible (a landed commit on the target) is recorded before anything else
is considered: doubt may stop the next landing, never the record of one that happened. All else
rests while frozen: wish and routes are read by a policy and a target that cannot be believed.
"""

from policy.change import NO_CHANGE
from policy.gates.ruling import Barred, Cleared, Unheard, rule
from policy.mission.actions import (
    Action,
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
from policy.mission.begin import next_attempt
from policy.mission.classify import failure_of_attempt, failure_of_gates
from policy.mission.facts import AttemptInterrupted, LandingMissed, MissionClosed
from policy.mission.route import after_failure, ask, totals
from policy.mission.states import (
    Building,
    Built,
    Closed,
    Failed,
    History,
    Judged,
    Landing,
    Mission,
    OnTarget,
    Opened,
    Proposed,
    Settled,
    Waiting,
)
from policy.mission.world import (
    Cancelled,
    Changed,
    Free,
    Frozen,
    Held,
    Isolated,
    NoSandbox,
    NotLanded,
    OnTip,
    Removed,
    Sound,
    Unchanged,
    Unreadable,
    World,
)
from policy.rules.outcomes import Reason


def decide(mission: Mission, world: World) -> Action:
    """Return the one action that is next. Every state has an answer; `Rest` is one."""
    match mission:
        case Landing():
            return _landing(mission, world)
        case OnTarget():
            return JudgeTarget(commit=mission.landed.commit)
        case Settled():
            return _settled(mission)
        case Closed():
            return _frozen(world) or Archive()
        case Building():
            n = mission.started.n
            interrupted = AttemptInterrupted(n=n, cause="daemon_died")
            return _cancelled(mission.history, world) or Interrupt(interrupted=interrupted)
        case Waiting():
            rest = Rest(reason="waiting", why=mission.asked.why)
            return _cancelled(mission.history, world) or rest
        case Opened() | Built() | Proposed() | Judged() | Failed():
            return (
                _frozen(world)
                or _cancelled(mission.history, world)
                or _before_landing(mission, world)
            )


def _before_landing(mission: Opened | Built | Proposed | Judged | Failed, world: World) -> Action:
    match mission:
        case Built():
            return _built(mission, world)
        case Failed():
            return _held_back(after_failure(mission, world), world)
        case Opened():
            return _held_back(_opened(mission, world), world)
        case Proposed():
            return _held_back(_proposed(mission, world), world)
        case Judged():
            return _judged(mission, world)


def _held_back(action: Action, world: World) -> Action:
    """Return *action* unless it would start something while nothing may start."""
    match action:
        case RunBuilder() | JudgeCandidate():
            return _resting(world) or _unisolated(world) or action
        case BuildCandidate() | BuildLanding() | MoveTarget():
            return _resting(world) or action
        case Classify() | Interrupt() | Miss() | RecordLanding() | JudgeTarget():
            return action
        case Ask() | Close() | Archive() | Rest():
            return action


def _frozen(world: World) -> Rest | None:
    match world.integrity:
        case Frozen(why=why):
            return Rest(reason="frozen", why=why)
        case Sound():
            return None


def _resting(world: World) -> Rest | None:
    """Return why nothing may be started or landed now, None if it may."""
    frozen = _frozen(world)
    if frozen is not None:
        return frozen
    match world.activity:
        case "paused":
            return Rest(reason="paused", why=".pawl/PAUSE is at the target's tip")
        case "stopping":
            return Rest(reason="stopping", why="the daemon was told to stop")
        case "active":
            pass
    match world.wish:
        case Unreadable(why=why):
            return Rest(reason="item_unreadable", why=why)
        case Unchanged() | Changed() | Removed() | Cancelled():
            return None


def _unisolated(world: World) -> Rest | None:
    """Return why no process may be started: there is no way to run one without its sandbox."""
    match world.isolation:
        case NoSandbox(why=why):
            return Rest(reason="no_sandbox", why=why)
        case Isolated():
            return None


def _cancelled(history: History, world: World) -> Close | None:
    """Return the end a person's commit means; a wish seen while frozen means nothing."""
    if _frozen(world) is not None:
        return None
    match world.wish:
        case Cancelled(status=status):
            reason, why = Reason.BY_PERSON, f"the item was set to `status: {status}`"
        case Removed():
            reason, why = Reason.ITEM_REMOVED, "the item's file was removed from the target"
        case Changed():
            reason, why = Reason.ITEM_CHANGED, "the item asks for something else now"
        case Unchanged() | Unreadable():
            return None
    return Close(
        closed=MissionClosed(
            outcome="CANCELLED", reason=reason, failure=None, why=why, counts=totals(history)
        )
    )


def _opened(mission: Opened, world: World) -> Action:
    limit = world.policy.selection.interruptions
    if mission.history.interruptions > limit:
        why = (
            f"interrupted {mission.history.interruptions} times (selection.interruptions: {limit})"
        )
        return ask(mission.history, "ESCALATION_REQUESTED", Reason.BUILDER_FAILED, why)
    return RunBuilder(started=next_attempt(mission.history, world))


def _built(mission: Built, world: World) -> Action:
    failure = failure_of_attempt(mission.attempt, world.policy)
    if failure is not None:
        return Classify(failure=failure)
    return _held_back(BuildCandidate(attempt=mission.attempt, base=world.target), world)


def _proposed(mission: Proposed, world: World) -> Action:
    if mission.candidate.base != world.target:
        return BuildCandidate(attempt=mission.attempt, base=world.target)
    return JudgeCandidate(
        attempt=mission.attempt, candidate=mission.candidate, required=world.required
    )


def _judged(mission: Judged, world: World) -> Action:
    match rule(world.required, mission.judged.records):
        case Barred(records=records):
            return Classify(failure=failure_of_gates(mission.attempt, records, world.policy))
        case Unheard() | Cleared() if _is_stale(mission, world):
            return _held_back(BuildCandidate(attempt=mission.attempt, base=world.target), world)
        case Unheard():
            again = BuildCandidate(attempt=mission.attempt, base=world.target)
            return _held_back(again, world)
        case Cleared() if world.approval == "missing":
            why = "every gate passed, and the item has `requires_approval`: nobody approved it yet"
            return ask(mission.history, "APPROVAL_REQUESTED", Reason.APPROVAL_MISSING, why)
        case Cleared():
            return _unless_held(
                BuildLanding(attempt=mission.attempt, candidate=mission.candidate), world
            )


def _is_stale(mission: Judged, world: World) -> bool:
    """Return whether what was tested, or where, is not what would land and where it would run."""
    moved = mission.candidate.base != world.target
    return moved or mission.judged.environment != world.call.environment


def _unless_held(action: BuildLanding | MoveTarget, world: World) -> Action:
    match world.checkout:
        case Held(why=why):
            return _resting(world) or Rest(reason="held", why=why)
        case Free():
            return _held_back(action, world)


def _landing(mission: Landing, world: World) -> Action:
    match world.sighting:
        case OnTip():
            return RecordLanding(landing=mission.landing)
        case NotLanded():
            if world.target != mission.landing.base:
                was = mission.landing.base
                return Miss(missed=LandingMissed(was=was, found=world.target))
            return _unless_held(
                MoveTarget(landing=mission.landing, candidate=mission.candidate), world
            )


def _settled(mission: Settled) -> Action:
    match mission.target.verdict:
        case "passed" | "flaky":
            return Close(closed=_passed(mission))
        case "failed" | "broken" as verdict:
            why = f"the target was judged after the landing: {verdict}; a person has to look at it"
            return Rest(reason="frozen", why=why)


def _passed(mission: Settled) -> MissionClosed:
    satisfied = mission.candidate.change == NO_CHANGE
    return MissionClosed(
        outcome="PASS",
        reason=Reason.ALREADY_SATISFIED if satisfied else Reason.LANDED,
        failure=None,
        why="the target had this change already" if satisfied else "every gate passed; landed",
        counts=totals(mission.history),
    )
