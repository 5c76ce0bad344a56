"""Whether a checkout is untouched, told from its index and `lstat` alone, without running git.

Only ever an early yes. git takes a file for unchanged if its stat data is what the index says and
older than the index; the same is asked here, of every field git keeps, and anything else (a flag,
a newer format, a submodule, a file changed in the index's own moment) is left to git to judge.
"""

import hashlib
import os
import stat
import struct
from pathlib import Path

import pygit2

from gitops.landing.places import Place
from gitops.repository import Store
from policy.ids import CommitId

FEW = 2000
"""Entries up to which looking ourselves costs less than starting git twice."""

_HEAD = struct.Struct(">4sII")
_ENTRY = struct.Struct(">10I20sH")
_SUM = 20
_NAME = 0x0FFF
"""Of an entry's flags: the length of its name. Any other bit says something we leave to git."""
_KNOWN = {b"TREE"}
"""Extensions that say nothing of the files."""


def untouched(store: Store, place: Place, index: Path, at: CommitId) -> bool:
    """Return whether *index*, a copy of the checkout's, holds *at* and every file is as it says.

    False where that cannot be told cheaply, whatever the reason.
    """
    try:
        raw = index.read_bytes()
        made = index.stat().st_mtime_ns
        return _is_as_indexed(raw, made, os.fsencode(place.worktree)) and holds(store, index, at)
    except (OSError, struct.error, ValueError):
        return False


def holds(store: Store, index: Path, at: CommitId) -> bool:
    """Return whether *index* holds exactly the tree of *at*; False too if libgit2 cannot tell."""
    try:
        tree = store.repo[at].peel(pygit2.Tree)
        return not list(tree.diff_to_index(pygit2.Index(str(index))).deltas)
    except (KeyError, ValueError, OSError, pygit2.GitError):
        return False


def _is_as_indexed(raw: bytes, made: int, top: bytes) -> bool:
    signature, version, count = _HEAD.unpack_from(raw)
    whole = hashlib.sha1(raw[:-_SUM]).digest() == raw[-_SUM:]  # noqa: S324  # git's own
    if (signature, version) != (b"DIRC", 2) or count > FEW or not whole:
        return False
    at = _HEAD.size
    folders: set[bytes] = {b""}
    for _ in range(count):
        fields = _ENTRY.unpack_from(raw, at)
        length = fields[-1]
        if length & ~_NAME or length == _NAME:
            return False
        name = raw[at + _ENTRY.size : at + _ENTRY.size + length]
        if not _are_folders(top, name.rpartition(b"/")[0], folders):
            return False
        if not _is_same(fields, os.lstat(top + b"/" + name), made):
            return False
        at += (_ENTRY.size + length + 8) // 8 * 8
    return _only_known(raw[at:-_SUM])


def _are_folders(top: bytes, path: bytes, known: set[bytes]) -> bool:
    """Return whether *path* and all above it are directories: a link would lead us elsewhere."""
    if path in known:
        return True
    known.add(path)
    is_folder = stat.S_ISDIR(os.lstat(top + b"/" + path).st_mode)
    return is_folder and _are_folders(top, path.rpartition(b"/")[0], known)


def _is_same(fields: tuple[int, ...], found: os.stat_result, made: int) -> bool:
    ctime_s, ctime_ns, mtime_s, mtime_ns, _, ino, mode, uid, gid, size = fields[:10]
    mtime = mtime_s * 10**9 + mtime_ns
    return (
        mtime < made
        and mtime == found.st_mtime_ns
        and ctime_s * 10**9 + ctime_ns == found.st_ctime_ns
        and (ino, uid, gid) == (found.st_ino & _WORD, found.st_uid, found.st_gid)
        and size == found.st_size & _WORD
        and _is_kind(mode, found.st_mode)
    )


_WORD = 0xFFFFFFFF


def _is_kind(mode: int, found: int) -> bool:
    if stat.S_ISLNK(mode):
        return stat.S_ISLNK(found)
    executable = bool(mode & stat.S_IXUSR) == bool(found & stat.S_IXUSR)
    return stat.S_ISREG(mode) and stat.S_ISREG(found) and executable


def _only_known(extensions: bytes) -> bool:
    at = 0
    while at < len(extensions):
        name, size = struct.unpack_from(">4sI", extensions, at)
        if name not in _KNOWN:
            return False
        at += 8 + size
    return at == len(extensions)
