"""QUEUE.md: what runs, what runs next in which order, and why everything else does not.

Who is next is what selection says of the very same scene: the page cannot differ from the machine.
"""

from collections.abc import Iterator

from policy.backlog.conditions import said
from policy.backlog.graph import Filed
from policy.backlog.rank import natural
from policy.backlog.reasons import Skip, SkipReason
from policy.ids import ItemId
from policy.mission.states import Waiting
from policy.pages.glance import Glance
from policy.pages.markdown import plain, table

_IN_LINE = {
    SkipReason.SCOPE_OVERLAP,
    SkipReason.PAUSED,
    SkipReason.HALTED,
    SkipReason.BUDGET_EXHAUSTED,
    SkipReason.CAP,
}
"""Reasons of items that stand in line: nothing of their own is in their way."""
_OVER = {SkipReason.DONE, SkipReason.CANCELLED}
_ALL = "`pawl explain` shows all"


def queue_page(now: Glance) -> str:
    running = sorted(one.history.mission for one in now.missions if not isinstance(one, Waiting))
    line, rest = _line(now), _rest(now)
    titles = {one.history.mission: one.history.opened.title for one in now.missions}
    return "\n".join([
        *now.title("Queue"),
        f"## Running: {len(running)}",
        "",
        *table(
            ("mission", "title"),
            ((one, plain(titles[one])) for one in running),
            count=len(running), most=now.most, more="`pawl status` shows all",
        ),
        "",
        f"## In line: {len(line)}",
        "",
        *table(
            ("place", "item", "priority", "wave", "title", "now"),
            (_placed(now, place, one) for place, one in enumerate(line, 1)),
            count=len(line), most=now.most, more=_ALL,
        ),
        "",
        f"## Not in line: {len(rest)}",
        "",
        *table(
            ("item", "reason", "title", "why"),
            (_skipped(now, item, skip) for item, skip in rest),
            count=len(rest), most=now.most, more=_ALL,
        ),
        "",
        *_over(now),
        "",
    ])  # fmt: skip


def _line(now: Glance) -> list[Filed]:
    """Return the items that stand in line, first first."""
    chosen = now.selection
    ready = {*chosen.order, *chosen.unobserved}
    ready |= {item for item, skip in chosen.skipped.items() if skip.reason in _IN_LINE}
    items = now.scene.backlog.items
    return now.around.ranked([items[item] for item in items if item in ready])


def _rest(now: Glance) -> list[tuple[ItemId, Skip]]:
    """Return what does not run for a reason of its own, by reason and name."""
    order = [*SkipReason]
    rest = [
        (item, skip)
        for item, skip in now.selection.skipped.items()
        if skip.reason not in _IN_LINE | _OVER and item not in now.selection.unobserved
    ]
    return sorted(rest, key=lambda one: (order.index(one[1].reason), natural(one[0])))


def _placed(now: Glance, place: int, one: Filed) -> tuple[str, ...]:
    item = one.item
    told = (str(place), item.id, item.priority, plain(item.wave or ""), plain(item.title))
    return (*told, _now(now, item.item_id))


def _now(now: Glance, item: ItemId) -> str:
    asked = now.selection.unobserved.get(item)
    if asked is not None:
        return f"opens if: {plain(', '.join(map(said, asked)))}"
    skip = now.selection.skipped.get(item)
    return "next" if skip is None else f"{skip.reason}: {plain(skip.why)}"


def _skipped(now: Glance, item: ItemId, skip: Skip) -> tuple[str, ...]:
    filed = now.scene.backlog.items.get(item)
    return plain(item), skip.reason, plain(filed.item.title if filed else ""), plain(skip.why)


def _over(now: Glance) -> Iterator[str]:
    counted = {reason: 0 for reason in SkipReason if reason in _OVER}
    for skip in now.selection.skipped.values():
        if skip.reason in counted:
            counted[skip.reason] += 1
    yield ", ".join(f"{count} {reason}" for reason, count in counted.items())
