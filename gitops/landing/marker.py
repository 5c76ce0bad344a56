"""The index lock of a checkout, taken by us: nobody can commit there while the branch moves.

The lock's content says whose it is and what it is for. It is linked into place complete, so a
lock without our words was never ours; and it outlives a kill, so that nobody can commit a revert
before recovery has finished what was begun (reliability.md finding 12).
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gitops.landing.places import Owner, Place
from gitops.packs import sync_directory
from policy.ids import CommitId, RefName

_FIRST = "pawl-index-lock 1"
_LIMIT = 4096


@dataclass(frozen=True)
class Marker:
    """The branch *ref* is being moved from *old* to *new*, and this checkout with it."""

    ref: RefName
    old: CommitId
    new: CommitId


@dataclass(frozen=True)
class NotOurs:
    """A lock of somebody else's git: running, or killed."""


def take(place: Place, marker: Marker) -> bool:
    """Take the index lock, durably; return False if it is taken already. Raises `OSError`."""
    text = f"{_FIRST}\nref {marker.ref}\nold {marker.old}\nnew {marker.new}\n"
    new = place.gitdir / f"pawl-index-lock.{os.getpid()}"
    with suppress(FileNotFoundError):
        new.unlink()
    descriptor = create(new, place.owner)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        os.link(new, place.lock, follow_symlinks=False)
    except FileExistsError:
        return False
    finally:
        new.unlink()
    sync_directory(place.gitdir)
    return True


def release(place: Place) -> None:
    """Drop our copy of the index, then the lock. Repeatable."""
    for path in (place.private.with_suffix(".lock"), place.private, place.lock):
        with suppress(FileNotFoundError):
            path.unlink()


def read(gitdir: Path) -> Marker | NotOurs | None:
    """Return what the index lock in *gitdir* says; None if there is none."""
    try:
        descriptor = os.open(
            gitdir / "index.lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        )
    except FileNotFoundError:
        return None
    except OSError:
        return NotOurs()
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return NotOurs()
        lines = file.read(_LIMIT).decode(errors="replace").split("\n")
    match lines:
        case [first, ref, old, new, ""] if first == _FIRST:
            words = tuple(
                line.removeprefix(f"{key} ")
                for key, line in zip(("ref", "old", "new"), (ref, old, new), strict=True)
            )
            return Marker(RefName(words[0]), CommitId(words[1]), CommitId(words[2]))
        case _:
            return NotOurs()


def create(path: Path, owner: Owner | None) -> int:
    """Return a descriptor of a new file at *path* that belongs to *owner*."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o644)
    if owner is not None:
        os.fchown(descriptor, owner.uid, owner.gid)
    return descriptor
