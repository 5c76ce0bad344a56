"""A permission: a decision of a person, as a file in `waivers/`, one form a kind (DESIGN 6).

Each kind has exactly the keys it needs: a key too many is an error like one too few, because what
a person signed must be what is read. Every value is compared with the live one later
(`check.py`); reading only says that the file is a permission, never that it permits anything.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, model_validator

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
from policy.value import Value

_OID = StringConstraints(pattern=r"^[0-9a-f]{40}$")
_SHA256 = StringConstraints(pattern=r"^[0-9a-f]{64}$")
_UUID4 = StringConstraints(
    pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
)
PermissionId = Annotated[str, _UUID4]
"""A uuid4 in lower case: the file's name without `.yaml`."""
_One = Annotated[int, Field(ge=1, le=1)]
"""1 and nothing else: `Literal[1]` takes `true` and `1.0` for it too."""
_Gate = Annotated[GateName, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_Mission = Annotated[
    MissionId,
    StringConstraints(
        pattern=r"^[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*(?:@[1-9][0-9]*)?$", max_length=80
    ),
]
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def _seen(text: str) -> str:
    """Refuse what cannot be seen or turns around what can: a person reads this before it counts."""
    for char in text:
        if char not in "\n\t" and (unicodedata.category(char) in _UNSEEN or char in "\ufffe\uffff"):
            raise ValueError(f"holds U+{ord(char):04X}, which cannot be seen; leave it out")
    return text


_Ref = Annotated[
    RefName,
    StringConstraints(pattern=r"^refs/heads/[^\x00-\x20\x7f~^:?*\[\\]+$", max_length=220),
    AfterValidator(_seen),
]
_Reason = Annotated[str, StringConstraints(min_length=20, max_length=2000), AfterValidator(_seen)]
_TestId = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_seen)]


def _instant(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", text):
        raise ValueError("must be a time in UTC such as 2026-12-01T12:00:00Z")
    try:
        instant(text)
    except ValueError as error:
        raise ValueError(f"is no time there is: {error}") from error
    return text


Instant = Annotated[str, AfterValidator(_instant)]
"""RFC 3339, UTC, whole seconds, `Z`."""


def instant(text: str) -> datetime:
    """Return the time an `Instant` names."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


class Repo(Value):
    """Which repository: the first commit of all, and what its policy calls it."""

    root_commit: Annotated[CommitId, _OID]
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class OfCandidate(Value):
    """What is to land. *base* is what the request showed; a permission's own commit moves it."""

    base: Annotated[CommitId, _OID]
    change: Annotated[ChangeId, _SHA256]
    product: Annotated[TreeId, _OID]


class OfDocument(Value):
    """What a stage wrote, before there is a candidate."""

    base: Annotated[CommitId, _OID]
    document: Annotated[BlobId, _OID]


class More(Value):
    """What is granted on top of the budgets: at least one of them."""

    iterations: Annotated[int, Field(ge=1, le=1000)] | None = None
    attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    tokens: Annotated[int, Field(ge=1, le=10**12)] | None = None

    @model_validator(mode="after")
    def _is_something(self) -> "More":
        if self.iterations is None and self.attempts is None and self.tokens is None:
            raise ValueError("grants nothing; name iterations, attempts or tokens")
        return self


class Rewrite(Value):
    """The target's line was rewritten: it had come to *seen*, and *tip* is right from now on."""

    seen: Annotated[CommitId, _OID]
    tip: Annotated[CommitId, _OID]


class _Any(Value):
    schema_version: _One = Field(alias="schema")
    id: PermissionId
    """A new uuid4; the file is called so."""
    repo: Repo
    ref: _Ref
    """The branch it is about, in full: `refs/heads/main`."""
    reason: _Reason
    """Why, in 20 to 2000 characters; it stays in the history for ever."""


class _Answer(_Any):
    """What answers one request of one mission."""

    mission: _Mission
    attempt: Annotated[int, Field(ge=0)]
    spec: Annotated[SpecHash, _SHA256]
    """The spec hash of the item the mission was opened for."""
    request: Annotated[BlobId, _OID]
    """The blob of the request that was shown."""


class _Used(_Answer):
    """An answer that lets something go on: under one policy, for a time, once."""

    policy: Annotated[PolicyDigest, _SHA256]
    expires: Instant
    max_uses: _One


class Waiver(_Used):
    kind: Literal["waiver"]
    gates: Annotated[tuple[_Gate, ...], Field(min_length=1)]
    """The gates that are waived, each by its name: those the request names."""
    subject: OfCandidate

    @model_validator(mode="after")
    def _gates_are_named_once(self) -> "Waiver":
        if len(set(self.gates)) != len(self.gates):
            raise ValueError("gates: a gate is named twice")
        return self


class StandingWaiver(_Any):
    kind: Literal["standing-waiver"]
    gates: Annotated[tuple[_Gate, ...], Field(min_length=1, max_length=1)]
    """The one gate whose tests these are."""
    tests: Annotated[tuple[_TestId, ...], Field(min_length=1)]
    """The ids that are known to fail, each in full: `classname::name`."""
    expires: Instant


class Approval(_Used):
    kind: Literal["approval"]
    subject: OfCandidate | OfDocument


class Rejection(_Answer):
    kind: Literal["rejection"]


class Resume(_Used):
    kind: Literal["resume"]


class Grant(_Used):
    kind: Literal["grant"]
    grant: More


class Abort(_Answer):
    kind: Literal["abort"]


class Revocation(_Any):
    kind: Literal["revocation"]
    revokes: PermissionId
    """The id of the permission that is taken back."""


class AcceptRewrite(_Any):
    kind: Literal["accept-rewrite"]
    rewrite: Rewrite
    expires: Instant


Permission = (
    Waiver
    | StandingWaiver
    | Approval
    | Rejection
    | Resume
    | Grant
    | Abort
    | Revocation
    | AcceptRewrite
)
Kind = Literal[
    "waiver",
    "standing-waiver",
    "approval",
    "rejection",
    "resume",
    "grant",
    "abort",
    "revocation",
    "accept-rewrite",
]
FORMS: dict[str, type[Permission]] = dict(zip(get_args(Kind), get_args(Permission), strict=True))
"""By kind; the order of the two unions above is the same."""
