"""The governed parts of a tree, so that two trees are compared without reading what is equal.

`.pawl/PAUSE` is not governed: whoever can push may stop the wheel. Where the trust file says so,
taking it away is (`Governed.unpause`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitops.objects import TREE_MODE, format_tree, read_tree
from gitops.packs import object_id
from gitops.people.state import State
from gitops.repository import Store
from gitops.tree.diff import entries_between
from policy.change import Entry
from policy.ids import TreeId
from policy.people.reading import FOLDER
from policy.people.roles import APPROVER, BACKLOG, POLICY, Role

PAWL = ".pawl"
_PAUSE = b"PAUSE"
_Place = tuple[int, str] | None
_NOTHING = TreeId("")  # of which `entries_between` reads nothing


@dataclass(frozen=True)
class Governed:
    """What the trust file adds to what is always governed."""

    backlog: bool = False
    unpause: bool = False


@dataclass(frozen=True)
class Areas:
    """The governed parts of one tree: mode and id by path, and whether it is paused.

    `.pawl` is that folder without PAUSE; its id need not be one of an object that exists.
    """

    places: tuple[tuple[str, _Place], ...]
    paused: bool

    def at(self, path: str) -> _Place:
        return next((place for name, place in self.places if name == path), None)


@dataclass
class Reader:
    """Reads areas of one repository; what was read last is kept, as neighbours share trees."""

    store: Store
    governed: Governed
    _kept: dict[tuple[str, tuple[str, ...]], Areas] = field(default_factory=dict)
    _pawl: dict[str, tuple[_Place, bool]] = field(default_factory=dict)

    def areas(self, tree: TreeId, state: State) -> Areas:
        """Return the governed parts of *tree*; raises as `read_tree` does."""
        backlog = state.governing.backlog if self.governed.backlog else ()
        found = self._kept.get((tree, backlog))
        if found is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
                self._pawl.clear()
            found = self._kept[tree, backlog] = self._areas(tree, backlog)
        return found

    def _areas(self, tree: TreeId, backlog: tuple[str, ...]) -> Areas:
        top = read_tree(self.store, tree)
        pawl, paused = self._without_pause(top.get(PAWL.encode()))
        places: list[tuple[str, _Place]] = [(PAWL, pawl), (FOLDER, top.get(FOLDER.encode()))]
        places.extend((path, self._entry(tree, path)) for path in backlog)
        return Areas(tuple(places), paused)

    def _without_pause(self, pawl: _Place) -> tuple[_Place, bool]:
        if pawl is None or pawl[0] != TREE_MODE:
            return pawl, False
        if pawl[1] not in self._pawl:
            inside = read_tree(self.store, pawl[1])
            paused = inside.pop(_PAUSE, None) is not None
            left = object_id("tree", format_tree(inside)).hex() if paused else pawl[1]
            self._pawl[pawl[1]] = ((TREE_MODE, left) if inside else None), paused
        return self._pawl[pawl[1]]

    def _entry(self, tree: TreeId, path: str) -> _Place:
        mode, oid = TREE_MODE, str(tree)
        for name in path.encode().split(b"/"):
            found = read_tree(self.store, oid).get(name) if mode == TREE_MODE else None
            if found is None:
                return None
            mode, oid = found
        return mode, oid

    def waivers_between(self, old: Areas, new: Areas) -> tuple[Entry, ...]:
        """Return what differs in `waivers/`, by path below it."""
        before, after = old.at(FOLDER), new.at(FOLDER)
        if before == after:
            return ()
        return entries_between(self.store, _tree(before), _tree(after))


_KEPT = 4096
"""Bounds the memory of a long walk; nothing is decided by it."""


def roles_for(old: Areas, new: Areas, governed: Governed) -> frozenset[Role]:
    """Return the roles it takes to get from *old* to *new*."""
    found = set[Role]()
    for path in {path for path, _ in (*old.places, *new.places)}:
        if old.at(path) != new.at(path):
            found.add({PAWL: POLICY, FOLDER: APPROVER}.get(path, BACKLOG))
    if governed.unpause and old.paused and not new.paused:
        found.add(POLICY)
    return frozenset(found)


def only_adds(entries: Iterable[Entry], areas: Areas) -> bool:
    """Return whether *entries* of `waivers/`, which *areas* has, take nothing away."""
    place = areas.at(FOLDER)
    is_folder = place is None or place[0] == TREE_MODE
    return is_folder and all(entry.old is None for entry in entries)


def _tree(place: _Place) -> TreeId:
    return TreeId(place[1]) if place is not None and place[0] == TREE_MODE else _NOTHING
