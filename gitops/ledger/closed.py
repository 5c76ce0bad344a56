"""Closed missions, looked up by id in the tree at the tip of the ledger branch.

A lookup reads four small trees, however many missions there are. Each function takes the ledger
commit to read at, so that one decision can read everything at one commit.
"""

from collections.abc import Iterator
from itertools import count

import pygit2

from gitops import objects, refs
from gitops.ledger import dossier, reading
from gitops.ledger.reading import BrokenDossierError, Page, Trust
from gitops.objects import TREE_MODE, DamagedObjectError, MissingObjectError
from gitops.remembered import Entries
from gitops.repository import Store
from policy.ids import CommitId, ItemId, MissionId, TreeId, mission_of


def closed_of(
    store: Store, item: ItemId, *, ledger: CommitId | None = None, at_least: int = 1
) -> MissionId | None:
    """Return the last closed mission of *item*, None if there is none.

    Missions of an item are numbered without gaps; *at_least* is a number up to which to look
    all the same.
    """
    return Closed(store, ledger).last_of(item, at_least=at_least)


class Closed:
    """The closed missions at one commit of the ledger, for whoever asks about many items.

    Folders of folders are read once: an item without any mission costs next to nothing.
    """

    def __init__(self, store: Store, ledger: CommitId | None = None) -> None:
        self._store = store
        root = _root(store, ledger)
        top = None if root is None else dossier.find(store, root, "missions")
        self._top = {} if top is None else objects.read_tree(store, top[1])
        self._outer: dict[str, Entries] = {}

    def last_of(self, item: ItemId, *, at_least: int = 1) -> MissionId | None:
        """Return what `closed_of` returns."""
        last = None
        for ordinal in count(1):
            mission = mission_of(item, ordinal)
            if self._holds(mission):
                last = mission
            elif ordinal >= at_least:
                return last
        raise AssertionError  # count() does not end

    def _holds(self, mission: MissionId) -> bool:
        # A person may ask for any text: a name with slashes is the name of no mission.
        _, first, second, name = dossier.shard(mission).encode().split(b"/", 3)
        _, oid = self._top.get(first, _NOTHING)
        if not oid:
            return False
        if oid not in self._outer:
            self._outer[oid] = objects.read_tree(self._store, oid)
        _, oid = self._outer[oid].get(second, _NOTHING)
        return bool(oid) and name in objects.read_tree(self._store, oid)


def is_closed(store: Store, mission: MissionId, *, ledger: CommitId | None = None) -> bool:
    return _dossier(store, mission, ledger) is not None


def read_closed(
    store: Store, mission: MissionId, *, trusted: str | None, ledger: CommitId | None = None
) -> Page | None:
    """Return the facts of a closed mission, None if it is not closed.

    Verified by the signature of the ledger's tip. Raises `BrokenDossierError`.
    """
    tip = ledger or refs.read(store, refs.LEDGER)
    if tip is None:
        return None
    try:
        tree = _dossier(store, mission, tip)
        if tree is None:
            return None
        verified, why = reading.trust(objects.read_object(store, tip, "commit"), trusted)
        foreign = verified is Trust.FOREIGN
        records = () if foreign else reading.read_facts(store, mission, tip, tree)
    except (MissingObjectError, DamagedObjectError) as error:
        raise BrokenDossierError(mission, tip, str(error)) from error
    return Page(mission, tip, records, verified, tree, why)


def read_closed_file(
    store: Store, mission: MissionId, path: str, *, ledger: CommitId | None = None
) -> bytes | None:
    """Return one file of a closed mission's dossier: `summary.json`."""
    tree = _dossier(store, mission, ledger)
    return None if tree is None else dossier.read_file(store, tree, path)


def closed_missions(store: Store, *, ledger: CommitId | None = None) -> Iterator[MissionId]:
    """Yield every closed mission, in the order of the shards."""
    for inner in _shards(store, ledger):
        for name in objects.read_tree(store, inner):
            yield MissionId(name.decode("utf-8", "surrogateescape"))


