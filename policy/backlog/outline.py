"""An item in outline: what is asked of each item of a backlog at once, and nothing more.

There may be a hundred thousand of them. Whoever works on one item reads its file again
(`forms.item_in`); nothing that a builder is asked for stands here.
"""

from typing import NamedTuple

from policy.backlog.conditions import Condition
from policy.backlog.item import BacklogItem, Priority, Slice, Status
from policy.ids import ItemId
from policy.rules.words import Kind, Risk


class Outline(NamedTuple):
    """A tuple, as it is made and kept a hundred thousand times."""

    id: str
    title: str
    priority: Priority
    status: Status
    kind: Kind
    risk: Risk
    slice: Slice
    phase: int | None
    wave: str | None
    builder: str | None
    environment: str | None
    reopen: int
    has_command: bool
    has_done_when: bool
    write_scope: tuple[str, ...]
    blocked_by: tuple[str, ...]
    unblocks: tuple[str, ...]
    ready_when: tuple[Condition, ...]
    not_ready_when: tuple[Condition, ...]

    @property
    def item_id(self) -> ItemId:
        return ItemId(self.id)


def outline(item: BacklogItem) -> Outline:
    return Outline(
        id=item.id,
        title=item.title,
        priority=item.priority,
        status=item.status,
        kind=item.kind,
        risk=item.risk,
        slice=item.slice,
        phase=item.phase,
        wave=item.wave,
        builder=item.builder,
        environment=item.environment,
        reopen=item.reopen,
        has_command=item.command is not None,
        has_done_when=bool(item.done_when),
        write_scope=item.write_scope,
        blocked_by=item.blocked_by,
        unblocks=item.unblocks,
        ready_when=item.ready_when,
        not_ready_when=item.not_ready_when,
    )


LINES = (
    "id",
    "blocked_by",
    "unblocks",
    "ready_when",
    "not_ready_when",
    "risk",
    "builder",
    "command",
    "environment",
)
"""Keys that may be wrong beside other items, or under another policy: their lines are kept."""
