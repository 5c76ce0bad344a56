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


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry goes: *name*, as the tree has it, in the open directory of *folder*.

    *folder* is empty or ends with a slash.
    """

    parent: int
    folder: bytes
    name: bytes

    @property
    def path(self) -> bytes:
        return self.folder + self.name


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
                    at = Place(parent, folder, name)
                    if mode == TREE_MODE:
                        self.folder(at)
                        left.append((at.path + b"/", entry))
                    else:
                        self.leaf(at, (mode, entry))

    def folder(self, at: Place, *, opaque: bool = False) -> None:
        checked(at.path, at.name, TREE_MODE)
        with written(at.path):
            self.laying.folder(at.parent, at.name, opaque=opaque)

    def leaf(self, at: Place, entry: tuple[int, str]) -> None:
        """Write a file, link or submodule."""
        mode = checked(at.path, at.name, entry[0])
        if mode == GITLINK_MODE:
            self.submodule(at, entry[1])
            self.folder(at)
            return
        content = read_blob(self.store, entry[1])
        if self.gathering is not None:
            self.gathering.rows[at.path] = Row(mode, entry[1], len(content))
            self.gathering.add("blob", content)
        with written(at.path):
            if mode == LINK_MODE:
                self.laying.link(at.parent, at.name, content)
            else:
                self.laying.file(at.parent, at.name, content, mode)

    def submodule(self, at: Place, commit: str) -> None:
        """Remember a submodule for the index; its directory is the caller's."""
        if self.gathering is not None:
            self.gathering.rows[at.path] = Row(GITLINK_MODE, commit, 0)
