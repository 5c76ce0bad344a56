"""Opening what a builder left, one name at a time, relative to an open directory.

No call here follows a symbolic link, waits for a FIFO's other end, or takes a path with a slash
in it: a directory swapped for a link between two calls is an error, never another file. A builder
may have taken its own rights away; they are given back through the open file, not the name.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = stat.S_IRUSR | stat.S_IXUSR
_FILE = stat.S_IRUSR


@contextmanager
def folder(parent: int, name: bytes) -> Iterator[int]:
    """Yield a descriptor of the directory *name*; raise `OSError` if it is none or unreadable."""
    descriptor = _open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFE, parent, _FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def again(descriptor: int) -> Iterator[int]:
    """Yield a descriptor of the same directory with an own place in its listing."""
    _give_back(descriptor, _FOLDER)
    opened = os.open(b".", os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=descriptor)
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def file(parent: int, name: bytes) -> Iterator[int]:
    """Yield a descriptor of the file *name*, of whatever type it is by now; raise `OSError`."""
    descriptor = _open(name, os.O_RDONLY | _SAFE, parent, _FILE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def look(parent: int, name: bytes) -> os.stat_result:
    """Return what *name* itself is; a link is not followed."""
    return os.stat(name, dir_fd=parent, follow_symlinks=False)


def _open(name: bytes, flags: int, parent: int, needed: int) -> int:
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        _give_back(handle, needed)
        return os.open(name, flags, dir_fd=parent)
    finally:
        os.close(handle)


def _give_back(handle: int, needed: int) -> None:
    # chmod of an O_PATH descriptor goes through /proc: fchmod refuses one.
    mode = os.fstat(handle).st_mode
    if mode & needed != needed and not stat.S_ISLNK(mode):
        os.chmod(f"/proc/self/fd/{handle}", stat.S_IMODE(mode) | needed)  # noqa: PTH101  # a descriptor, not a path
