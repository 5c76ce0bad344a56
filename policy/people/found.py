"""What the repository says of a permission, as values: the chain, the commit, the key, the times.

All of it is read at one tip. That a permission was found says nothing yet; `check.py` judges.
"""

from datetime import datetime
from typing import Literal

from policy.ids import BlobId, CommitId
from policy.people.codes import Code
from policy.people.keys import Key
from policy.people.permission import Permission
from policy.people.roles import Role
from policy.problems import Problem
from policy.value import Value


class Authentic(Value):
    """Signed by a key that the state before the commit names; *roles* are those it had there."""

    kind: Literal["authentic"] = "authentic"
    principal: str
    key: Key
    roles: frozenset[Role]


class Refused(Value):
    """Not signed by anybody who may; *why* is a sentence about the commit."""

    kind: Literal["refused"] = "refused"
    code: Code
    why: str


class Unasked(Value):
    """Nobody's signature is asked for: mode unsigned-local, for demo and tests."""

    kind: Literal["unasked"] = "unasked"


Signer = Authentic | Refused | Unasked


class Verified(Value):
    """Every governed change since the introduction was made by somebody who might."""

    kind: Literal["verified"] = "verified"
    tip: CommitId


class Broken(Value):
    """*commit* changed what is governed and nobody who may do so signed it.

    What is after it is nobody's word. It ends by another line (the branch put back), or by another
    introduction that the operator pins.
    """

    kind: Literal["broken"] = "broken"
    tip: CommitId
    commit: CommitId
    code: Code
    why: str
    ungoverned: bool = False
    """Whether the state before it has no approver at all: nobody could have signed it."""


class Introduced(Value):
    """The commit of the first-parent line that brought a file of `waivers/`, as it is now."""

    commit: CommitId
    parents: int
    others: tuple[str, ...] = ()
    """Some of the paths outside `waivers/` that it changed as well."""
    edited: bool = False
    """Whether the file was there before with another content."""


class Held(Value):
    """The signer's key at the tip: it is among the approvers there, with these roles."""

    kind: Literal["held"] = "held"
    roles: frozenset[Role]


class KeyGone(Value):
    """At the tip no approver has the key any more."""

    kind: Literal["gone"] = "gone"


class KeyRevoked(Value):
    """At the tip the key is revoked."""

    kind: Literal["revoked"] = "revoked"


Standing = Held | KeyGone | KeyRevoked


class Found(Value):
    """One permission as it lies at *tip*, and everything a check asks about it."""

    path: str
    blob: BlobId
    permission: Permission
    tip: CommitId
    chain: Verified | Broken
    introduced: Introduced
    signer: Signer
    standing: Standing
    doubts: tuple[str, ...] = ()
    """What cannot be read at the tip of those files that say whom to believe."""
    first_seen: datetime


class Illegible(Value):
    """A file of `waivers/` that is no permission, and every reason why."""

    path: str
    blob: BlobId
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return f"{self.path}: {'; '.join(map(str, self.problems))}"
