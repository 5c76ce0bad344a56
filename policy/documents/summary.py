"""A mission in one object: what `once --json`, `status --json` and `summary.json` show.

A projection of facts. At closing it is stored beside them so that a list of missions reads one
small file each; `pawl audit` recomputes it.
"""

from typing import Literal

from policy.documents.tally import Tally, tally_of
from policy.gates.verdict import Broken, Failed, Passed, Verdict
from policy.ids import (
    CommitId,
    GateName,
    ItemId,
    MissionId,
    PolicyDigest,
    SpecHash,
    TreeId,
    item_of,
)
from policy.mission.attempts import AttemptEnded, AttemptInterrupted, AttemptStarted
from policy.mission.budget import used
from policy.mission.facts import (
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
from policy.mission.spending import Used
from policy.mission.states import Mission
from policy.rules.failures import FailureClass, Origin
from policy.rules.outcomes import Outcome, Reason
from policy.value import Value

SUMMARY = "summary.json"
"""Its path in the dossier of a closed mission."""

Said = Literal["passed", "failed", "broken"]


class Lesson(Value):
    """A distillation candidate: a step up the chain, and the attempt that landed above it."""

    student: int
    """The attempt that failed before the step."""
    teacher: int | None
    """None while nothing has landed."""


class Summary(Value):
    """*outcome* is None while the mission is open and waits for nobody."""

    id: MissionId
    item: ItemId
    title: str
    state: str
    outcome: Outcome | None
    reason: Reason | None
    why: str
    failure: FailureClass | None
    origin: Origin | None
    landed: CommitId | None
    base: CommitId
    tree: TreeId | None
    """Of the newest candidate, else of the newest attempt."""
    gates: dict[GateName, Said]
    """Of the newest judgement; a gate that did not run is absent."""
    attempts: int
    spec_hash: SpecHash
    policy: PolicyDigest
    target: Literal["passed", "failed", "broken", "flaky"] | None = None
    """What the gates say of the target after its landing."""
    reverted: CommitId | None = None
    used: Used = Used()
    lessons: tuple[Lesson, ...] = ()
    at: str
    """When the newest fact was recorded."""
    tally: Tally | None = None
    """What the mission counts for, where it is closed."""


def summarise(state: Mission, records: tuple[Recorded, ...]) -> Summary:
    """Return the summary of a mission, given its facts and the state they add up to."""
    opened = state.history.opened
    found = _Found(records)
    last_failure = state.history.failures[-1] if state.history.failures else None
    return Summary(
        id=state.history.mission,
        item=item_of(state.history.mission),
        title=opened.title,
        state=type(state).__name__,
        outcome=found.outcome,
        reason=found.reason,
        why=found.why or (last_failure.why if last_failure else ""),
        failure=found.failure or (last_failure.failure if last_failure else None),
        origin=last_failure.origin if last_failure and found.outcome != "PASS" else None,
        landed=found.landed,
        base=found.base or opened.base,
        tree=found.tree,
        gates=found.gates,
        attempts=len(state.history.attempts),
        spec_hash=opened.spec_hash,
        policy=records[-1].policy,
        target=found.target,
        reverted=found.reverted,
        used=used_by(state),
        lessons=_lessons(state, landed=found.landed is not None),
        at=records[-1].at,
        tally=tally_of(records),
    )


def used_by(state: Mission) -> Used:
    """Return what the mission's attempts used so far."""
    return used(state.history)


def _lessons(state: Mission, *, landed: bool) -> tuple[Lesson, ...]:
    attempts = state.history.attempts
    teacher = attempts[-1].started.n if landed and attempts else None
    return tuple(
        Lesson(student=past.started.student, teacher=teacher)
        for past in attempts
        if past.started.student is not None
    )


class _Found:
    """What a single pass over the facts finds; later facts replace earlier ones."""

    def __init__(self, records: tuple[Recorded, ...]) -> None:
        self.outcome: Outcome | None = None
        self.reason: Reason | None = None
        self.failure: FailureClass | None = None
        self.why = ""
        self.landed: CommitId | None = None
        self.base: CommitId | None = None
        self.tree: TreeId | None = None
        self.gates: dict[GateName, Said] = {}
        self.target: Literal["passed", "failed", "broken", "flaky"] | None = None
        self.reverted: CommitId | None = None
        for recorded in records:
            self._take(recorded)

    def _take(self, recorded: Recorded) -> None:
        match recorded.fact:
            case AttemptEnded(tree=tree):
                self.tree = tree
            case CandidateBuilt(candidate=candidate):
                self.base, self.tree = candidate.base, candidate.tree
            case GatesJudged(records=judged):
                self.gates = {record.gate: said(record.verdict) for record in judged}
            case LandingStarted(base=base):
                self.base = base
            case Landed(commit=commit):
                self.landed = commit
            case PersonAsked() as asked:
                self.outcome, self.reason, self.why = asked.outcome, asked.reason, asked.why
            case PersonAnswered() | RequestWithdrawn():
                self.outcome, self.reason, self.why = None, None, ""
            case PermissionsSeen():
                pass
            case MissionClosed() as closed:
                self.outcome, self.reason, self.why = closed.outcome, closed.reason, closed.why
                self.failure = closed.failure
            case MissionOpened(base=base):
                self.base = base
            case MissionTaken() | AttemptStarted() | AttemptInterrupted() | FailureClassified():
                pass
            case TargetJudged(verdict=verdict):
                self.target = verdict
            case Reverted(commit=commit):
                self.reverted = commit
            case CandidateConflicted() | LandingMissed() | TargetJudging() | TargetRan():
                pass
            case RepairEnded() | RevertStarted() | RevertMissed():
                pass


def said(verdict: Verdict) -> Said:
    match verdict:
        case Passed():
            return "passed"
        case Failed():
            return "failed"
        case Broken():
            return "broken"