def count_closed(store: Store, *, ledger: CommitId | None = None) -> int:
    """Return how many missions are closed."""
    return sum(objects.count_entries(store, inner) for inner in _shards(store, ledger))


def _shards(store: Store, ledger: CommitId | None) -> Iterator[str]:
    """Yield the folders that dossiers lie in."""
    root = _root(store, ledger)
    top = None if root is None else dossier.find(store, root, "missions")
    if top is None:
        return
    for _, outer in objects.read_tree(store, top[1]).values():
        for _, inner in objects.read_tree(store, outer).values():
            yield inner


def order_of_closing(store: Store, *, ledger: CommitId | None = None) -> Iterator[MissionId]:
    """Yield every closed mission, the newest first; reads each commit of the ledger branch.

    For showing, and for what was closed lately: what a mission is, its tree tells.
    """
    tip = ledger or refs.read(store, refs.LEDGER)
    while tip is not None:
        commit = store.repo[tip].peel(pygit2.Commit)
        tip = CommitId(str(commit.parent_ids[0])) if commit.parent_ids else None
        yield from _added(store, _root(store, tip) if tip else None, TreeId(str(commit.tree_id)))


def changed_between(store: Store, old: CommitId, new: CommitId) -> Iterator[MissionId]:
    """Yield the missions whose dossiers differ at two commits of the ledger branch.

    Reads the folders on the way to what differs, however far apart the commits are.
    """
    was, now = _missions_of(store, old), _missions_of(store, new)
    if was != now:
        yield from _differing(store, was, now)


def _missions_of(store: Store, ledger: CommitId) -> tuple[int, str]:
    root = _root(store, ledger)
    found = None if root is None else dossier.find(store, root, "missions")
    return _NOTHING if found is None else found


def _differing(
    store: Store, old: tuple[int, str], new: tuple[int, str], depth: int = 1
) -> Iterator[MissionId]:
    rows = [
        objects.read_tree(store, oid) if mode == TREE_MODE and oid else {}
        for mode, oid in (old, new)
    ]
    for name in sorted(rows[0].keys() | rows[1].keys()):
        was, now = (side.get(name, _NOTHING) for side in rows)
        if was == now:
            continue
        if depth == _SHARDS:
            yield MissionId(name.decode("utf-8", "surrogateescape"))
        else:
            yield from _differing(store, was, now, depth + 1)


_NOTHING = (TREE_MODE, "")
"""Stands for a folder that is not there."""


def _added(
    store: Store, before: TreeId | None, after: TreeId, depth: int = 0
) -> Iterator[MissionId]:
    """Yield the names three folders down (`missions/<hh>/<hh>/`) that are new in *after*."""
    old = {} if before is None else objects.read_tree(store, before)
    for name, (mode, oid) in objects.read_tree(store, after).items():
        known = old.get(name)
        if depth == _SHARDS and known is None:
            yield MissionId(name.decode("utf-8", "surrogateescape"))
        elif depth < _SHARDS and mode == TREE_MODE and known != (mode, oid):
            yield from _added(
                store, None if known is None else TreeId(known[1]), TreeId(oid), depth + 1
            )


_SHARDS = 3
"""Folders above a dossier: see `dossier.shard`."""


def _dossier(store: Store, mission: MissionId, ledger: CommitId | None) -> TreeId | None:
    root = _root(store, ledger)
    found = None if root is None else dossier.find(store, root, dossier.shard(mission))
    return TreeId(found[1]) if found is not None and found[0] == TREE_MODE else None


def _root(store: Store, ledger: CommitId | None) -> TreeId | None:
    tip = ledger or refs.read(store, refs.LEDGER)
    return None if tip is None else reading.tree_of(objects.read_object(store, tip, "commit"))
