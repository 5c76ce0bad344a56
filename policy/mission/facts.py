"""Facts: what happened, in the past tense. Appended, never edited (DESIGN 4.4)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from policy.gates.verdict import Record
from policy.ids import (
    BlobId,
    ChangeId,
    CommitId,
    Digest,
    GateName,
    MissionId,
    SpecHash,
    TreeId,
)
from policy.mission.attempts import AttemptEnded, AttemptInterrupted, AttemptStarted
from policy.mission.persons import (
    PermissionsSeen,
    PersonAnswered,
    PersonAsked,
    RequestWithdrawn,
)
from policy.rules.failures import FailureClass, Origin
from policy.rules.outcomes import Ended, Reason, Stage
from policy.value import Value


class ConditionRecord(Value):
    """What a `ready_when` or `not_ready_when` condition was observed to be when it was needed."""

    condition: str
    """The canonical JSON of the condition."""
    answer: Literal["holds", "does_not_hold", "broken"]
    tree: TreeId


class SelectionRecord(Value):
    """Why this item was next: enough for `pawl audit` to run the selection again."""

    digest: Digest
    rank: int
    """Place among the eligible items, counted from 1."""
    counts: dict[str, int]
    """How many items were skipped for each reason."""


class MissionOpened(Value):
    kind: Literal["mission-opened"] = "mission-opened"
    item_path: str
    item_blob: BlobId
    title: str
    spec_hash: SpecHash
    base: CommitId
    profile: Literal["direct"]
    today: str
    """ISO date the selection was told."""
    conditions: tuple[ConditionRecord, ...]
    selection: SelectionRecord
    previous: MissionId | None


class MissionTaken(Value):
    """Another host had the mission and was not heard of any more; now it is this one's."""

    kind: Literal["mission-taken"] = "mission-taken"
    was: str
    """The host that recorded the fact before."""
    why: str


class FailureClassified(Value):
    kind: Literal["failure-classified"] = "failure-classified"
    n: int
    failure: FailureClass = Field(alias="class")
    origin: Origin
    stage: Stage
    why: str
    digest: Digest
    """Of class and barring tests: equal for the same failure seen again."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Candidate(Value):
    """A commit proposed for landing, and the tip of the target it was built on."""

    commit: CommitId
    base: CommitId
    tree: TreeId
    product: TreeId
    """The tree without `waivers/**` and `.pawl/PAUSE`."""
    change: ChangeId
    """The mission's diff as applied to *base*, without the status flip."""


class CandidateBuilt(Value):
    kind: Literal["candidate-built"] = "candidate-built"
    n: int
    candidate: Candidate


class CandidateConflicted(Value):
    kind: Literal["candidate-conflicted"] = "candidate-conflicted"
    n: int
    base: CommitId
    paths: tuple[str, ...]


class GatesJudged(Value):
    kind: Literal["gates-judged"] = "gates-judged"
    n: int
    product: TreeId
    environment: Digest
    records: tuple[Record, ...]


class LandingStarted(Value):
    kind: Literal["landing-started"] = "landing-started"
    n: int
    landed: CommitId
    base: CommitId
    tree: TreeId
    permissions: tuple[BlobId, ...]
    repairs: CommitId | None = None
    """The mission's landing that was judged red, and that this one mends."""


class LandingMissed(Value):
    """The target had moved from *was* to *found* when the landing was tried.

    Where both are the same the policy had changed its meaning: by a newer release of pawl.
    """

    kind: Literal["landing-missed"] = "landing-missed"
    was: CommitId
    found: CommitId


class Landed(Value):
    kind: Literal["landed"] = "landed"
    commit: CommitId
    tree: TreeId


class TargetJudging(Value):
    """Gates are to be asked what they say of the target at *commit*, for the *run*-th time.

    Of the commit a landing is built on it is asked once, where gates fail the landing.
    """

    kind: Literal["target-judging"] = "target-judging"
    commit: CommitId
    tree: TreeId
    run: int
    gates: tuple[GateName, ...]
    item: Literal["done", "not_done"] | None = None
    """The mission's item at *commit*, where somebody has built on the landing since."""


class TargetRan(Value):
    kind: Literal["target-ran"] = "target-ran"
    commit: CommitId
    run: int
    product: TreeId
    environment: Digest
    records: tuple[Record, ...]


class RepairEnded(Value):
    """The attempt to mend the target came to nothing: what was judged red still is."""

    kind: Literal["repair-ended"] = "repair-ended"
    why: str


class RevertStarted(Value):
    kind: Literal["revert-started"] = "revert-started"
    commit: CommitId
    base: CommitId
    tree: TreeId
    """The last good tree."""
    reverts: CommitId


class RevertMissed(Value):
    """Somebody had built on the landing: a tree is not put back over their work."""

    kind: Literal["revert-missed"] = "revert-missed"
    was: CommitId
    found: CommitId


class Reverted(Value):
    kind: Literal["reverted"] = "reverted"
    commit: CommitId
    tree: TreeId


class TargetJudged(Value):
    kind: Literal["target-judged"] = "target-judged"
    commit: CommitId
    tree: TreeId
    verdict: Literal["passed", "failed", "broken", "flaky"]
    source: Literal["ran", "adopted"]


class Totals(Value):
    attempts: int
    interruptions: int
    candidates: int
    gates_run: int


class MissionClosed(Value):
    kind: Literal["mission-closed"] = "mission-closed"
    outcome: Ended
    reason: Reason
    failure: FailureClass | None
    why: str
    counts: Totals


Fact = (
    MissionOpened
    | MissionTaken
    | AttemptStarted
    | AttemptInterrupted
    | AttemptEnded
    | FailureClassified
    | CandidateBuilt
    | CandidateConflicted
    | GatesJudged
    | LandingStarted
    | LandingMissed
    | Landed
    | TargetJudging
    | TargetRan
    | TargetJudged
    | RepairEnded
    | RevertStarted
    | RevertMissed
    | Reverted
    | PermissionsSeen
    | PersonAsked
    | PersonAnswered
    | RequestWithdrawn
    | MissionClosed
)
AnyFact = Annotated[Fact, Field(discriminator="kind")]
"""What a parser is given; `Fact` is what `match` is given."""
