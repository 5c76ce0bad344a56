"""The order of items that could be opened (DESIGN 5.2), and the order of waves.

Numbers in names count as numbers: H-2 comes before H-10, wave 2 before wave 10.
"""

import re
from collections.abc import Mapping, Sequence

from policy.backlog.graph import Filed
from policy.backlog.outline import Outline
from policy.backlog.scene import Closing
from policy.ids import ItemId

Natural = tuple[tuple[bool, int, str], ...]
Rank = tuple[str, tuple[bool, Natural], int, bool, int, tuple[bool, int], Natural, str]


def rank(one: Filed, closed: Sequence[Closing], unblocks: int) -> Rank:
    """Return what items are sorted by: the smaller comes first.

    Priority, wave, consecutive failures, has `done_when`, the number it unblocks, phase, id. An
    item without a wave or a phase comes after those with one.
    """
    item = one.item
    return (
        item.priority,
        wave_rank(item.wave),
        consecutive_failures(closed),
        not item.has_done_when,
        -unblocks,
        (item.phase is None, item.phase or 0),
        natural(item.id),
        item.id,
    )


def wave_rank(wave: str | None) -> tuple[bool, Natural]:
    return wave is None, natural(wave or "")


def natural(name: str) -> Natural:
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((not p.isdecimal(), int(p) if p.isdecimal() else 0, p) for p in parts)


def consecutive_failures(closed: Sequence[Closing]) -> int:
    """Return how many of the last missions in a row failed by the item's own fault."""
    count = 0
    for one in reversed(closed):
        if one.outcome != "BLOCKED" or one.origin != "item":
            return count
        count += 1
    return count


def unblocked(
    items: Mapping[ItemId, Outline], waits: Mapping[ItemId, Sequence[ItemId]]
) -> dict[ItemId, int]:
    """Return for how many unfinished items each item is in the way."""
    count: dict[ItemId, int] = {}
    for name, others in waits.items():
        if name in items and items[name].status in ("todo", "blocked"):
            for other in others:
                count[other] = count.get(other, 0) + 1
    return count
