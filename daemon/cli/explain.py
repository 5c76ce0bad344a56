"""The commands `explain` and `once --dry-run`: for every item, why it runs next or does not."""

from pathlib import Path

from daemon.cli import output
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.hub import offline
from daemon.cli.place import Place, open_place, target_of, tip_of
from daemon.cli.scenery import BrokenPolicyError, Scenery, scenery
from daemon.cli.status import tell
from daemon.clock import rfc3339
from policy.backlog.conditions import said
from policy.backlog.rank import natural
from policy.backlog.reasons import Skip, SkipReason
from policy.ids import ItemId


def explain(start: Path, name: str | None, *, as_json: bool) -> Exit:
    """Print why each item, or the item *name*, runs next or does not."""
    place = open_place(start)
    try:
        found = scenery(place, tip_of(place, target_of(place)))
    except BrokenPolicyError:
        return tell(place, as_json=as_json)  # no item runs; what stands is all that can be told
    if name is not None:
        _one(place, found, ItemId(name.partition("@")[0]), as_json=as_json)
        return Exit.OK
    if as_json:
        output.dump({"schema": 1, "items": {item: _object(found, item) for item in _items(found)}})
    else:
        output.table(("item", "", "why"), [_row(found, item) for item in _items(found)])
        if place.doubt:
            output.warn(place.doubt)
    return Exit.OK


def dry_run(start: Path, *, as_json: bool) -> Exit:
    """Print what `once` would open first; write nothing anywhere."""
    place = open_place(start)
    found = scenery(place, tip_of(place, target_of(place)))
    if as_json:
        output.dump(
            {
                "schema": 1,
                "missions": [],
                "skipped": {
                    item: skip.reason
                    for item, skip in found.selection.skipped.items()
                    if item not in found.selection.unobserved
                },
                "would_open": list(found.selection.order),
                "conditions": {
                    item: {said(one): "not_evaluated" for one in conditions}
                    for item, conditions in found.selection.unobserved.items()
                },
            }
        )
    else:
        for item in _items(found):
            output.say("  ".join(_row(found, item)))
    return Exit.INVALID if found.scene.backlog.bad else Exit.OK


def _items(found: Scenery) -> list[ItemId]:
    """Return every item: what opens first, then what waits for an observation, then the rest."""
    rest = [item for item in found.selection.skipped if item not in found.selection.unobserved]
    return [*found.selection.order, *found.selection.unobserved, *sorted(rest, key=natural)]


def _row(found: Scenery, item: ItemId) -> tuple[str, str, str]:
    if item in found.selection.order:
        return item, "next", _title(found, item)
    if item in found.selection.unobserved:
        asked = ", ".join(said(one) for one in found.selection.unobserved[item])
        return item, "not_evaluated", f"opens if: {asked}"
    skip = found.selection.skipped[item]
    until = f"; until {rfc3339(skip.retry_at)}" if skip.retry_at else ""
    asks, rest = found.asks.get(item), found.rests.get(item)
    held = f"; {asks.words}" if asks else f"; {rest.words}: {rest.why}" if rest else ""
    return item, skip.reason.value, f"{skip.why}{until}{held}"


def _title(found: Scenery, item: ItemId) -> str:
    filed = found.scene.backlog.items.get(item)
    return filed.item.title if filed else ""


def _object(found: Scenery, item: ItemId) -> dict[str, object]:
    if item in found.selection.order:
        return {"state": "next", "rank": found.selection.order.index(item) + 1}
    if item in found.selection.unobserved:
        asked = found.selection.unobserved[item]
        return {"state": "skipped", "conditions": {said(one): "not_evaluated" for one in asked}}
    skip: Skip = found.selection.skipped[item]
    until = rfc3339(skip.retry_at) if skip.retry_at else None
    rest = found.rests.get(item)
    asks = found.asks.get(item)
    return {
        "state": "skipped",
        "reason": skip.reason,
        "why": skip.why,
        "retry_at": until,
        **({"rests": {"reason": rest.reason, "why": rest.why}} if rest else {}),
        **({"asks": asks.as_json()} if asks else {}),
    }


def _one(place: Place, found: Scenery, item: ItemId, *, as_json: bool) -> None:
    if item not in _items(found):
        raise _unknown(place, item)
    if as_json:
        output.dump({"schema": 1, "items": {item: _object(found, item)}})
        return
    _, state, why = _row(found, item)
    output.say(f"{item}: {_title(found, item)}" if _title(found, item) else item)
    output.say(f"  {state}: {why}")
    filed = found.scene.backlog.items.get(item)
    if filed is not None:
        output.say(f"  file      {filed.path}", f"  spec      {filed.spec}")
    if item not in found.selection.order and _ran(found, item):
        output.say(f"  story     pawl show {item}")


def _unknown(place: Place, item: ItemId) -> RefusedError:
    why = ["the backlog at the target's tip has no item of that id"]
    then = "`pawl explain` lists those there are. Is it committed to the target?"
    behind = offline(place)
    if behind is not None:
        why.append(f"what the hub has may not be here yet: {behind}")
        then = "Mend that; the target here follows by itself. Or is it not at the hub either?"
    return RefusedError(Exit.NOT_FOUND, attempted="explain", on=item, why=tuple(why), then=then)


def _ran(found: Scenery, item: ItemId) -> bool:
    skip = found.selection.skipped.get(item)
    told = {SkipReason.RUNNING, SkipReason.DONE, SkipReason.CLOSED_UNRESOLVED}
    return skip is not None and skip.reason in told | {SkipReason.QUARANTINED}
