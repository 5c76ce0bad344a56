"""What a mission needs of a person, and by which decisions of theirs that is answered.

A need names the requirement that asks, never the occasion: two requests of one need are told apart
by their number, and what is decided on the one says nothing of the other (DESIGN 6).
"""

from typing import Annotated, Literal

from pydantic import Field

from policy.ids import GateName
from policy.people.permission import Kind
from policy.people.roles import APPROVER, Permissions, Role
from policy.value import Value


class ToOpen(Value):
    """An approval before the first attempt."""

    kind: Literal["open"] = "open"
    name: str
    """Of the requirement, as the policy or the item has it."""
    role: Role = APPROVER


class AtCheckpoint(Value):
    """An approval of what a stage made."""

    kind: Literal["checkpoint"] = "checkpoint"
    name: str
    role: Role = APPROVER


class ToLand(Value):
    """An approval of the change, once every gate has passed."""

    kind: Literal["land"] = "land"
    name: str
    role: Role = APPROVER


class ToWaive(Value):
    """A waiver of all of *gates*, which bar the candidate."""

    kind: Literal["waive"] = "waive"
    gates: tuple[GateName, ...]


class AtLimit(Value):
    """The end of what the mission may do by itself; *limit* is the policy key that says so."""

    kind: Literal["limit"] = "limit"
    limit: str


Approving = ToOpen | AtCheckpoint | ToLand
AnyNeed = Approving | ToWaive | AtLimit
Approval = Annotated[Approving, Field(discriminator="kind")]
Need = Annotated[AnyNeed, Field(discriminator="kind")]
"""What a parser is given; `AnyNeed` is what `match` is given."""

_ENDS: frozenset[Kind] = frozenset({"rejection", "abort"})


def answering(need: AnyNeed) -> frozenset[Kind]:
    """Return the kinds of permission that answer a request of *need*."""
    match need:
        case ToOpen() | AtCheckpoint() | ToLand():
            return _ENDS | {"approval"}
        case ToWaive():
            return _ENDS | {"waiver"}
        case AtLimit():
            return _ENDS | {"resume", "grant"}


def deciding(need: AnyNeed, permissions: Permissions) -> frozenset[Role]:
    """Return the roles it takes to decide *need*: all of them."""
    match need:
        case ToOpen(role=role) | AtCheckpoint(role=role) | ToLand(role=role):
            return frozenset({APPROVER, role})
        case ToWaive(gates=gates):
            return permissions.waiving(gates)
        case AtLimit():
            return frozenset({APPROVER})
