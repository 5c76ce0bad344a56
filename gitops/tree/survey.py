"""The first look at a work tree: names, types, sizes and limits, and not a byte of content.

What is refused here has cost a few calls: a sparse file of a terabyte is refused by its size, a
million files at the first one too many. Names tracked at the base always count as tracked, also
where a directory hides what was below it: the ignore rule is about names the base never had.
"""

import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from gitops.objects import FILE_MODE, TREE_MODE, Batch
from gitops.remembered import Entries
from gitops.tree import opening, overlay
from gitops.tree.budget import Budget
from gitops.tree.reading import EXECUTABLE_MODE, GITLINK_MODE, LINK_MODE, subtree
from gitops.tree.refused import Reason, RefusedError, blamed

Looked = Mapping[bytes, os.stat_result]


class Ignores(Protocol):
    """Which untracked names the base's .gitignore files name (ignore.py)."""

    def among(self, folder: bytes, names: Collection[bytes]) -> set[bytes]:
        """Return those of *names* in *folder* (`a/b/`, or empty) that are ignored.

        A directory's name ends with a slash.
        """


@dataclass(frozen=True, slots=True)
class Content:
    """A file or link to be read. *tracked* is what the base has at its path."""

    mode: int
    found: os.stat_result
    tracked: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory. *names* are to be read, *kept* is as at the base, anything else is deleted.

    *base* is the id of the base's tree there and *tracked* its entries.
    """

    found: os.stat_result
    base: str | None
    tracked: Entries
    kept: Entries
    names: "dict[bytes, Content | Folder]"


class Surveyor:
    """One survey. *layer*: an overlay's upper layer, where what is not there is unchanged."""

    def __init__(self, batch: Batch, budget: Budget, ignores: Ignores, *, layer: bool) -> None:
        self._batch, self._budget, self._ignores = batch, budget, ignores
        self._layer = layer
        self._device: int | None = None
        self.ignored = 0

    def folder(
        self,
        descriptor: int,
        base: str | None,
        path: bytes = b"",
        depth: int = 0,
        *,
        hidden: bool = False,
    ) -> Folder:
        """Return what is in an open directory; *path* is empty or ends with a slash.

        *hidden*: a folder above is opaque, so nothing of the base is seen from here on, though
        the kernel marks only the topmost. Raises `RefusedError`, and `OSError` for what cannot be
        read.
        """
        found = os.fstat(descriptor)
        self._on_one_device(path, found)
        self._budget.depth(path, depth)
        tracked = self._batch.read_tree(base) if base else {}
        opaque = self._layer and overlay.is_opaque(descriptor, path)
        hidden = hidden or opaque or not self._layer
        looked = self._look(descriptor, tracked, path)
        ignored = self._ignored(looked, tracked, path)
        kept: Entries = {} if hidden else {n: e for n, e in tracked.items() if n not in looked}
        names: dict[bytes, Content | Folder] = {}
        for name in sorted(looked.keys() - ignored):
            entry, old = looked[name], tracked.get(name)
            if self._is_deletion(entry):
                continue
            if old is None:
                self._budget.name(path + name, name)
            if not stat.S_ISDIR(entry.st_mode):
                names[name] = self._content(path + name, entry, old)
            elif old is not None and old[0] == GITLINK_MODE:
                self._submodule(descriptor, name, path)
                kept[name] = old
            else:
                if subtree(tracked, name) is None:
                    self._budget.file(path + name, 0)
                with blamed(path + name), opening.folder(descriptor, name) as child:
                    names[name] = self.folder(
                        child,
                        subtree(tracked, name),
                        path + name + b"/",
                        depth + 1,
                        hidden=hidden,
                    )
        return Folder(found, base, tracked, kept, names)

    def _look(self, descriptor: int, tracked: Entries, path: bytes) -> dict[bytes, os.stat_result]:
        looked: dict[bytes, os.stat_result] = {}
        with os.scandir(descriptor) as listing:
            for listed in listing:
                name = os.fsencode(listed.name)
                if name == b".git" and not path:
                    continue
                if name not in tracked:
                    self._budget.entry(path + name)
                looked[name] = opening.look(descriptor, name)
                if name == b".git" and not self._is_deletion(looked[name]):
                    raise RefusedError("nested_repository", path + name, "a repository inside")
        return looked

    def _ignored(self, looked: Looked, tracked: Entries, path: bytes) -> set[bytes]:
        asked = {
            name + b"/" * stat.S_ISDIR(entry.st_mode): name
            for name, entry in looked.items()
            if not self._is_deletion(entry) and not _is_tracked(entry, tracked.get(name))
        }
        ignored = {asked[name] for name in self._ignores.among(path, asked)} if asked else set()
        self.ignored += len(ignored)
        return ignored

    def _is_deletion(self, entry: os.stat_result) -> bool:
        return self._layer and overlay.is_deletion(entry)

    def _content(self, path: bytes, entry: os.stat_result, old: tuple[int, str] | None) -> Content:
        mode = _mode(path, entry)
        self._on_one_device(path, entry)
        if old is None or not _is_tracked(entry, old):
            self._budget.size(path, entry.st_size)
            self._budget.file(path, entry.st_size)
        elif entry.st_size > self._budget.limits.max_file_bytes:
            self._same_size(path, entry.st_size, old)
        return Content(mode, entry, old)

    def _same_size(self, path: bytes, size: int, old: tuple[int, str]) -> None:
        # A file that was too large at the base already may stay, if it is read and is the same.
        if old[0] == GITLINK_MODE or len(self._batch.read_blob(old[1])) != size:
            self._budget.size(path, size)

    def _submodule(self, descriptor: int, name: bytes, path: bytes) -> None:
        with opening.folder(descriptor, name) as child, os.scandir(child) as listing:
            for listed in listing:
                inside = path + name + b"/" + os.fsencode(listed.name)
                why = "inside a submodule of the base, where nothing can be taken from"
                raise RefusedError("nested_repository", inside, why)

    def _on_one_device(self, path: bytes, found: os.stat_result) -> None:
        if self._device is None:
            self._device = found.st_dev
        elif found.st_dev != self._device:
            raise RefusedError("device", path, "it lies on another file system: a mount inside")


def _is_tracked(entry: os.stat_result, old: tuple[int, str] | None) -> bool:
    """Whether git's index of the base would know this very path, or, of a folder, one below it."""
    if old is None:
        return False
    if stat.S_ISDIR(entry.st_mode):
        return old[0] in (TREE_MODE, GITLINK_MODE)
    return old[0] != TREE_MODE


def _mode(path: bytes, entry: os.stat_result) -> int:
    """Return the git mode; anything but files and links is refused."""
    kind = stat.S_IFMT(entry.st_mode)
    if kind == stat.S_IFREG:
        return EXECUTABLE_MODE if entry.st_mode & stat.S_IXUSR else FILE_MODE
    if kind == stat.S_IFLNK:
        return LINK_MODE
    reason, what = _OTHERS.get(kind, ("device", "a device"))
    raise RefusedError(reason, path, f"{what}, which no git tree can hold")


_OTHERS: dict[int, tuple[Reason, str]] = {
    stat.S_IFIFO: ("fifo", "a FIFO"),
    stat.S_IFSOCK: ("socket", "a socket"),
}
