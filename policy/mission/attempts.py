"""Facts of an attempt: how a builder was asked, and what came of it."""

from typing import Literal

from policy.bus.result import Ending, Snapshot, Usage
from policy.change import Stat
from policy.ids import ChangeId, CommitId, Digest, TreeId
from policy.mission.spending import NothingSpent, Spent
from policy.signs.signature import Sign
from policy.value import Value


class NamedLevel(Value):
    """The level of the policy's escalation chain an attempt is made at, as its builder is told."""

    name: str
    model: str | None = None
    variant: str | None = None
    skipped: tuple[str, ...] = ()
    """Cloud levels just below it that `cloud_allowed: false` leaves out."""


class AttemptStarted(Value):
    kind: Literal["attempt-started"] = "attempt-started"
    n: int
    stage: Literal["build"]
    level: int
    """Index in the escalation chain of the policy it is recorded under; `named` says what it is."""
    builder: str
    argv: tuple[str, ...]
    base: CommitId
    """The commit the attempt's diff is taken against."""
    start: CommitId
    """The commit whose tree the builder is given: *base*, or work that is on top of it."""
    start_tree: TreeId
    environment: Digest
    told: Digest | None = None
    """sha256 of the account of the last failure it was given (`account.py`); None: none."""
    named: NamedLevel | None = None
    """None in what earlier releases recorded."""
    prompt: Digest | None = None
    """Of all a builder is given, but for the attempt's number: equal is not asked twice (P-56)."""
    student: int | None = None
    """The attempt whose failure this step up the chain follows, with `enable_distillation`."""


class AttemptInterrupted(Value):
    """Says nothing of the work, so it is not charged; policy limits how often (DESIGN 4.4)."""

    kind: Literal["attempt-interrupted"] = "attempt-interrupted"
    n: int
    cause: Literal["daemon_died", "daemon_stopped", "builder_killed", "resource"]
    """resource: the host was short of something, such as room on a disk; the next one waits."""


class Printed(Value):
    """What a process printed: where head and tail are in the dossier, and what all of it was."""

    path: str
    size: int
    sha256: Digest


class AttemptEnded(Value):
    kind: Literal["attempt-ended"] = "attempt-ended"
    n: int
    ending: Ending
    snapshot: Snapshot
    checkpoint: CommitId | None
    """None where the snapshot was refused."""
    tree: TreeId | None
    change: ChangeId
    """Against the attempt's base; of the empty diff where nothing could be taken."""
    stat: Stat
    output: Printed
    usage: Usage
    spent: Spent = NothingSpent()
    """Of models, as the builder told it."""
    sign: Sign | None = None
    """What was recognised in the output of a run that ended badly or left no change: a claim."""
