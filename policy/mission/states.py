"""States: each holds exactly what is known in it. Never stored; replayed from facts."""

from typing import Literal

from policy.change import NO_CHANGE
from policy.ids import CommitId, GateName, MissionId, PolicyDigest, TreeId
from policy.landing.turns import Claim
from policy.mission.attempts import AttemptEnded, AttemptStarted
from policy.mission.facts import (
    Candidate,
    FailureClassified,
    GatesJudged,
    Landed,
    LandingStarted,
    MissionClosed,
    MissionOpened,
    Reverted,
    RevertStarted,
    TargetJudged,
    TargetJudging,
    TargetRan,
)
from policy.mission.persons import Allowance, Decision, PersonAnswered, PersonAsked, Sighting
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


class Parent(Value):
    """What the gates that failed a landing say of the target without it."""

    commit: CommitId
    verdict: Literal["passed", "failed", "broken"]
    why: str
    """Empty where they passed."""
    at: str
    """Since when it is known (RFC 3339)."""


class Grounds(Value):
    """What a mission has put on the target, and what was there before."""

    attempt: Attempt
    candidate: Candidate
    judged: GatesJudged
    landed: Landed
    good: CommitId
    """The parent: what its landings in a row are built on, whose tree a revert puts back."""
    parent: Parent | None = None
    """None while nobody had to ask."""
    reverted: Reverted | None = None
    red: FailureClass | None = None
    """What the gates failed the target for when they were asked last and failed it."""
    waived: tuple[GateName, ...] = ()
    """Gates that a person let it land without: they say nothing of the landing either."""


class Judgement(Value):
    """What the gates came to say of the target at one commit."""

    target: TargetJudged
    runs: tuple[TargetRan, ...]
    """None where it was adopted."""
    at: str
    """When (RFC 3339): a back-off counts from here."""
    item: Literal["done", "not_done"] | None = None
    """The mission's item there, where somebody has built on the landing since."""


class Repairing(Value):
    """What an attempt after a landing is to mend."""

    grounds: Grounds
    judgement: Judgement


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
    repairing: Repairing | None = None
    repairs: int = 0
    """Attempts to mend the target after a landing that were begun."""
    requests: int = 0
    """How often a person was asked: requests are numbered so."""
    decisions: tuple[Decision, ...] = ()
    """What people answered, oldest first."""
    allowance: Allowance = Allowance()
    seen: tuple[Sighting, ...] = ()

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
    policy: PolicyDigest
    """Under which the gates were asked: under another nothing lands by what they said."""


class Barred(Value):
    """What gates barred, and what they said of it: that can be waived."""

    candidate: Candidate
    judged: GatesJudged


class Failed(State):
    attempt: Attempt
    failure: FailureClassified
    at: str
    """When it was classified (RFC 3339): a back-off counts from here."""
    barred: Barred | None = None
    """None where there was no candidate, or it could not be built."""


class Waiting(State):
    """For a person. Only a person's commit goes on from here."""

    asked: PersonAsked
    back: Opened | Proposed | Judged | Failed
    """Where it was asked."""
    policy: PolicyDigest
    """Under which it was asked; under another one it may not be asked at all."""
    answered: PersonAnswered | None = None
    """A person's decision that ends the mission; others lead on at once."""


class Landing(State):
    attempt: Attempt
    candidate: Candidate
    judged: GatesJudged
    policy: PolicyDigest
    landing: LandingStarted


class OnTarget(State):
    """The mission's work is on the target, and the target at *commit* is not judged yet.

    *commit* is the landing, its revert, or what somebody built on it since.
    """

    grounds: Grounds
    commit: CommitId
    tree: TreeId
    judging: TargetJudging | None = None
    runs: tuple[TargetRan, ...] = ()
    parent: TargetRan | None = None
    """What the gates that failed the landing say of the commit it is built on."""


class Settled(State):
    """The target is judged; red is not the end of it."""

    grounds: Grounds
    judgement: Judgement

    @property
    def red(self) -> bool:
        return self.judgement.target.verdict in ("failed", "broken")


class Reverting(State):
    """The intent to put the last good tree back is recorded."""

    grounds: Grounds
    judgement: Judgement
    revert: RevertStarted


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
    | Reverting
    | Closed
)


def claim_of(mission: Mission, target: CommitId, *, heard: bool = False) -> Claim:
    """Return the mission's place in line; *heard*: what its gates said is about to be recorded."""
    history = mission.history
    return Claim(
        mission=history.mission,
        since=history.since,
        rebuilds=history.following.rebuilds,
        tried=history.following.at,
        heard=history.following.base == target
        and (isinstance(mission, Judged | Landing) or (heard and isinstance(mission, Proposed))),
    )
