"""How a fact moves a mission on, and which facts may follow which (DESIGN 4.4).

A fact that cannot follow those before it means that the ledger was edited: that mission freezes.
"""

from collections.abc import Iterable

from policy.canonical import digest
from policy.gates.verdict import Passed
from policy.ids import MissionId
from policy.mission import after, answered
from policy.mission.attempts import AttemptEnded, AttemptInterrupted, AttemptStarted
from policy.mission.facts import (
    Candidate,
    CandidateBuilt,
    CandidateConflicted,
    FailureClassified,
    GatesJudged,
    Landed,
    LandingMissed,
    LandingStarted,
    MissionClosed,
    MissionOpened,
    MissionTaken,
    RepairEnded,
    Reverted,
    RevertMissed,
    RevertStarted,
    TargetJudged,
    TargetJudging,
    TargetRan,
)
from policy.mission.persons import (
    PermissionsSeen,
    PersonAnswered,
    PersonAsked,
    RequestWithdrawn,
)
from policy.mission.record import Recorded
from policy.mission.states import (
    Attempt,
    Barred,
    Building,
    Built,
    Closed,
    Failed,
    Following,
    History,
    Judged,
    Landing,
    Mission,
    OnTarget,
    Opened,
    Proposed,
    Reverting,
    Setback,
    Settled,
    Waiting,
)
from policy.rules.failures import FailureClass


class ContradictionError(Exception):
    """A fact that cannot follow those before it: the ledger was edited, or is corrupt."""

    def __init__(self, mission: Mission | None, recorded: Recorded) -> None:
        state = type(mission).__name__ if mission is not None else "no mission"
        super().__init__(
            f"{recorded.mission}: fact {recorded.seq} ({recorded.fact.kind}) cannot follow {state}"
        )


def replay(mission: MissionId, records: Iterable[Recorded]) -> Mission | None:
    """Return the mission that *records*, oldest first, add up to; None for no records.

    Raises `ContradictionError` where they contradict each other.
    """
    state: Mission | None = None
    for seq, recorded in enumerate(records, start=1):
        if recorded.seq != seq or recorded.mission != mission:
            raise ContradictionError(state, recorded)
        state = evolve(state, recorded)
    return state


def evolve(state: Mission | None, recorded: Recorded) -> Mission:
    """Return the state after *recorded*; raise `ContradictionError` where it cannot follow."""
    match recorded.fact:
        case MissionOpened() as fact:
            if state is None:
                return Opened(history=_beginning(recorded, fact))
        case MissionTaken():
            if state is not None and not isinstance(state, Closed):
                return state
        case AttemptStarted() as fact:
            if isinstance(state, Opened | Failed) and fact.n == state.history.next_attempt:
                return Building(history=answered.charged(state.history), started=fact)
            if isinstance(state, Settled) and after.may_repair(state, fact):
                return after.repairing(state, fact)
        case AttemptInterrupted() as fact:
            if isinstance(state, Building) and fact.n == state.started.n:
                return _interrupted(state, fact, recorded.at)
        case AttemptEnded() as fact:
            if isinstance(state, Building) and fact.n == state.started.n:
                return _built(state, fact)
        case FailureClassified() as fact:
            if isinstance(state, Built | Judged):
                return _failed(state, _setback(state, fact), recorded.at)
        case CandidateBuilt() as fact:
            if isinstance(state, Built | Proposed | Judged):
                return _proposed(state, fact.candidate, recorded.at)
        case CandidateConflicted() as fact:
            if isinstance(state, Built | Proposed | Judged):
                return _failed(state, _conflicted(fact), recorded.at)
        case GatesJudged() as fact:
            if isinstance(state, Proposed) and fact.product == state.candidate.product:
                return _judged(state, fact, recorded)
        case LandingStarted() as fact:
            if isinstance(state, Judged) and _is_of(fact, state.candidate):
                return Landing(
                    history=state.history,
                    attempt=state.attempt,
                    candidate=state.candidate,
                    judged=state.judged,
                    policy=state.policy,
                    landing=fact,
                )
        case LandingMissed():
            if isinstance(state, Landing):
                return Built(history=_seen_at(state, recorded.at), attempt=state.attempt)
        case Landed() as fact:
            if isinstance(state, Landing) and fact.commit == state.landing.landed:
                return after.landed(state, fact)
        case TargetJudging() as fact:
            if isinstance(state, OnTarget | Settled) and after.may_judge(state, fact):
                return after.judging(state, fact)
        case TargetRan() as fact:
            if isinstance(state, OnTarget) and after.was_asked(state, fact):
                return after.ran(state, fact)
        case TargetJudged() as fact:
            if isinstance(state, OnTarget) and fact.commit == state.commit:
                return after.settled(state, fact, recorded.at)
        case RepairEnded():
            if isinstance(state, Opened | Built | Proposed | Judged | Failed):
                was = state.history.repairing
                if was is not None:
                    return after.red_again(state, was)
        case RevertStarted() as fact:
            if isinstance(state, Settled) and after.may_revert(state, fact):
                return after.reverting(state, fact)
        case RevertMissed():
            if isinstance(state, Reverting):
                return after.missed(state)
        case Reverted() as fact:
            if isinstance(state, Reverting) and fact.commit == state.revert.commit:
                return after.reverted(state, fact)
        case PersonAsked() | PermissionsSeen() | PersonAnswered() | RequestWithdrawn() as fact:
            after_it = answered.follow(state, fact, recorded)
            if after_it is not None:
                return after_it
        case MissionClosed() as fact:
            if state is not None and _may_close(state, fact):
                return Closed(history=state.history, closed=fact)
    raise ContradictionError(state, recorded)


