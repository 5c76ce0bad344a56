"""A snapshot: what a process left in its work tree, as a git tree, by our own walk.

Nothing but plain files, links and directories becomes an object, and only what lies in the work
tree itself: no link is followed and no content is read twice (reliability.md findings 5 and 6).
To be taken only once the last process is gone; whatever moves nevertheless is refused as
`changed`. Of a refused work tree nothing is stored: do not save the batch it was given.
"""

import hashlib
import os
import stat
from collections.abc import Iterator

from gitops import packs
from gitops.objects import TREE_MODE, Batch
from gitops.remembered import Entries
from gitops.tree import opening, overlay
from gitops.tree.budget import Budget
from gitops.tree.reading import LINK_MODE
from gitops.tree.refused import RefusedError, blamed
from gitops.tree.survey import Content, Folder, Ignores, Surveyor
from policy.bus.result import Snapshot, Taken
from policy.ids import TreeId
from policy.rules.sandbox import TreeLimits

_CHUNK = 1 << 20


def snapshot_overlay(
    upper: int,
    *,
    batch: Batch,
    base: TreeId,
    limits: TreeLimits,
    ignored: Ignores,
    entries_max: int | None = None,
) -> Snapshot:
    """Return the tree that the overlay's open *upper* directory makes of *base*.

    Costs what was changed, not what is there. *entries_max* bounds the untracked names looked
    at, ignored ones included (the layer's inodes); None: `limits.max_files`. Raises `OSError`
    where the host fails (out of descriptors), `MissingObjectError` without the base's trees.
    """
    return _snapshot(upper, batch, base, Budget(limits, entries_max), ignored, layer=True)


def snapshot_copy(
    directory: int,
    *,
    batch: Batch,
    base: TreeId,
    limits: TreeLimits,
    ignored: Ignores,
    entries_max: int | None = None,
) -> Snapshot:
    """Return the tree of the whole open *directory*, a copy of *base* that was worked in.

    As `snapshot_overlay`, but a name that is not there was deleted, a whiteout is a device like
    any other, and every file is read.
    """
    return _snapshot(directory, batch, base, Budget(limits, entries_max), ignored, layer=False)


def _snapshot(
    top: int, batch: Batch, base: TreeId, budget: Budget, ignored: Ignores, *, layer: bool
) -> Snapshot:
    surveyor = Surveyor(batch, budget, ignored, layer=layer)
    try:
        with blamed(b""), opening.again(top) as descriptor:
            plan = surveyor.folder(descriptor, base)
            tree = _Taking(batch, budget, layer=layer).folder(descriptor, plan, b"")
    except RefusedError as error:
        return error.refused
    return Taken(tree=TreeId(tree or batch.tree({})), ignored=surveyor.ignored)


class _Taking:
    """The second look: content becomes blobs, directories become trees."""

    def __init__(self, batch: Batch, budget: Budget, *, layer: bool) -> None:
        self._batch, self._budget, self._layer = batch, budget, layer

    def folder(self, descriptor: int, plan: Folder, path: bytes) -> str | None:
        """Return the id of the tree; None for a directory with nothing in it."""
        entries: Entries = dict(plan.kept)
        for name, node in plan.names.items():
            entry = self._entry(descriptor, name, node, path + name)
            if entry is not None:
                entries[name] = entry
        if _when(os.fstat(descriptor)) != _when(plan.found):
            raise RefusedError("changed", path, "names came or went while it was read")
        if not entries:
            return None
        if entries == plan.tracked and plan.base is not None:
            return plan.base
        return self._batch.tree(entries)

    def _entry(
        self, parent: int, name: bytes, node: Content | Folder, path: bytes
    ) -> tuple[int, str] | None:
        with blamed(path):
            match node:
                case Folder():
                    with opening.folder(parent, name) as child:
                        tree = self.folder(child, node, path + b"/")
                    return None if tree is None else (TREE_MODE, tree)
                case Content(mode=mode) if mode == LINK_MODE:
                    return self._stored(node, path, _link(parent, name, node, path))
                case Content():
                    return self._file(parent, name, node, path)

    def _file(self, parent: int, name: bytes, node: Content, path: bytes) -> tuple[int, str]:
        with opening.file(parent, name) as descriptor:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode) or not _is_same(before, node.found):
                raise RefusedError("changed", path, _CHANGED)
            if self._layer:
                overlay.meaningful(descriptor, path, allowed=set())
            if before.st_size > self._budget.limits.max_file_bytes:
                entry = self._large(descriptor, node, path)
            else:
                entry = self._stored(
                    node, path, b"".join(_chunks(descriptor, before.st_size, path))
                )
            if _when(os.fstat(descriptor)) != _when(before):
                raise RefusedError("changed", path, _CHANGED)
        return entry

    def _large(self, descriptor: int, node: Content, path: bytes) -> tuple[int, str]:
        """Return the entry of a file over the limit, which may stay as it was at the base."""
        size = node.found.st_size
        content = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        for chunk in _chunks(descriptor, size, path):
            content.update(chunk)
        if node.tracked is None or content.hexdigest() != node.tracked[1]:
            self._budget.size(path, size)
        return (node.mode, content.hexdigest())

    def _stored(self, node: Content, path: bytes, content: bytes) -> tuple[int, str]:
        tracked = node.tracked
        if tracked is not None and tracked[0] != TREE_MODE:
            if packs.object_id("blob", content).hex() == tracked[1]:
                return (node.mode, tracked[1])
            self._budget.file(path, len(content))
        return (node.mode, self._batch.blob(content))


def _link(parent: int, name: bytes, node: Content, path: bytes) -> bytes:
    target = os.readlink(name, dir_fd=parent)
    if _when(opening.look(parent, name)) != _when(node.found):
        raise RefusedError("changed", path, _CHANGED)
    return target


def _chunks(descriptor: int, size: int, path: bytes) -> Iterator[bytes]:
    """Yield exactly *size* bytes; raise `RefusedError` where there are fewer or more."""
    left = size
    while left:
        chunk = os.read(descriptor, min(left, _CHUNK))
        if not chunk:
            raise RefusedError("changed", path, _CHANGED)
        left -= len(chunk)
        yield chunk
    if os.read(descriptor, 1):
        raise RefusedError("changed", path, _CHANGED)


def _is_same(now: os.stat_result, then: os.stat_result) -> bool:
    """Whether it is the file that was looked at; giving back the right to read it is no change."""
    return _when(now)[:-1] == _when(then)[:-1]


def _when(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


_CHANGED = "it changed while it was read: a process was still there"
