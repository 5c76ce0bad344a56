"""BLOCKED.md: items that do not go on by themselves, and what stands behind them."""

from policy.backlog.rank import natural, unblocked
from policy.backlog.reasons import Skip, SkipReason
from policy.ids import ItemId
from policy.pages.glance import Glance
from policy.pages.markdown import code, plain, table

_STUCK = {
    SkipReason.BLOCKED_BY_PERSON,
    SkipReason.CLOSED_UNRESOLVED,
    SkipReason.QUARANTINED,
}


def blocked_page(now: Glance) -> str:
    ways = unblocked(now.around.items, now.around.waits)
    stuck = [(item, skip) for item, skip in now.selection.skipped.items() if skip.reason in _STUCK]
    stuck.sort(key=lambda one: (-ways.get(one[0], 0), natural(one[0])))
    return "\n".join([
        *now.title("Blocked"),
        "What others wait for comes first. An item runs again when what it asks for changes: edit",
        "it, or raise its `reopen` (`pawl retry ID`).",
        "",
        *table(
            ("item", "in the way of", "reason", "title", "why", "story"),
            (_row(now, item, skip, ways.get(item, 0)) for item, skip in stuck),
            count=len(stuck), most=now.most, more="`pawl explain` shows all",
        ),
        "",
    ])  # fmt: skip


def _row(now: Glance, item: ItemId, skip: Skip, ways: int) -> tuple[str, ...]:
    filed = now.scene.backlog.items[item]
    past = now.scene.closed.get(item, ())
    story = f"[{past[-1].mission}]({now.folder(past[-1].mission)}/RESULTS.md)" if past else ""
    title = plain(filed.item.title)
    return code(item), str(ways or ""), skip.reason, title, plain(skip.why), story