def _is_of(landing: LandingStarted, candidate: Candidate) -> bool:
    return (landing.tree, landing.base) == (candidate.tree, candidate.base)


def _may_close(state: Mission, fact: MissionClosed) -> bool:
    match fact.outcome:
        case "PASS":
            return isinstance(state, Settled) and not state.red and not state.grounds.reverted
        case "BLOCKED":
            if isinstance(state, Settled):
                return after.is_undone(state)
            if isinstance(state, Waiting):
                return answered.is_ended(state, "rejection")
            return isinstance(state, Failed | Opened) and not _repairs(state)
        case "CANCELLED":
            open_still = Opened | Building | Built | Proposed | Judged | Failed | Waiting
            return isinstance(state, open_still) and not _repairs(state)


def _repairs(state: Mission) -> bool:
    return state.history.repairing is not None


def _beginning(recorded: Recorded, opened: MissionOpened) -> History:
    return History(mission=recorded.mission, opened=opened, since=recorded.at)


def _interrupted(state: Building, fact: AttemptInterrupted, at: str) -> Opened:
    short = fact.cause == "resource"
    history = _with(
        state,
        interruptions=state.history.interruptions + 1,
        shortages=state.history.shortages + short,
    )
    return Opened(history=history, short=at if short else None)


def _built(state: Building, ended: AttemptEnded) -> Built:
    attempt = Attempt(started=state.started, ended=ended)
    attempts = (*state.history.attempts, attempt)
    history = _with(state, attempts=attempts, following=Following(), setback=None)
    return Built(history=history, attempt=attempt)


def _proposed(state: Built | Proposed | Judged, candidate: Candidate, at: str) -> Proposed:
    before = state.history.following
    moved = before.base is not None and before.base != candidate.base
    barred = isinstance(state, Judged) and any(
        not isinstance(record.verdict, Passed) for record in state.judged.records
    )
    following = Following(
        base=candidate.base,
        rebuilds=before.rebuilds + moved,
        heard_again=before.heard_again or (moved and barred),
        at=at,
    )
    history = _with(state, candidates=state.history.candidates + 1, following=following)
    return Proposed(history=history, attempt=state.attempt, candidate=candidate)


def _seen_at(state: Mission, at: str) -> History:
    return _with(state, following=state.history.following.model_copy(update={"at": at}))


def _judged(state: Proposed, fact: GatesJudged, recorded: Recorded) -> Judged:
    ran = sum(1 for record in fact.records if record.source == "ran")
    seen = _seen_at(state, recorded.at)
    return Judged(
        history=seen.model_copy(update={"gates_run": seen.gates_run + ran}),
        attempt=state.attempt,
        candidate=state.candidate,
        judged=fact,
        policy=recorded.policy,
    )


def _failed(state: Built | Proposed | Judged, setback: Setback, at: str) -> Failed:
    failure = setback.failure
    history = _with(state, failures=(*state.history.failures, failure), setback=setback)
    barred = None
    if isinstance(state, Judged) and setback.gate is not None:
        barred = Barred(candidate=state.candidate, judged=state.judged)
    return Failed(history=history, attempt=state.attempt, failure=failure, at=at, barred=barred)


def _setback(state: Built | Judged, failure: FailureClassified) -> Setback:
    records = state.judged.records if isinstance(state, Judged) else ()
    waived = {gate for one in state.history.decisions for gate in one.answered.gates}
    bars = [one for one in records if not isinstance(one.verdict, Passed)]
    first = next((one for one in bars if one.gate not in waived), bars[0] if bars else None)
    if first is None:
        return Setback(failure=failure)
    return Setback(failure=failure, gate=first.gate, tests=first.new)


def _conflicted(fact: CandidateConflicted) -> Setback:
    return Setback(failure=conflict(fact), paths=fact.paths)


def conflict(fact: CandidateConflicted) -> FailureClassified:
    """Return the failure that a conflict is: it needs no classifying fact of its own."""
    return FailureClassified(
        n=fact.n,
        failure=FailureClass.MERGE_CONFLICT,
        origin="item",
        stage="gate",
        why=f"the change does not apply to {fact.base[:12]}: {', '.join(fact.paths)}",
        digest=digest(["merge_conflict", *fact.paths]),
    )


def _with(state: Mission, **changes: object) -> History:
    return state.history.model_copy(update=changes)
