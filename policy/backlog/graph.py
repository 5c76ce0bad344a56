"""Items beside each other: ids that clash, names of items there are not, circles of waiting.

What a file alone cannot know. Each item involved becomes a bad one with a sentence that names the
others; an item that only waits for a bad one is no worse for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from policy.backlog.conditions import ItemDone
from policy.backlog.crew import Crew, played, unplayable
from policy.backlog.outline import Outline
from policy.backlog.parse import BadItem, where
from policy.ids import BlobId, ItemId, SpecHash
from policy.problems import Problem, first


@dataclass(frozen=True, slots=True)
class Filed:
    """An item in a commit: *blob* is its file's content, *spec* what it asks for.

    *lines*: where those of `outline.LINES` are that it has; *entry* and *held* as in `Written`.
    """

    path: str
    item: Outline
    lines: Mapping[str, int]
    blob: BlobId
    spec: SpecHash
    entry: int = field(default=0, kw_only=True)
    held: str | None = field(default=None, kw_only=True)

    @property
    def where(self) -> str:
        return where(self.path, self.entry)


@dataclass(frozen=True)
class Backlog:
    """All of a commit's backlog: nothing that lies there is in neither of the two."""

    items: Mapping[ItemId, Filed]
    bad: tuple[BadItem, ...]
    """Sorted by path."""


def assemble(filed: Iterable[Filed], bad: Iterable[BadItem], crew: Crew) -> Backlog:
    """Return the backlog that the readable files *filed* and the others *bad* are together."""
    rows, refused = sorted(filed, key=_place), [*bad]
    found: dict[str, list[Problem]] = defaultdict(list)
    known = {one.item.id for one in rows} | {one.item for one in refused}
    by_id = {one.item.item_id: one for one in rows}
    for one, key, text in (
        *_clashing(rows, refused),
        *_unknown(rows, known),
        *_circles(by_id),
        *_unmanned(rows, crew),
    ):
        line = one.lines.get(key, one.entry or 1)
        found[one.where].append(Problem(line, 0, f"{key}: {text}"))
    refused += [
        BadItem(one.path, first(found[one.where]), one.item.id, one.entry)
        for one in rows
        if one.where in found
    ]
    return Backlog(
        items={one.item.item_id: one for one in rows if one.where not in found},
        bad=tuple(sorted(refused, key=_place)),
    )


def _place(one: Filed | BadItem) -> tuple[str, int]:
    return one.path, one.entry


def changed(
    before: Backlog,
    crew: Crew,
    *,
    replaced: Sequence[tuple[Filed, Filed]],
    added: Sequence[Filed],
    removed: Sequence[Filed],
) -> Backlog | None:
    """Return *before* with some items others than they were, without looking at the rest.

    None where that does not do: an item is bad or was, names other items than it did, or other
    items may stand otherwise beside it. `assemble` answers then, and would have answered the same.
    """
    moved = {one.item.id for one in added} & {one.item.id for one in removed}
    if moved or ((added or removed) and before.bad):
        return None
    items = dict(before.items)
    for one in removed:
        if items.pop(one.item.item_id, None) is not one:
            return None
    for old, new in replaced:
        name = new.item.item_id
        same = items.get(name) is old and [*_links(old.item)] == [*_links(new.item)]
        if not same or [*_unmanned([new], crew)]:
            return None
        items[name] = new
    if added and not _fit(added, items, crew):
        return None
    gone = {one.item.id for one in removed}
    if gone and any(name in gone for one in items.values() for _, name in _named(one.item)):
        return None
    items.update((one.item.item_id, one) for one in added)
    return Backlog(items, before.bad)


def _fit(added: Sequence[Filed], items: Mapping[ItemId, Filed], crew: Crew) -> bool:
    """Tell whether new items are good beside *items* and wait for those alone.

    No item that was good names one that was not there, so nothing waits for a new item and no
    circle goes through it, unless it says itself what it is in the way of.
    """
    if any(one.item.unblocks for one in added) or [*_unmanned(added, crew)]:
        return False
    if any(name not in items for one in added for _, name in _named(one.item)):
        return False
    taken = {name.lower() for name in items}
    new = [one.item.id.lower() for one in added]
    return len({*new}) == len(new) and taken.isdisjoint(new)


Finding = tuple[Filed, str, str]
"""The item at fault, its key, a sentence."""


