"""Selection: which items are opened next, and for each other one why not.

Pure: one scene, one selection. What it names as `unobserved` is to be observed and told, and then
it is asked again; until then such an item keeps its place in the order, so that who is opened does
not depend on how fast a command answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policy.backlog.conditions import Condition, said
from policy.backlog.graph import Filed
from policy.backlog.reasons import Skip, SkipReason, counts, listed
from policy.backlog.scene import Open, Scene
from policy.backlog.skips import Pending, Surroundings, first, overlap
from policy.ids import Digest, ItemId, mission_of
from policy.mission.facts import SelectionRecord


@dataclass(frozen=True)
class Selection:
    order: tuple[ItemId, ...]
    """Items to open now, first first; no more than there are free places."""
    skipped: Mapping[ItemId, Skip]
    """Every other item, unreadable files included."""
    unobserved: Mapping[ItemId, tuple[Condition, ...]]
    """Conditions to observe next, by the item that would be opened if they allow it."""

    @cached_property
    def invalid(self) -> bool:
        """Whether a file of the backlog cannot be read."""
        return any(skip.reason is SkipReason.INVALID for skip in self.skipped.values())

    def record(self, item: ItemId, digest: Digest) -> SelectionRecord:
        """Return what the mission of *item* records of its selection from the scene *digest*."""
        rank = self.order.index(item) + 1
        return SelectionRecord(digest=digest, rank=rank, counts=counts(self.skipped.values()))


def select(scene: Scene) -> Selection:
    """Return what to open now in *scene*."""
    surroundings = Surroundings(scene)
    skipped = dict(_invalid(scene))
    ready: list[Filed] = []
    pending: dict[ItemId, tuple[Condition, ...]] = {}
    for name, one in scene.backlog.items.items():
        skip = first(one, surroundings)
        if skip is None:
            ready.append(one)
        elif isinstance(skip, Pending):
            ready.append(one)
            pending[name] = skip.conditions
        else:
            skipped[name] = skip
    return _chosen(surroundings.ranked(ready), pending, skipped, scene)


def _invalid(scene: Scene) -> Iterator[tuple[ItemId, Skip]]:
    whys: dict[ItemId, list[str]] = {}
    for one in scene.backlog.bad:
        whys.setdefault(one.item, []).append(str(one))
    for name, why in whys.items():
        yield name, Skip(SkipReason.INVALID, "; ".join(why))


def _chosen(
    ranked: list[Filed],
    pending: Mapping[ItemId, tuple[Condition, ...]],
    skipped: dict[ItemId, Skip],
    scene: Scene,
) -> Selection:
    places = scene.policy.selection.max_agents
    free = max(0, places - len(scene.running))
    ahead: list[Filed] = []
    capped: Skip | None = None
    for one in ranked:
        name = one.item.item_id
        if len(ahead) >= free:
            capped = capped or Skip(SkipReason.CAP, _busy(places, scene, ahead))
            skipped[name] = capped
        elif (shared := overlap(one.item.write_scope, tuple(map(_opened, ahead)))) is not None:
            why = f"may write what {shared.mission} may write, which is opened first"
            skipped[name] = Skip(SkipReason.SCOPE_OVERLAP, why)
        else:
            ahead.append(one)
    names = [one.item.item_id for one in ahead]
    asked = {name: pending[name] for name in names if name in pending}
    skipped |= {name: _unobserved(conditions) for name, conditions in asked.items()}
    return Selection(tuple(name for name in names if name not in asked), skipped, asked)


def _opened(one: Filed) -> Open:
    return Open(mission_of(one.item.item_id, 1), one.item.write_scope)


def _unobserved(conditions: tuple[Condition, ...]) -> Skip:
    names = listed([f"`{said(one)}`" for one in conditions])
    return Skip(SkipReason.NOT_READY, f"not observed yet: {names}")


def _busy(places: int, scene: Scene, chosen: list[Filed]) -> str:
    names = [*(one.mission for one in scene.running), *(one.item.id for one in chosen)]
    return f"selection.max_agents is {places}, and before it comes {listed(names)}"
