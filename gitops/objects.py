"""Objects: reading them whole, and a step's new ones as one delta-less pack.

An id is known at once, nothing is on disk before `save`. What git "has" need not be readable:
git never rewrites an object it believes to have, so a torn one stays torn unless it is healed
here (reliability.md finding 3).
"""

import hashlib
import os
import re
import tempfile
import weakref
import zlib
from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO, cast

import pygit2
from pygit2.enums import ObjectType

from gitops import maintenance, packs
from gitops.packs import Entry, Kind
from gitops.remembered import Entries, Trees
from gitops.repository import Store
from policy.ids import BlobId, CommitId, TreeId

TREE_MODE = 0o40000
FILE_MODE = 0o100644

# Asking libgit2 for what it lacks costs 40-80 us, as it looks for new packs; below this size
# writing an object that may be there already is cheaper than asking.
_WORTH_ASKING = 4096
_IN_MEMORY = 8 << 20


class MissingObjectError(Exception):
    """The repository does not have an object that it should have."""

    def __init__(self, oid: str, wanted: str) -> None:
        super().__init__(
            f"cannot read {wanted} {oid}: the repository does not have it; fetch it from a clone "
            "(git fetch), then run git fsck"
        )
        self.oid = oid


class DamagedObjectError(Exception):
    """An object is there and cannot be read, or is not of the kind it must be."""

    def __init__(self, oid: str, why: str) -> None:
        super().__init__(
            f"cannot read object {oid}: {why}; fetch it from a clone, or restore a backup; "
            "git fsck tells what else is damaged"
        )
        self.oid = oid


def read_object(store: Store, oid: str, kind: Kind) -> bytes:
    """Return the content of an object, verified against its id.

    Raises `MissingObjectError` or `DamagedObjectError`.
    """
    try:
        found, content = store.repo.odb.read(oid)
    except KeyError as error:
        raise MissingObjectError(oid, kind) from error
    except (pygit2.GitError, OSError, ValueError) as error:
        raise DamagedObjectError(oid, str(error)) from error
    if found != _TYPES[kind]:
        raise DamagedObjectError(oid, f"it is not a {kind}")
    return content


def read_tree(store: Store, oid: str) -> Entries:
    """Return name -> (mode, oid) of a tree, in git's order; the caller's own.

    Trees read or written lately are not read again.
    """
    found = store.trees.get(oid)
    if found is None:
        found = parse_tree(read_object(store, oid, "tree"), oid)
        store.trees.put(oid, dict(found))
    return found


def read_blob(store: Store, oid: str) -> bytes:
    return read_object(store, oid, "blob")


def size_of(store: Store, oid: str) -> int:
    """Return how many bytes an object has, without reading it; raises as `read_object`."""
    try:
        _, size = store.repo.odb.read_header(oid)
    except KeyError as error:
        raise MissingObjectError(oid, "object") from error
    except (pygit2.GitError, OSError, ValueError) as error:
        raise DamagedObjectError(oid, str(error)) from error
    return int(size)


def count_entries(store: Store, oid: str) -> int:
    """Return how many entries a tree has, without taking them apart here."""
    try:
        return len(store.repo[oid].peel(pygit2.Tree))
    except KeyError as error:
        raise MissingObjectError(oid, "tree") from error
    except (pygit2.GitError, OSError, ValueError) as error:
        raise DamagedObjectError(oid, str(error)) from error


_TYPES: dict[Kind, ObjectType] = {
    "commit": ObjectType.COMMIT,
    "tree": ObjectType.TREE,
    "blob": ObjectType.BLOB,
}


def parse_tree(raw: bytes, oid: str) -> Entries:
    """Return the entries of a raw tree; raise `DamagedObjectError` for what is not one."""
    rows = _ENTRY.findall(raw)
    if sum([len(mode) + len(name) for mode, name, _ in rows]) + _AROUND * len(rows) != len(raw):
        raise DamagedObjectError(oid, "it is not a tree, or ends early")
    entries = {name: (int(mode, 8), entry.hex()) for mode, name, entry in rows}
    if len(entries) != len(rows):
        raise DamagedObjectError(oid, "the tree has a name twice")
    return entries


_ENTRY = re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.DOTALL)
"""Mode, name, id. Entries that together are as long as the tree are all there is in it."""
_AROUND = len(b" \0") + 20


def format_tree(entries: Mapping[bytes, tuple[int, str]]) -> bytes:
    """Return the raw tree of *entries*, sorted as git does; raise `ValueError` for a bad name."""
    names = b"".join(entries)
    if b"/" in names or b"\0" in names or not _NO_NAMES.isdisjoint(entries):
        bad = next(name for name in entries if name in _NO_NAMES or b"/" in name or b"\0" in name)
        raise ValueError(f"not a name in a tree: {bad!r}")
    spelled = {mode: b"%o " % mode for mode, _ in entries.values()}
    rows = in_order(entries).items()
    return b"".join([
        spelled[mode] + name + b"\0" + bytes.fromhex(oid) for name, (mode, oid) in rows
    ])  # fmt: skip


_NO_NAMES = frozenset((b"", b".", b".."))


def in_order(entries: Mapping[bytes, tuple[int, str]]) -> Entries:
    rows = sorted([
        (name + b"/" if mode == TREE_MODE else name, name) for name, (mode, _) in entries.items()
    ])  # fmt: skip
    return {name: entries[name] for _, name in rows}


