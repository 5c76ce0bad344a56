"""States: each holds exactly what is known in it. Never stored; replayed from facts."""

from policy.change import NO_CHANGE
from policy.ids import CommitId, GateName, MissionId
from policy.landing.turns import Claim
from policy.mission.facts import (
    AttemptEnded,
    AttemptStarted,
    Candidate,
    FailureClassified,
    GatesJudged,
    Landed,
    LandingStarted,
    MissionClosed,
    MissionOpened,
    PersonAsked,
    TargetJudged,
)
from policy.rules.failures import FailureClass
from policy.value import Value


class Attempt(Value):
    """One builder invocation that came to its end."""

    started: AttemptStarted
    ended: AttemptEnded


class Following(Value):
    """How the candidates of one attempt follow a target that moves."""

    base: CommitId | None = None
    """Of the newest candidate."""
    rebuilds: int = 0
    """How often in a row the target had moved and the candidate was built again."""
    heard_again: bool = False
    """Whether one of them was built although gates had barred the one before it."""
    at: str = ""
    """When the newest candidate was built, judged, or missed the target (RFC 3339)."""


class Setback(Value):
    """What the last attempt that ended failed by; what it names is not stored twice."""

    failure: FailureClassified
    gate: GateName | None = None
    tests: tuple[str, ...] = ()
    """What the gate names that barred first: failing tests, or paths."""
    paths: tuple[str, ...] = ()
    """That conflict with the target."""


class History(Value):
    """What every state knows: how the mission began and what it has used up so far."""

    mission: MissionId
    opened: MissionOpened
    attempts: tuple[Attempt, ...] = ()
    since: str
    """When it was opened (RFC 3339): who waits longest has the first turn."""
    interruptions: int = 0
    shortages: int = 0
    """Interruptions because the host was short of something."""
    failures: tuple[FailureClassified, ...] = ()
    candidates: int = 0
    gates_run: int = 0
    following: Following = Following()
    setback: Setback | None = None
    """None once another attempt ended."""

    @property
    def next_attempt(self) -> int:
        """Interrupted attempts keep their number: they were not charged."""
        return len(self.attempts) + 1

    @property
    def checkpoints(self) -> tuple[CommitId, ...]:
        """The mission's checkpoints, oldest first."""
        found = (attempt.ended.checkpoint for attempt in self.attempts)
        return tuple(commit for commit in found if commit is not None)

    def count(self, failure: FailureClass) -> int:
        return sum(1 for one in self.failures if one.failure is failure)


def claim_of(history: History) -> Claim:
    """Return the mission's place in line."""
    return Claim(mission=history.mission, since=history.since, rebuilds=history.following.rebuilds)


class State(Value):
    history: History


class Opened(State):
    """Nothing runs; the next attempt is to be started."""

    short: str | None = None
    """When the last attempt was cut short because the host was (RFC 3339): a back-off counts."""


class Building(State):
    started: AttemptStarted


class Built(State):
    attempt: Attempt

    @property
    def changed(self) -> bool:
        return self.attempt.ended.change != NO_CHANGE


class Proposed(State):
    attempt: Attempt
    candidate: Candidate


class Judged(State):
    attempt: Attempt
    candidate: Candidate
    judged: GatesJudged


class Failed(State):
    attempt: Attempt
    failure: FailureClassified
    at: str
    """When it was classified (RFC 3339): a back-off counts from here."""


class Waiting(State):
    """For a person. Only a person's commit goes on from here."""

    asked: PersonAsked


class Landing(State):
    attempt: Attempt
    candidate: Candidate
    judged: GatesJudged
    landing: LandingStarted


class OnTarget(State):
    """The fact `landed` is recorded; the target is not judged yet. DESIGN 4.4 calls it Landed."""

    candidate: Candidate
    judged: GatesJudged
    landed: Landed


class Settled(State):
    candidate: Candidate
    judged: GatesJudged
    target: TargetJudged


class Closed(State):
    closed: MissionClosed


Mission = (
    Opened
    | Building
    | Built
    | Proposed
    | Judged
    | Failed
    | Waiting
    | Landing
    | OnTarget
    | Settled
    | Closed
)
