"""A tree of the repository as a directory of the daemon's own making.

Submodules are empty directories. Links are written as they are: they lead where they lead, and
whoever reads the directory later must not follow them outside.
"""

from dataclasses import dataclass
from pathlib import Path

from gitops.objects import TREE_MODE, parse_tree, read_blob, read_object
from gitops.repository import Store
from gitops.tree.gathering import Gathering, Row
from gitops.tree.laying import Laying, Owner, checked, written
from gitops.tree.reading import GITLINK_MODE, LINK_MODE
from policy.ids import TreeId


def materialise(store: Store, tree: TreeId, directory: Path, *, owner: Owner | None) -> None:
    """Write *tree* into *directory*, which exists and is empty.

    Files are 644 or 755, directories 755. Raises `UnusableTreeError`, `MissingObjectError`,
    `DamagedObjectError`, and `OSError` for what the host cannot do; what was written stays.
    """
    Writing(store, Laying(directory, owner), None).whole(tree, b"")


@dataclass(frozen=True)
class Writing:
    """Writes objects of *store* and, where there is a *gathering*, remembers what it wrote."""

    store: Store
    laying: Laying
    gathering: Gathering | None

    def whole(self, tree: str, path: bytes) -> None:
        """Write *tree* into the existing empty folder *path* (empty, or ending with a slash)."""
        left = [(path, tree)]
        while left:
            folder, oid = left.pop()
            raw = read_object(self.store, oid, "tree")
            if self.gathering is not None:
                self.gathering.add("tree", raw)
            with self.laying.inside(folder) as parent:
                for name, (mode, entry) in parse_tree(raw, oid).items():
                    if mode == TREE_MODE:
                        self.folder(parent, folder + name)
                        left.append((folder + name + b"/", entry))
                    else:
                        self.leaf(parent, folder + name, (mode, entry))

    def folder(self, parent: int, path: bytes, *, opaque: bool = False) -> None:
        """Make the folder *path* in the open folder *parent*."""
        name = path.rpartition(b"/")[2]
        checked(path, name, TREE_MODE)
        with written(path):
            self.laying.folder(parent, name, opaque=opaque)

    def leaf(self, parent: int, path: bytes, entry: tuple[int, str]) -> None:
        """Write a file, link or submodule into the open folder *parent*."""
        name = path.rpartition(b"/")[2]
        mode = checked(path, name, entry[0])
        if mode == GITLINK_MODE:
            self.submodule(path, entry[1])
            self.folder(parent, path)
            return
        content = read_blob(self.store, entry[1])
        if self.gathering is not None:
            self.gathering.rows[path] = Row(mode, entry[1], len(content))
            self.gathering.add("blob", content)
        with written(path):
            if mode == LINK_MODE:
                self.laying.link(parent, name, content)
            else:
                self.laying.file(parent, name, content, mode)

    def submodule(self, path: bytes, commit: str) -> None:
        """Remember a submodule for the index; its directory is the caller's."""
        if self.gathering is not None:
            self.gathering.rows[path] = Row(GITLINK_MODE, commit, 0)
