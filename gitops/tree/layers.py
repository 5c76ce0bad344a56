"""Read-only trees for work trees to lie over, kept as overlay layers by tree id.

A tree that differs little from one already there is a thin layer over it; nobody but the daemon
sees the directories, and no process writes to them. Nothing is synced: layers belong to one boot
of the host, and those of another are removed, since a power loss may have torn them.

The `.git` of a layer finds the objects of all layers below it. So what a builder is given never
lies on a tree that was only judged: it could read there what another mission's builder left.
"""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gitops.objects import MissingObjectError
from gitops.repository import Store
from gitops.tree import dotgit
from gitops.tree.delta import write_delta
from gitops.tree.diff import entries_between
from gitops.tree.gathering import Gathering, Row
from gitops.tree.laying import Laying, Owner
from gitops.tree.materialise import Writing
from policy.change import Entry
from policy.ids import TreeId

_TREE = "tree"
_ABOUT = "about.json"
_BUILDING = ".building-"
_LOCK = ".lock"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NO_LAYER = {errno.EPERM, errno.ENOTSUP, errno.EINVAL}
_JUDGED = ".judged"
_LITTLE = 16
"""Paths; comparing with every tree there is costs more than a layer of so many files."""

Use = Literal["build", "judge"]
"""build: a builder works in it, over trees builders were given before. judge: over any tree."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A tree that is there: *below* are the names of what its layer lies on, topmost first."""

    name: str
    below: tuple[str, ...]

    @property
    def tree(self) -> TreeId:
        return TreeId(self.name.removesuffix(_JUDGED))


@dataclass(frozen=True, slots=True)
class _Nearest:
    """A tree to lie over, and how the tree that is wanted differs from it."""

    known: _Known
    entries: tuple[Entry, ...]


