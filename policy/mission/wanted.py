"""Which checkpoints and approvals the policy wants of an item's mission, moment by moment.

Pure sums over the policy, the item and its change. One role is asked once at a moment, whatever
asks for it: a person who has read the change has read it for all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policy.backlog.item import BacklogItem
from policy.paths import intersect, matches_any
from policy.people.roles import APPROVER, Role
from policy.rules.asking import WhenChanged
from policy.rules.model import Policy
from policy.rules.words import StageName

Moment = Literal["open", "land"] | StageName


@dataclass(frozen=True)
class Changed:
    """What a mission has made so far: changed paths, and lines added plus deleted."""

    paths: tuple[str, ...]
    lines: int


@dataclass(frozen=True)
class Wanted:
    """*name* says who wants it: a checkpoint, `approvals`, or the item's `requires_approval`."""

    name: str
    role: Role


def wanted(
    item: BacklogItem, policy: Policy, at: Moment, change: Changed | None
) -> tuple[Wanted, ...]:
    """Return what has to be approved at a moment; *change* is None while there is none."""
    found: dict[Role, Wanted] = {}
    for one in _approvals(item, policy, at, change):
        found.setdefault(one.role, one)
    return (*_checkpoints(item, policy, at, change), *found.values())


def reads_paths(policy: Policy) -> bool:
    """Return whether anybody has to know what changed."""
    filters = (*(one.when for one in policy.checkpoints), *(one.when for one in policy.approvals))
    return any(when.paths for when in filters)


def _checkpoints(
    item: BacklogItem, policy: Policy, at: Moment, change: Changed | None
) -> Iterator[Wanted]:
    for one in policy.checkpoints:
        if one.after == at and _applies(one.when, item, change):
            yield Wanted(one.name, APPROVER)


def _approvals(
    item: BacklogItem, policy: Policy, at: Moment, change: Changed | None
) -> Iterator[Wanted]:
    if item.requires_approval and at == "land":
        yield Wanted("requires_approval", APPROVER)
    for one in policy.approvals:
        if one.at == at and _applies(one.when, item, change):
            yield Wanted("approvals", one.role)


def _applies(when: WhenChanged, item: BacklogItem, change: Changed | None) -> bool:
    if item.risk not in when.risk or item.kind not in when.kind:
        return False
    if change is None:
        return _may_change(when, item)
    touched = not when.paths or any(matches_any(when.paths, path) for path in change.paths)
    return touched and change.lines >= when.diff_lines


def _may_change(when: WhenChanged, item: BacklogItem) -> bool:
    """Return whether the item may come to change what is named; how much is not known yet."""
    if not when.paths:
        return True
    return any(intersect(glob, scope) for glob in when.paths for scope in item.write_scope)