class Batch:
    """New objects of one step. `save` may be called repeatedly, each time for what is new."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._objects = store.gitdir / "objects"
        spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # lives as long as the batch
            _IN_MEMORY, dir=str(store.pack_directory)
        )
        weakref.finalize(self, spool.close)
        self._spool = cast("BinaryIO", spool)
        self._size = 0
        self._entries: dict[str, Entry] = {}
        self._unsaved: dict[str, None] = {}
        self._trees = Trees()

    def blob(self, content: bytes) -> BlobId:
        return BlobId(self._add("blob", content))

    def tree(self, entries: Mapping[bytes, tuple[int, str]]) -> TreeId:
        """Add the tree of name -> (mode, oid) in whatever order they come."""
        ordered = in_order(entries)
        oid = TreeId(self._add("tree", format_tree(ordered)))
        self._trees.put(oid, ordered)
        return oid

    def commit(self, raw: bytes) -> CommitId:
        return CommitId(self._add("commit", raw))

    def read_tree(self, oid: str) -> Entries:
        """Return name -> (mode, oid) of a tree of this batch or of the repository."""
        found = self._trees.get(oid)
        if found is None and oid not in self._entries:
            found = read_tree(self._store, oid)
        return parse_tree(self._read(oid, "tree"), oid) if found is None else found

    def read_blob(self, oid: str) -> bytes:
        return self._read(oid, "blob")

    def read_commit(self, oid: str) -> bytes:
        return self._read(oid, "commit")

    def has(self, oid: str) -> bool:
        return oid in self._entries or oid in self._store.repo.odb

    def save(self) -> None:
        """Write what is new as one pack that is durable when this returns (DESIGN 4.6).

        Objects that the repository has, and that read back, are left out; those it has torn are
        written again and the torn ones moved away. Raises `OSError` where the disk says no and
        `DamagedObjectError` where a damaged copy is in a pack that is not ours.
        """
        torn: dict[str, None] = {}
        wanted: list[Entry] = []
        for oid in self._unsaved:
            entry = self._entries[oid]
            match self._state(oid, entry):
                case _State.WHOLE:
                    continue
                case _State.TORN:
                    torn[oid] = None
                case _State.ABSENT:
                    pass
            wanted.append(entry)
        if wanted:
            sync = self._store.durability == "full"
            directory = self._store.pack_directory
            rows = ((entry, self._spool) for entry in wanted)
            packs.write(directory, rows, len(wanted), sync=sync)
            _heal(self._store, torn)
            maintenance.join(directory, sync=sync)
        self._unsaved.clear()
        self._trees.hand_over(self._store.trees)  # what is durable now is read next

    def _add(self, kind: Kind, content: bytes) -> str:
        oid = packs.object_id(kind, content).hex()
        if oid not in self._entries:
            raw = packs.encode(kind, content)
            self._spool.seek(self._size)
            self._spool.write(raw)
            self._entries[oid] = Entry(bytes.fromhex(oid), self._size, len(raw), zlib.crc32(raw))
            self._unsaved[oid] = None
            self._size += len(raw)
        return oid

    def _read(self, oid: str, kind: Kind) -> bytes:
        entry = self._entries.get(oid)
        if entry is None:
            return read_object(self._store, oid, kind)
        self._spool.seek(entry.offset)
        found, content = packs.decode(self._spool.read(entry.length))
        if found != kind:
            raise DamagedObjectError(oid, f"it is a {found}, not a {kind}")
        return content

    def _state(self, oid: str, entry: Entry) -> "_State":
        loose = os.path.exists(f"{self._objects}/{oid[:2]}/{oid[2:]}")  # noqa: PTH110  # hot path
        if not loose and entry.length < _WORTH_ASKING:
            return _State.ABSENT
        if loose and not _is_loose_whole(_loose_path(self._store, oid), oid):
            return _State.TORN
        try:
            self._store.repo.odb.read(oid)
        except KeyError:
            return _State.ABSENT
        except (pygit2.GitError, OSError, ValueError):
            return _State.TORN
        return _State.WHOLE


class _State(Enum):
    """What the repository has of an object."""

    WHOLE = auto()
    TORN = auto()
    ABSENT = auto()


def _heal(store: Store, torn: Mapping[str, None]) -> None:
    """Move the damaged copies of objects away that have just been written anew."""
    if not torn:
        return
    packed = [oid for oid in torn if not _set_aside(store, oid)]
    if packed:
        for pack in packs.own(store.pack_directory):
            maintenance.salvage(pack, store.corrupt_directory, sync=store.durability == "full")
    store.reopen()
    for oid in torn:
        if not _reads(store, oid):
            raise DamagedObjectError(oid, "it was written anew and a damaged pack hides it")


def _set_aside(store: Store, oid: str) -> bool:
    """Move a loose object to the corrupt ones; return whether it was there."""
    store.corrupt_directory.mkdir(exist_ok=True)
    try:
        _loose_path(store, oid).rename(store.corrupt_directory / oid)
    except FileNotFoundError:
        return False
    return True


def _reads(store: Store, oid: str) -> bool:
    try:
        store.repo.odb.read(oid)
    except (KeyError, pygit2.GitError, OSError, ValueError):
        return False
    return True


def _loose_path(store: Store, oid: str) -> Path:
    return store.gitdir / "objects" / oid[:2] / oid[2:]


def _is_loose_whole(path: Path, oid: str) -> bool:
    try:
        content = zlib.decompress(path.read_bytes())
    except (OSError, zlib.error):
        return False
    return hashlib.sha1(content, usedforsecurity=False).hexdigest() == oid