def needs(items: Mapping[ItemId, Outline]) -> dict[ItemId, tuple[ItemId, ...]]:
    """Return what each item that is blocked is blocked by, whichever file says so, sorted."""
    waits: dict[ItemId, set[ItemId]] = defaultdict(set)
    for name, item in items.items():
        if item.blocked_by:
            waits[name].update(map(ItemId, item.blocked_by))
        for other in item.unblocks:
            waits[ItemId(other)].add(name)
    return {name: tuple(sorted(others)) for name, others in waits.items()}


def _clashing(rows: Sequence[Filed], refused: Sequence[BadItem]) -> Iterator[Finding]:
    ids = [*(row.item.id.lower() for row in rows), *(b.item.lower() for b in refused)]
    if len({*ids}) == len(ids):
        return
    alike: dict[str, list[str]] = defaultdict(list)
    places = (*(row.where for row in rows), *(b.where for b in refused))
    for name, place in zip(ids, places, strict=True):
        alike[name].append(place)
    for one in rows:
        others = [place for place in alike[one.item.id.lower()] if place != one.where]
        if others:
            yield one, "id", f"{one.item.id} is also (case aside) the id of {', '.join(others)}"


def _unknown(rows: Sequence[Filed], known: set[str]) -> Iterator[Finding]:
    for one in rows:
        for key, name in _named(one.item):
            if name not in known:
                yield one, key, f"there is no item {name}"


def _named(item: Outline) -> Iterator[tuple[str, str]]:
    yield from (("blocked_by", name) for name in item.blocked_by)
    yield from (("unblocks", name) for name in item.unblocks)
    for key, conditions in (
        ("ready_when", item.ready_when),
        ("not_ready_when", item.not_ready_when),
    ):
        for condition in conditions:
            if isinstance(condition, ItemDone):
                yield key, condition.item_done


def _links(item: Outline) -> Iterator[tuple[str, str]]:
    """Yield all of *item* that another item can be right or wrong beside."""
    yield "id", item.id
    yield from _named(item)


def _unmanned(rows: Sequence[Filed], crew: Crew) -> Iterator[Finding]:
    manned: set[tuple[object, ...]] = set()
    for one in rows:
        asked = played(one.item)
        if one.item.status != "todo" or one.item.slice == "umbrella" or asked in manned:
            continue
        faults = [*unplayable(one.item, crew)]
        if not faults:
            manned.add(asked)
        yield from ((one, key, text) for key, text in faults)


def _circles(by_id: Mapping[ItemId, Filed]) -> Iterator[Finding]:
    items = {name: one.item for name, one in by_id.items()}
    waits = needs(items)
    for name, item in items.items():
        done = {ItemId(c.item_done) for c in item.ready_when if isinstance(c, ItemDone)}
        if done:
            waits[name] = tuple(sorted({*waits.get(name, ()), *done}))
    for name, circle in circles(waits).items():
        if name in by_id:
            text = f"for ever: {' waits for '.join(circle)}"
            yield by_id[name], _key(items[name]), text


def _key(item: Outline) -> str:
    return "blocked_by" if item.blocked_by else "unblocks" if item.unblocks else "ready_when"


def circles(waits: Mapping[ItemId, Sequence[ItemId]]) -> dict[ItemId, tuple[ItemId, ...]]:
    """Return each item that waits for a circle which waits for it, and such a circle.

    The circle's first item is there again as its last. What merely waits for a circle is not
    in the answer: it runs once the circle is mended.
    """
    backwards: dict[ItemId, set[ItemId]] = defaultdict(set)
    for name, others in waits.items():
        for other in others:
            backwards[other].add(name)
    core = _unsorted(waits) & _unsorted(backwards)
    found: dict[ItemId, tuple[ItemId, ...]] = {}
    for start in sorted(core):
        name, path = start, dict[ItemId, None]()
        while name not in found and name not in path:
            path[name] = None
            name = next(other for other in waits[name] if other in core)
        walked = [*path]
        circle = found.get(name) or (*walked[walked.index(name) :], name)
        found.update(dict.fromkeys(path, circle))
    return found


def _unsorted(before: Mapping[ItemId, Iterable[ItemId]]) -> set[ItemId]:
    """Return what has no place in an order, because it comes after a circle or is in it."""
    sorter = TopologicalSorter(before)
    left = {*before, *(name for names in before.values() for name in names)}
    with suppress(CycleError):
        sorter.prepare()  # still hands out what comes before the circles
    while sorter.is_active():
        ready = sorter.get_ready()
        left.difference_update(ready)
        sorter.done(*ready)
    return left
