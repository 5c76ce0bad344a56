"""The native backlog of a commit: `backlog/**/<id>.yaml`, one item a file, any sub-folders.

Everything that lies there and may be meant as an item is in the answer, as an item or as a bad one
with its reason; what is not read is never silently left out.
"""

import pygit2

from gitops import objects
from gitops.intake.shelf import Effort, Limits, Reader, Shelf, bad
from gitops.repository import Store
from policy.backlog.crew import Crew
from policy.backlog.graph import Backlog, Filed, assemble, replaced
from policy.backlog.parse import BadItem
from policy.ids import CommitId, TreeId

_FOLDER = 0o040000


class Intake:
    """Remembers the backlog it read last, to read only what changed; owned by one thread."""

    def __init__(self, *, max_bytes: int = 1024**2, max_depth: int = 32) -> None:
        self.effort = Effort()
        """What the last `read` cost."""
        self._limits = Limits(max_bytes, max_depth)
        self._shelf: Shelf | None = None
        self._last: tuple[str, str, Crew, Backlog] | None = None

    def read(self, store: Store, at: CommitId | TreeId, folder: str, crew: Crew) -> Backlog:
        """Return the backlog in *folder* of a commit or its tree; no folder is an empty backlog.

        Raises `KeyError` where there is no such commit, `MissingObjectError` or
        `DamagedObjectError` where the repository lacks a tree; a blob it lacks makes a bad item.
        """
        self.effort = Effort()
        found = _find(store, at, folder)
        if isinstance(found, BadItem):
            return Backlog(items={}, bad=(found,))
        if found is None:
            return Backlog(items={}, bad=())
        if self._last is not None and self._last[:3] == (found, folder, crew):
            return self._last[3]
        backlog = self._assembled(store, found, folder, crew)
        self._last = (found, folder, crew, backlog)
        return backlog

    def _assembled(self, store: Store, tree: str, folder: str, crew: Crew) -> Backlog:
        last = self._last if self._last is not None and self._last[1] == folder else None
        before = self._shelf if last is not None else None
        reader = Reader(store, self._limits, self.effort)
        self._shelf = reader.shelf(tree, folder, before)
        if last is not None and last[2] == crew and not reader.changes.more:
            quick = replaced(last[3], reader.changes.replaced, crew)
            if quick is not None:
                return quick
        entries = [*self._shelf.entries()]
        return assemble(
            [entry for entry in entries if isinstance(entry, Filed)],
            [entry for entry in entries if isinstance(entry, BadItem)],
            crew,
        )


def _find(store: Store, at: CommitId | TreeId, folder: str) -> str | BadItem | None:
    """Return the tree of *folder*, None where there is nothing at that path."""
    tree = str(store.repo[at].peel(pygit2.Tree).id)
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
