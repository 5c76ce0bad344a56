"""Whether an item's past lets it run again (DESIGN 5.2).

    the last mission ended       the item runs again
    PASS                         with a changed spec (raise `reopen`)
    BLOCKED, its own fault       with a changed spec; or a changed policy, if policy says so
    BLOCKED, not its fault       the same, or after selection.environment_backoff_s
    CANCELLED by a person        with a changed spec
    CANCELLED otherwise          at once: what cancelled it is over

Whatever ended last: as many BLOCKED endings with one spec hash as policy allows, by the item's own
fault, and it is quarantined until the spec changes.
"""

from datetime import datetime

from policy.backlog.graph import Filed
from policy.backlog.reasons import Skip, SkipReason
from policy.backlog.scene import Closing, Scene
from policy.rules.outcomes import Reason


def unresolved(one: Filed, scene: Scene) -> Skip | None:
    """Return why the end of the item's last mission stands in its way."""
    closed = scene.closed.get(one.item.item_id, ())
    if not closed or closed[-1].spec != one.spec:
        return None
    last = closed[-1]
    match last.outcome:
        case "PASS":
            return _skip(f"{last.mission} ended with PASS ({last.reason})", one)
        case "CANCELLED":
            if last.reason is not Reason.BY_PERSON:
                return None
            return _skip(f"{last.mission} was cancelled by a person", one)
        case "BLOCKED":
            return _blocked(last, one, scene)


def quarantined(one: Filed, scene: Scene) -> Skip | None:
    """Return why the item is not tried again as it is, however it came to be allowed."""
    failed = [
        past
        for past in scene.closed.get(one.item.item_id, ())
        if past.outcome == "BLOCKED" and past.origin == "item" and past.spec == one.spec
    ]
    most = scene.policy.selection.quarantine_after
    if len(failed) < most:
        return None
    why = f"failed {len(failed)} times as it is (selection.quarantine_after is {most})"
    return Skip(SkipReason.QUARANTINED, f"{why}; change the item, or raise its `reopen`")


def _blocked(last: Closing, one: Filed, scene: Scene) -> Skip | None:
    rules = scene.policy.selection
    if rules.rerun_on_policy_change and last.policy != scene.policy_digest:
        return None
    if last.origin is None or last.origin == "item":
        return _skip(f"{last.mission} ended with BLOCKED ({last.reason})", one)
    again = scene.again(last)
    if scene.now >= again:
        return None
    why = f"{last.mission} ended with BLOCKED ({last.reason}) by no fault of the item"
    return _skip(why, one, again)


def _skip(why: str, one: Filed, again: datetime | None = None) -> Skip:
    how = f"it runs again at {again.isoformat()}, or" if again is not None else "it runs again"
    text = f"{why}; {how} when its spec changes: raise `reopen` above {one.item.reopen}"
    return Skip(SkipReason.CLOSED_UNRESOLVED, text, again)
