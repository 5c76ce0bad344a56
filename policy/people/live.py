"""What a permission is held against: everything as it is now, for one matter a person may decide.

Nothing here is read from the permission. A value that is not known is not left out: who cannot say
what would land cannot ask whether it may.
"""

from typing import Annotated, Literal

from pydantic import Field

from policy.ids import (
    BlobId,
    ChangeId,
    CommitId,
    GateName,
    MissionId,
    PolicyDigest,
    RefName,
    SpecHash,
    TreeId,
)
from policy.people.keys import Key
from policy.people.permission import Kind, PermissionId, Repo
from policy.people.roles import Role
from policy.people.trust import Mode
from policy.people.trusted_time import TrustedTime
from policy.value import Value


class Held(Value):
    """The tip contains what this daemon has seen (the high-water mark)."""

    kind: Literal["held"] = "held"


class Rewound(Value):
    """It does not: the target was rewritten or rolled back, or the mark is lost (*seen* None)."""

    kind: Literal["rewound"] = "rewound"
    seen: CommitId | None
    why: str


Mark = Held | Rewound


class Candidate(Value):
    """What would land now, and which of it a permission must name as it is."""

    kind: Literal["candidate"] = "candidate"
    base: CommitId
    """That of the request: the permission's own commit has moved the target since."""
    change: ChangeId
    product: TreeId
    shown_change: ChangeId
    """Those of the request: what a person has read; a later candidate may have others."""
    shown_product: TreeId
    both: bool = False
    """Whether policy asks an approval and a waiver alike to hold for change and product."""


class Document(Value):
    """What a stage wrote, where there is no candidate yet."""

    kind: Literal["document"] = "document"
    base: CommitId
    document: BlobId


class OfMission(Value):
    """An open mission that asks a person; what it asked is in the request."""

    kind: Literal["mission"] = "mission"
    mission: MissionId
    attempt: int
    spec: SpecHash
    policy: PolicyDigest
    request: BlobId
    gates: tuple[GateName, ...] = ()
    """Those the request asks to waive."""
    subject: Annotated[Candidate | Document, Field(discriminator="kind")] | None = None
    """None where nothing is shown but the mission itself: a resume, a grant."""
    requesters: frozenset[str] = frozenset()
    """Who asked for the work, each by the names they may have (`requesters.names_in`)."""


class OfGate(Value):
    """A gate with known failures, whichever mission."""

    kind: Literal["gate"] = "gate"
    gate: GateName


class OfLine(Value):
    """The target itself: it is not what was seen (`Live.mark`); *tip* is what it was found at."""

    kind: Literal["line"] = "line"
    tip: CommitId


class OfPermission(Value):
    """Another permission, taken back."""

    kind: Literal["permission"] = "permission"
    id: PermissionId


Matter = Annotated[OfMission | OfGate | OfLine | OfPermission, Field(discriminator="kind")]


class Live(Value):
    tip: CommitId
    """The target as it was pinned; the old id of the compare-and-swap that may follow."""
    parent: CommitId | None
    """What the landing would be built on; None where nothing is about to land."""
    repo: Repo
    ref: RefName
    mode: Mode
    mark: Mark
    matter: Matter
    kinds: frozenset[Kind]
    """The decisions that answer this."""
    roles: frozenset[Role]
    """What it takes to decide this: all of them (`Permissions.waiving`, `approvals[].role`)."""
    machine_keys: frozenset[Key]
    """The daemons' keys and the builders': none of them may ever approve."""
    non_waivable: frozenset[GateName]
    max_ttl_s: int
    time: TrustedTime
    used: frozenset[BlobId]
    """Permissions used: by landings of the line, and by facts of the mission."""
    revoked: frozenset[PermissionId]
    """Ids that a revocation at the tip names."""
