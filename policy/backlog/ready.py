"""Whether an item's conditions let it run: what stands in the way, and what was not observed yet.

An obstacle is in the way whichever way it is asked: a condition that could not be observed neither
holds nor fails to hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from policy.backlog.conditions import (
    After,
    Answer,
    Approved,
    Check,
    Condition,
    ItemDone,
    PathAbsent,
    PathExists,
    name_of,
    said,
)
from policy.backlog.outline import Outline
from policy.backlog.scene import Scene
from policy.ids import ItemId


@dataclass(frozen=True)
class Obstacle:
    why: str
    retry_at: datetime | None = None


def obstacles(item: Outline, scene: Scene) -> Iterator[Obstacle]:
    """Yield what is known to be in the way of *item*, approvals aside."""
    for condition, wanted in _asked(item):
        answer = _answer(condition, scene)
        if answer is not None and answer != wanted:
            yield _obstacle(condition, wanted, answer, scene.today)


def unobserved(item: Outline, scene: Scene) -> tuple[Condition, ...]:
    """Return the conditions of *item* that have no answer yet."""
    return tuple(one for one, _ in _asked(item) if _answer(one, scene) is None)


def unapproved(item: Outline, scene: Scene) -> tuple[Approved, ...]:
    """Return the approvals *item* waits for; one not looked for is one not given."""
    return tuple(
        one
        for one in item.ready_when
        if isinstance(one, Approved) and scene.answers.get(name_of(one)) != "holds"
    )


def _asked(item: Outline) -> Iterator[tuple[Condition, Answer]]:
    for condition in item.ready_when:
        if not isinstance(condition, Approved):
            yield condition, "holds"
    for condition in item.not_ready_when:
        yield condition, "does_not_hold"


def _answer(condition: Condition, scene: Scene) -> Answer | None:
    match condition:
        case ItemDone(item_done=item):
            filed = scene.backlog.items.get(ItemId(item))
            return _holds(filed is not None and filed.item.status == "done")
        case After(after=day):
            return _holds(scene.today > day)
        case PathExists() | PathAbsent() | Check() | Approved():
            return scene.answers.get(name_of(condition))


def _holds(answer: bool) -> Answer:  # noqa: FBT001 - the one thing it is about
    return "holds" if answer else "does_not_hold"


def _obstacle(condition: Condition, wanted: Answer, answer: Answer, today: date) -> Obstacle:
    if answer == "broken":
        return Obstacle(f"`{said(condition)}` could not be observed")
    must = "must hold and does not" if wanted == "holds" else "must not hold and does"
    return Obstacle(f"`{said(condition)}` {must}", _over(condition, today))


def _over(condition: Condition, today: date) -> datetime | None:
    """Return the first moment at which *condition* answers otherwise, None where time does not."""
    if not isinstance(condition, After) or today > condition.after:
        return None
    if condition.after == date.max:
        return None
    return datetime.combine(condition.after + timedelta(days=1), time(), UTC)
