"""The backlog of a commit: `backlog/**/<id>.yaml`, one item a file, and the Markdown file.

Everything that lies there and may be meant as an item is in the answer, as an item or as a bad one
with its reason; what is not read is never silently left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pygit2

from gitops import objects
from gitops.intake import markdown
from gitops.intake.cache import ItemCache
from gitops.intake.markdown import Sheet
from gitops.intake.shelf import Effort, Limits, Reader, Shelf, bad
from gitops.repository import Store
from policy.backlog.crew import Crew
from policy.backlog.graph import Backlog, Filed, assemble, changed
from policy.backlog.parse import BadItem
from policy.ids import CommitId, TreeId

_FOLDER = 0o040000


@dataclass(frozen=True)
class _Places:
    """Where the backlog lies in one tree: ids stand for all that is read from them."""

    folder: str
    shelf: str | BadItem | None
    sheet_path: str | None
    sheet: markdown.Place | None


@dataclass(frozen=True)
class _Read:
    """What was read last: the places, what was found at each, and what that comes to."""

    places: _Places
    shelf: Shelf | None
    sheet: Sheet
    crew: Crew
    backlog: Backlog


class Intake:
    """Remembers the backlog it read last, to read only what changed; owned by one thread."""

    def __init__(
        self,
        *,
        max_bytes: int = 1024**2,
        max_depth: int = 32,
        cache: ItemCache | None = None,
    ) -> None:
        self.effort = Effort()
        """What the last `read` cost."""
        self._limits = Limits(max_bytes, max_depth)
        self._cache = cache
        self._last: _Read | None = None

    def read(
        self,
        store: Store,
        at: CommitId | TreeId,
        folder: str,
        crew: Crew,
        sheet: str | None = None,
    ) -> Backlog:
        """Return the backlog of a commit or its tree: *folder*, and the Markdown file *sheet*.

        Where neither is there it is empty. Raises `KeyError` where there is no such commit,
        `MissingObjectError` or `DamagedObjectError` where the repository lacks a tree; a blob it
        lacks makes a bad item.
        """
        self.effort = Effort()
        tree = str(store.repo[at].peel(pygit2.Tree).id)
        place = None if sheet is None else markdown.place_of(store, tree, sheet)
        places = _Places(folder, _find(store, tree, folder), sheet, place)
        last = self._last
        if last is None or (last.places, last.crew) != (places, crew):
            self._last = last = self._read(store, places, crew, last)
        return last.backlog

    def _read(self, store: Store, places: _Places, crew: Crew, last: _Read | None) -> _Read:
        if last is not None and _paths(last.places) != _paths(places):
            last = None
        reader = Reader(store, self._limits, self.effort, cache=self._cache)
        shelf = self._shelf(reader, places, last)
        if self._cache is not None:
            self._cache.settle()
        sheet = self._sheet(reader, places, last)
        backlog = None
        if last is not None and last.crew == crew and not reader.changes.more:
            changes = reader.changes
            backlog = changed(
                last.backlog,
                crew,
                replaced=changes.replaced,
                added=changes.added,
                removed=changes.removed,
            )
        if backlog is None:
            entries = (*_faults(places), *(shelf.entries() if shelf else ()), *sheet.entries)
            backlog = _assembled(entries, crew)
        return _Read(places, shelf, sheet, crew, backlog)

    def _shelf(self, reader: Reader, places: _Places, last: _Read | None) -> Shelf | None:
        before = last.shelf if last is not None else None
        if not isinstance(places.shelf, str):
            reader.changes.more |= last is not None and last.places.shelf != places.shelf
            return None
        reader.changes.more |= before is None
        return reader.shelf(places.shelf, places.folder, before)

    def _sheet(self, reader: Reader, places: _Places, last: _Read | None) -> Sheet:
        if places.sheet_path is None:
            return Sheet(None)
        if last is not None and last.sheet.place == places.sheet:
            return last.sheet
        found = markdown.read(
            reader.store, places.sheet_path, places.sheet, self._limits, reader.effort
        )
        if last is not None:
            markdown.note(reader.changes, last.sheet.entries, found)
        return Sheet(places.sheet, found)


def _paths(places: _Places) -> tuple[str, str | None]:
    return places.folder, places.sheet_path


def _faults(places: _Places) -> tuple[BadItem, ...]:
    return (places.shelf,) if isinstance(places.shelf, BadItem) else ()


def _assembled(entries: Sequence[Filed | BadItem], crew: Crew) -> Backlog:
    return assemble(
        [entry for entry in entries if isinstance(entry, Filed)],
        [entry for entry in entries if isinstance(entry, BadItem)],
        crew,
    )


def _find(store: Store, tree: str, folder: str) -> str | BadItem | None:
    """Return the tree of *folder*, None where there is nothing at that path."""
    path = ""
    for name in folder.strip("/").split("/"):
        path = f"{path}/{name}".lstrip("/")
        entry = objects.read_tree(store, tree).get(name.encode())
        if entry is None:
            return None
        mode, tree = entry
        if mode != _FOLDER:
            return bad(path, "is not a folder, but the backlog is to be one (policy: backlog)")
    return tree
