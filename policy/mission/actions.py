"""Actions: what the daemon is asked to do next for a mission. Imperative; they decide nothing."""

from datetime import datetime
from typing import Literal

from policy.ids import BlobId, CommitId, Digest, GateName
from policy.mission.account import Account
from policy.mission.attempts import AttemptInterrupted, AttemptStarted
from policy.mission.facts import (
    Candidate,
    FailureClassified,
    LandingMissed,
    LandingStarted,
    MissionClosed,
    MissionTaken,
    RepairEnded,
    RevertMissed,
    RevertStarted,
    TargetJudged,
    TargetJudging,
)
from policy.mission.persons import (
    PermissionsSeen,
    PersonAnswered,
    PersonAsked,
    RequestWithdrawn,
)
from policy.mission.states import Attempt, Grounds
from policy.value import Value


class RunBuilder(Value):
    """Record the intent, run the builder, snapshot. Repeatable at the cost of time."""

    started: AttemptStarted
    account: Account | None = None
    """What it is told of the last failure; *started* has its hash."""


class Prepare(Value):
    """Build an environment the mission needs. Repeatable: it is kept whole or not at all."""

    key: Digest
    name: str


class BuildCandidate(Value):
    """Apply the attempt's diff to *base*. Repeatable: it only makes objects."""

    attempt: Attempt
    base: CommitId


class JudgeCandidate(Value):
    """Run *required* gates on the candidate. Repeatable: a gate has no effect outside."""

    attempt: Attempt
    candidate: Candidate
    required: tuple[GateName, ...]
    waived: tuple[GateName, ...] = ()
    """Those that do not bar it: the ones after them are asked all the same."""


class BuildLanding(Value):
    """Make the landed commit, record it as intent, then move the target to it by CAS."""

    attempt: Attempt
    candidate: Candidate
    permissions: tuple[BlobId, ...] = ()
    """What people have signed that it rests on."""


class MoveTarget(Value):
    """The intent is recorded: move the target, if it still is at *base*. Visible in `sighting`."""

    landing: LandingStarted
    candidate: Candidate


class RecordLanding(Value):
    """The landed commit is on the target already: re-read it and record it."""

    landing: LandingStarted


class AskTarget(Value):
    """Record that the target at a commit is to be judged."""

    judging: TargetJudging


class RunTarget(Value):
    """The intent is recorded: ask the gates. Repeatable: a gate has no effect outside."""

    grounds: Grounds
    judging: TargetJudging


class JudgeTarget(Value):
    """Record what the gates come to say of the target."""

    judged: TargetJudged


class EndRepair(Value):
    ended: RepairEnded


class BuildRevert(Value):
    """Make the commit with the last good tree and record it as intent."""

    grounds: Grounds


class MoveBack(Value):
    """The intent is recorded: move the target to the revert, if it still is at its base."""

    revert: RevertStarted


class RecordRevert(Value):
    """The revert is on the target already: re-read it and record it."""

    revert: RevertStarted


class MissRevert(Value):
    missed: RevertMissed


class Classify(Value):
    failure: FailureClassified


class Interrupt(Value):
    interrupted: AttemptInterrupted


class Miss(Value):
    missed: LandingMissed


class Ask(Value):
    asked: PersonAsked


class Notice(Value):
    """Record when files were seen first that name the mission."""

    seen: PermissionsSeen


class Answer(Value):
    """Record what a person decided."""

    answered: PersonAnswered


class Withdraw(Value):
    """Ask no more: what was asked is decided anew."""

    withdrawn: RequestWithdrawn


class Close(Value):
    closed: MissionClosed


class Archive(Value):
    """Merge the closed mission into `pawl/ledger` and delete its refs. Repeatable."""


class Claim(Value):
    """Record that this host goes on with the mission; then the hub has to agree."""

    taken: MissionTaken


class Rest(Value):
    """Nothing to do now; *why* is for `pawl explain`, *until* says when time alone ends it."""

    reason: Literal[
        "paused",
        "stopping",
        "frozen",
        "held",
        "yielding",
        "unjudged",
        "waiting",
        "backing_off",
        "quiet",
        "item_unreadable",
        "no_sandbox",
        "no_room",
        "preparing",
        "no_environment",
        "elsewhere",
        "awaiting_hub",
    ]
    why: str
    until: datetime | None = None
    denied: tuple[str, ...] = ()
    """Permissions that do not count for what is waited for, each with its code and why."""


Action = (
    RunBuilder
    | Prepare
    | BuildCandidate
    | JudgeCandidate
    | BuildLanding
    | MoveTarget
    | RecordLanding
    | AskTarget
    | RunTarget
    | JudgeTarget
    | EndRepair
    | BuildRevert
    | MoveBack
    | RecordRevert
    | MissRevert
    | Classify
    | Interrupt
    | Miss
    | Ask
    | Notice
    | Answer
    | Withdraw
    | Close
    | Archive
    | Claim
    | Rest
)
