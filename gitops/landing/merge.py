"""The one merge engine: a mission's diff carried over to another tree, path by path.

Ids decide wherever only one side touched a path; the content of a file both sides changed is
merged by libgit2. Renames are never guessed. A file that both sides deleted is a conflict, although
the answer looks plain: it is what two different renames of one file look like from here.
"""

from dataclasses import dataclass

import pygit2
from pygit2.enums import MergeFlag, ObjectType

from gitops.objects import TREE_MODE, Batch, format_tree
from gitops.remembered import Entries
from gitops.scratch import scratch_folder
from gitops.tree.reading import GITLINK_MODE
from policy.ids import TreeId

_Side = tuple[int, str] | None
_Sides = tuple[_Side, _Side, _Side]


@dataclass(frozen=True)
class Merged:
    tree: TreeId


@dataclass(frozen=True)
class Conflicted:
    """*paths* are sorted, for people: bytes that are not UTF-8 are escaped."""

    paths: tuple[str, ...]


def transplant(batch: Batch, base: TreeId, ours: TreeId, theirs: TreeId) -> Merged | Conflicted:
    """Return *ours* with what changed from *base* to *theirs*; symmetric in the last two.

    Reads what the batch holds and writes into it only. Costs what the two sides changed.
    """
    carrying = _Carrying(batch)
    tree = carrying.folder(base, ours, theirs, b"")
    if carrying.conflicts:
        shown = (path.decode("utf-8", "backslashreplace") for path in carrying.conflicts)
        return Conflicted(tuple(sorted(shown)))
    return Merged(TreeId(tree or batch.tree({})))


class _Carrying:
    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.conflicts: list[bytes] = []

    def folder(
        self, base: str | None, ours: str | None, theirs: str | None, path: bytes
    ) -> str | None:
        """Return the id of the merged folder, None where nothing is left of it."""
        if base == theirs:
            return ours
        if base == ours:
            return theirs
        was, here, there = (self._read(side) for side in (base, ours, theirs))
        merged = dict(here)
        for name in was.keys() | there.keys():
            sides = (was.get(name), here.get(name), there.get(name))
            entry = self._entry(sides, path + name)
            if entry is None:
                merged.pop(name, None)
            else:
                merged[name] = entry
        if self.conflicts or not merged:
            return None
        return ours if ours is not None and merged == here else self._batch.tree(merged)

    def _read(self, tree: str | None) -> Entries:
        return self._batch.read_tree(tree) if tree is not None else {}

    def _entry(self, sides: _Sides, path: bytes) -> _Side:
        was, here, there = sides
        if was == there:
            return here
        if was == here:
            return there
        if all(side is None or side[0] == TREE_MODE for side in sides):
            tree = self.folder(_id(was), _id(here), _id(there), path + b"/")
            return (TREE_MODE, tree) if tree is not None else None
        merged = _agreed(sides) or self._content(sides)
        if merged is None:
            self.conflicts.append(path)
        return merged

    def _content(self, sides: _Sides) -> _Side:
        """Return the file that both sides' changes make, None where they contradict."""
        if sides[1] is None or sides[2] is None:
            return None
        if any(side is not None and side[0] in (TREE_MODE, GITLINK_MODE) for side in sides):
            return None
        merged = _merge_file(self._batch, sides)
        return (merged[0], self._batch.blob(merged[1])) if merged is not None else None


def _id(side: _Side) -> str | None:
    return side[1] if side is not None else None


def _agreed(sides: _Sides) -> _Side:
    """Return the file both sides made the same of a file or of nothing."""
    was, here, there = sides
    kept = was is None or was[0] != TREE_MODE
    return here if kept and here == there and here is not None and here[0] != TREE_MODE else None


def _merge_file(batch: Batch, sides: _Sides) -> tuple[int, bytes] | None:
    """Return mode and content as libgit2 merges one file, None for a conflict.

    In a repository of its own that is gone afterwards: libgit2 writes what it merges at once,
    loose and unsynced, and reads merge drivers from the attributes of the repository it is in.
    """
    with scratch_folder() as directory:
        repo = pygit2.init_repository(directory, bare=True)
        base, ours, theirs = (_tree_of_one(repo, batch, side) for side in sides)
        index = repo.merge_trees(base, ours, theirs, flags=MergeFlag(0))
        if index.conflicts is not None:
            return None
        entry = index[_NAME]
        _, content = repo.odb.read(entry.id)
        return int(entry.mode), content


def _tree_of_one(repo: pygit2.Repository, batch: Batch, side: _Side) -> pygit2.Tree:
    entries: Entries = {}
    if side is not None:
        blob = repo.odb.write(ObjectType.BLOB, batch.read_blob(side[1]))
        entries[_NAME.encode()] = (side[0], str(blob))
    tree = repo[repo.odb.write(ObjectType.TREE, format_tree(entries))]
    return tree.peel(pygit2.Tree)


_NAME = "file"
