"""What people are asked and say: the facts, what a mission keeps of them, what a decision is told.

That a person has answered is a fact; that the answer still holds is not. It is looked at anew at
each tip of the target, and a landing rests on what holds there (DESIGN 6).
"""

from typing import Literal

from policy.ids import BlobId, ChangeId, CommitId, GateName, TreeId
from policy.people.needs import Approval, Need
from policy.people.permission import Instant, More
from policy.people.standing import Standing
from policy.rules.outcomes import Asked, Reason
from policy.value import Value

Answer = Literal["approval", "rejection", "resume", "grant", "abort", "waiver"]
"""The kinds of permission that answer a mission's request."""


class Sighting(Value):
    """A file of `waivers/` and the commit that brought it, as this daemon saw them first."""

    path: str
    blob: BlobId
    commit: CommitId
    at: Instant


class PermissionsSeen(Value):
    """Files that name this mission: the time their signatures are verified at (DESIGN 6)."""

    kind: Literal["permissions-seen"] = "permissions-seen"
    seen: tuple[Sighting, ...]


class PersonAsked(Value):
    kind: Literal["person-asked"] = "person-asked"
    request: str
    """Path of the request in the dossier."""
    shown: BlobId | None = None
    """The request's blob, as it is recorded; None while it is yet to be written."""
    need: Need
    outcome: Asked
    reason: Reason
    why: str
    attempt: int
    """How many attempts had ended."""
    base: CommitId
    """Of the candidate that is shown, else what the mission was opened on."""
    change: ChangeId | None = None
    """Of the candidate that is shown, as its product; None where none is."""
    product: TreeId | None = None


class PersonAnswered(Value):
    kind: Literal["person-answered"] = "person-answered"
    request: str
    answer: Answer
    permission: BlobId
    commit: CommitId
    """The commit that brought it."""
    principal: str | None
    """None: nobody's signature was asked for (unsigned-local)."""
    own_request: bool
    """Whether who asked for the work decided it: only in modes that let them."""
    gates: tuple[GateName, ...] = ()
    """Those that are waived."""
    more: More | None = None
    """What is granted."""


class RequestWithdrawn(Value):
    """Nothing is asked any more: what was asked was asked under another policy (DESIGN 7)."""

    kind: Literal["request-withdrawn"] = "request-withdrawn"
    request: str
    why: str


class Decision(Value):
    """A request and what a person answered."""

    asked: PersonAsked
    answered: PersonAnswered


class Allowance(Value):
    """What people have given a mission beyond what policy does."""

    attempts: int = 0
    """That may still be begun, whatever a limit says."""
    iterations: int = 0
    """Added to the budgets, as are the tokens."""
    tokens: int = 0


class Said(Value):
    """What people say at the target's tip of what a mission asks now."""

    needs: tuple[Approval, ...] = ()
    """The approvals it takes to go on from where the mission is."""
    holding: frozenset[BlobId] = frozenset()
    """Permissions of the mission's decisions that hold for what it has made, as it is now."""
    answers: tuple[PersonAnswered, ...] = ()
    """Valid answers to the request it waits for."""
    standing: tuple[Standing, ...] = ()
    """Standing waivers that hold now; *holding* has them too."""
    unseen: tuple[Sighting, ...] = ()
    """Of files that name the mission, and that no fact of it has yet."""
    denied: tuple[str, ...] = ()
    """Files that name the mission and do not count, each with its reason."""
    doubt: str | None = None
    """Why nobody can tell now what holds; None where that can be told."""


NOTHING_SAID = Said()