class Layers:
    """The trees under *root*, owned by *owner* (None: the daemon's own user).

    Several `Layers`, also of several threads, may share one *root*. *deepest* is how many
    directories one tree may be made of. Objects are read from *store*, so they must be saved.
    """

    def __init__(self, store: Store, root: Path, *, owner: Owner | None, deepest: int = 16) -> None:
        self._store, self._root, self._owner, self._deepest = store, root, owner, deepest
        self._boot = _BOOT.read_text().strip()
        self._left = 0
        """Layers that the last look at all of them left."""
        self._seen: dict[str, _Known] = {}
        """What was read of layers; good enough to choose one, which is then read again."""
        root.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._sweep()

    def ensure(self, tree: TreeId, use: Use = "build") -> tuple[Path, ...]:
        """Return the directories that make *tree*, topmost first, building what is missing.

        Raises `UnusableTreeError`, `MissingObjectError`, `DamagedObjectError`; `OSError` where
        the host fails, with nothing half-built left to be found.
        """
        known = self._read(tree)
        if known is None and use == "judge":
            known = self._read(tree + _JUDGED)
        known = known or self._build(tree, use)
        with suppress(OSError):
            os.utime(self._root / known.name / _ABOUT)
        return tuple(self._root / each / _TREE for each in (known.name, *known.below))

    def copy(self, tree: TreeId, directory: Path) -> None:
        """Write *tree* with its `.git` into the existing empty *directory*. Raises as `ensure`."""
        with Gathering(directory.parent) as gathering:
            Writing(self._store, Laying(directory, self._owner), gathering).whole(tree, b"")
            dotgit.write_whole(directory, tree, gathering, self._owner)
        self._give(directory)

    def retain(self, keep: int, using: Collection[TreeId]) -> None:
        """Remove all but the *keep* trees used last, those in use and what these lie on.

        Nothing is removed before there are *keep* / 2 more than were left the last time: looking
        at all of them costs more than the room of a few. The caller sees to it that no tree is
        ensured and not yet among *using*.
        """
        if len(os.listdir(self._root)) <= self._left + keep // 2:  # noqa: PTH208  # names only
            return
        self._seen = {}
        known = sorted(self._all(), key=self._used, reverse=True)
        wanted = {name for each in known[:keep] for name in (each.name, *each.below)}
        for each in known:
            if each.tree in using:
                wanted |= {each.name, *each.below}
        with self._locked():
            for each in known:
                if each.name not in wanted:
                    self._remove(self._root / each.name)
        self._left = len(os.listdir(self._root))  # noqa: PTH208

    def _build(self, tree: TreeId, use: Use) -> _Known:
        name = tree if use == "build" else tree + _JUDGED
        nearest = self._nearest(tree, use)
        below = nearest.known if nearest else None
        with self._building() as place:
            directory = place / _TREE
            if nearest is None or not self._lay_over(nearest, tree, directory):
                below = None
                directory.mkdir()
                self.copy(tree, directory)
            known = _Known(name, (below.name, *below.below) if below else ())
            about = {"boot": self._boot, "below": known.below}
            (place / _ABOUT).write_text(json.dumps(about))
            place.chmod(0o755)
            if self._publish(place, name):
                return known
        # Another thread was first; its layers make the same tree.
        return self._read(name) or self._build(tree, use)

    def _lay_over(self, nearest: _Nearest, tree: TreeId, directory: Path) -> bool:
        """Write *tree* as a layer over the nearest; False where this file system knows none."""
        directory.mkdir()
        try:
            with Gathering(directory.parent) as gathering:
                writing = Writing(self._store, Laying(directory, self._owner), gathering)
                write_delta(writing, gathering, nearest.known.tree, tree)
                rows = self._rows(nearest, gathering)
                dotgit.write_delta(directory, tree, gathering, rows, self._owner)
        except OSError as error:
            if error.errno not in _NO_LAYER:
                raise
            shutil.rmtree(directory)
            return False
        self._give(directory)
        return True

    def _rows(self, nearest: _Nearest, gathering: Gathering) -> dict[bytes, Row]:
        rows = dotgit.read_rows(self._root / nearest.known.name / _TREE)
        for entry in nearest.entries:
            if entry.new is None:
                del rows[entry.path.encode("utf-8", "surrogateescape")]
        return rows | gathering.rows

    def _nearest(self, tree: TreeId, use: Use) -> _Nearest | None:
        """Return the tree that differs least from *tree*, if one more layer fits over it.

        Of trees that differ little, the one used last will do: it is the next mission's as a rule.
        """
        best: _Nearest | None = None
        for known in sorted(self._all(), key=self._used, reverse=True):
            if use == "build" and known.name.endswith(_JUDGED):
                continue
            with suppress(MissingObjectError):
                entries = entries_between(self._store, known.tree, tree)
                if best is None or len(entries) < len(best.entries):
                    best = _Nearest(known, entries)
                if len(entries) <= _LITTLE:
                    break
        # Read anew: it may have been removed and laid over another tree since it was seen.
        known_now = self._read(best.known.name) if best is not None else None
        if best is None or known_now is None or len(known_now.below) + 2 > self._deepest:
            return None
        return _Nearest(known_now, best.entries)

    def _all(self) -> list[_Known]:
        names = set(os.listdir(self._root))  # noqa: PTH208  # names only
        self._seen = {name: known for name, known in self._seen.items() if name in names}
        for name in names - self._seen.keys():
            known = None if name.startswith(".") else self._read(name)
            if known is not None:
                self._seen[name] = known
        return [known for known in self._seen.values() if names.issuperset(known.below)]

    def _read(self, name: str) -> _Known | None:
        # By text: each attempt and each gate reads a few, and a `Path` costs more than the file.
        try:
            with open(f"{self._root}/{name}/{_ABOUT}", "rb") as file:  # noqa: PTH123
                about = json.loads(file.read())
            known = _Known(name, tuple(map(str, about["below"])))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        trees = (f"{self._root}/{each}/{_TREE}" for each in (name, *known.below))
        whole = all(map(os.path.isdir, trees))
        return known if whole and about.get("boot") == self._boot else None

    def _used(self, known: _Known) -> float:
        try:
            return os.stat(f"{self._root}/{known.name}/{_ABOUT}").st_mtime  # noqa: PTH116  # hot
        except FileNotFoundError:
            return 0.0

    def _give(self, directory: Path) -> None:
        directory.chmod(0o755)
        if self._owner is not None:
            os.chown(directory, self._owner.uid, self._owner.gid)

    @contextmanager
    def _building(self) -> Iterator[Path]:
        """Yield a directory that a sweep leaves alone as long as this process lives."""
        with self._locked():
            place = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=self._root))
            held = _lock(place, fcntl.LOCK_EX)
        try:
            yield place
        finally:
            if place.exists():
                shutil.rmtree(place)
            os.close(held)

    def _publish(self, place: Path, name: str) -> bool:
        with self._locked():
            if self._read(name) is not None:
                return False
            if (self._root / name).exists():
                self._remove(self._root / name)
            place.rename(self._root / name)
            return True

    def _sweep(self) -> None:
        """Remove what was half built when a daemon died, and layers of another boot."""
        with self._locked():
            for path in self._root.iterdir():
                if path.name == _LOCK:
                    continue
                if path.name.startswith(_BUILDING):
                    # In use by another thread, or finished by it since it was listed.
                    with suppress(BlockingIOError, FileNotFoundError):
                        os.close(_lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
                        shutil.rmtree(path)
                elif self._read(path.name) is None:
                    self._remove(path)

    def _remove(self, path: Path) -> None:
        # Renamed first: a tree is there whole or not at all, whenever the daemon dies.
        gone = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=self._root))
        path.rename(gone / _TREE)
        shutil.rmtree(gone)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        held = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)


def _lock(path: Path, how: int) -> int:
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, how)
    except OSError:
        os.close(held)
        raise
    return held
