"""Actions: what the daemon is asked to do next for a mission. Imperative; they decide nothing."""

from datetime import datetime
from typing import Literal

from policy.ids import CommitId, Digest, GateName
from policy.mission.account import Account
from policy.mission.facts import (
    AttemptInterrupted,
    AttemptStarted,
    Candidate,
    FailureClassified,
    LandingMissed,
    LandingStarted,
    MissionClosed,
    MissionTaken,
    PersonAsked,
)
from policy.mission.states import Attempt
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


class BuildLanding(Value):
    """Make the landed commit, record it as intent, then move the target to it by CAS."""

    attempt: Attempt
    candidate: Candidate


class MoveTarget(Value):
    """The intent is recorded: move the target, if it still is at *base*. Visible in `sighting`."""

    landing: LandingStarted
    candidate: Candidate


class RecordLanding(Value):
    """The landed commit is on the target already: re-read it and record it."""

    landing: LandingStarted


class JudgeTarget(Value):
    """Say what the gates say of the landed tree."""

    commit: CommitId


class Classify(Value):
    failure: FailureClassified


class Interrupt(Value):
    interrupted: AttemptInterrupted


class Miss(Value):
    missed: LandingMissed


class Ask(Value):
    asked: PersonAsked


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
        "waiting",
        "backing_off",
        "item_unreadable",
        "no_sandbox",
        "preparing",
        "no_environment",
        "elsewhere",
        "awaiting_hub",
    ]
    why: str
    until: datetime | None = None


Action = (
    RunBuilder
    | Prepare
    | BuildCandidate
    | JudgeCandidate
    | BuildLanding
    | MoveTarget
    | RecordLanding
    | JudgeTarget
    | Classify
    | Interrupt
    | Miss
    | Ask
    | Close
    | Archive
    | Claim
    | Rest
)
