"""Looking into a person's work tree without ever following a symbolic link out of it.

Directories are opened one after the other from the top, each relative to the one before, so that
a link planted in between ends the walk and does not lead it elsewhere.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from gitops.landing.changes import SYMLINK, Change
from gitops.landing.places import Place, held
from policy.mission.world import Held

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def in_the_way(place: Place, changes: tuple[Change, ...]) -> Held | None:
    """Return what is not tracked and lies where *changes* add a file; ignored files count."""
    leaving = {change.path for change in changes if change.old is not None}
    for change in changes:
        if change.old is not None:
            continue
        found = _blocking(place.worktree, change.path, leaving)
        if found is not None:
            name = found.decode(errors="backslashreplace")
            return held(
                "in_the_way",
                f"{name!r} in {place.worktree} is not tracked and the landing adds a file there; "
                "move it away",
            )
    return None


def _blocking(root: Path, path: bytes, leaving: set[bytes]) -> bytes | None:
    """Return the path that keeps *path* from being created; what is in *leaving* does not."""
    parts = path.split(b"/")
    for depth in range(1, len(parts) + 1):
        above = b"/".join(parts[:depth])
        match _kind(root, above):
            case "absent":
                return None
            case "directory" if depth < len(parts):
                continue
            case "directory":
                return next((p for p in _files(root, above) if p not in leaving), None)
            case "other":
                return None if above in leaving else above
    return None


def _kind(root: Path, path: bytes) -> Literal["absent", "directory", "other"]:
    with _parent(root, path) as parent:
        if parent is None:
            return "absent"
        try:
            mode = os.lstat(path.rpartition(b"/")[2], dir_fd=parent).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "absent"
    return "directory" if stat.S_ISDIR(mode) else "other"


def _files(root: Path, directory: bytes) -> Iterator[bytes]:
    """Yield everything below *directory* that is not a directory."""
    with _parent(root, directory + b"/") as top:
        if top is None:
            return
        for parent, folders, names, descriptor in os.fwalk(b".", dir_fd=top):
            here = directory + b"/" + parent[2:] + b"/" if parent != b"." else directory + b"/"
            for name in names:
                yield here + name
            for name in folders:
                if stat.S_ISLNK(os.lstat(name, dir_fd=descriptor).st_mode):
                    yield here + name


@contextmanager
def _parent(root: Path, path: bytes) -> Iterator[int | None]:
    """Yield a descriptor of the directory *path* is in, None if there is no such directory."""
    descriptor = os.open(root, _DIRECTORY)
    try:
        for name in path.split(b"/")[:-1]:
            inner = os.open(name, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
    except OSError as error:
        os.close(descriptor)
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def drop_half_written(root: Path, path: bytes, content: bytes) -> bool:
    """Remove the regular file at *path* if it is the beginning of *content*, and not all of it.

    That is what a kill leaves of a file git was writing; nothing in it is anybody's work. Returns
    whether it was.
    """
    with _parent(root, path) as parent:
        if parent is None:
            return False
        name = path.rpartition(b"/")[2]
        with suppress(OSError):
            descriptor = os.open(name, _FILE, dir_fd=parent)
            with os.fdopen(descriptor, "rb") as file:
                found = file.read(len(content) + 1)
                if not stat.S_ISREG(os.fstat(descriptor).st_mode) or found == content:
                    return False
            if content.startswith(found):
                os.unlink(name, dir_fd=parent)
                return True
    return False


def sync(root: Path, changes: tuple[Change, ...]) -> None:
    """Make what was written for *changes* survive a power loss."""
    for change in changes:
        if change.new is None or change.new.mode == SYMLINK:
            continue
        with _parent(root, change.path) as parent, suppress(OSError):
            if parent is None:
                continue
            descriptor = os.open(change.path.rpartition(b"/")[2], _FILE, dir_fd=parent)
            os.fsync(descriptor)
            os.close(descriptor)
