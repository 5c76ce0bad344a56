"""Writing files, links and directories where nothing is yet, each relative to an open directory.

Every name is created exclusively and no link is followed, so a tree cannot make the daemon write
outside, whatever is in it (reliability.md finding 5). Content is raw blobs: no filter, no line
ends. All files get one fixed time, so that an index can be written without looking at them.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitops.objects import FILE_MODE, TREE_MODE
from gitops.tree.overlay import OPAQUE
from gitops.tree.reading import EXECUTABLE_MODE, GITLINK_MODE, LINK_MODE

TIME_S = 1_000_000_000
"""When every file laid out was last changed: long ago, so that any edit is later."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TIME = (TIME_S * 10**9, TIME_S * 10**9)
# Trees of long ago have group-writable files; git reads them as plain ones.
_OLD_FILE_MODE = 0o100664
_NEVER = (b"", b".", b"..", b".git")


@dataclass(frozen=True, slots=True)
class Owner:
    """The numeric user and group that everything is given to."""

    uid: int
    gid: int


class UnusableTreeError(Exception):
    """A tree of the repository cannot be written to a file system."""

    def __init__(self, path: bytes, why: str) -> None:
        shown = path.decode("utf-8", "backslashreplace") or "the root"
        super().__init__(
            f"cannot write the tree out: {shown}: {why}; no work tree can be made of this commit, "
            "commit a tree without it"
        )
        self.path = path


class Laying:
    """Writes below the directory *top*, which is the daemon's own and nobody else's yet."""

    def __init__(self, top: Path, owner: Owner | None) -> None:
        self._top, self._owner = top, owner

    @contextmanager
    def inside(self, path: bytes) -> Iterator[int]:
        """Yield a descriptor of the folder *path*, empty or ending with a slash, step by step."""
        descriptor = os.open(self._top, _FOLDER)
        try:
            for name in path.split(b"/")[:-1]:
                below = os.open(name, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def file(self, parent: int, name: bytes, content: bytes, mode: int) -> None:
        descriptor = os.open(name, _NEW, 0o600, dir_fd=parent)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            self._finish(descriptor, 0o755 if mode == EXECUTABLE_MODE else 0o644)
            os.utime(descriptor, ns=_TIME)
        finally:
            os.close(descriptor)

    def link(self, parent: int, name: bytes, target: bytes) -> None:
        os.symlink(target, name, dir_fd=parent)
        if self._owner is not None:
            os.chown(name, self._owner.uid, self._owner.gid, dir_fd=parent, follow_symlinks=False)
        os.utime(name, ns=_TIME, dir_fd=parent, follow_symlinks=False)

    def folder(self, parent: int, name: bytes, *, opaque: bool = False) -> None:
        """Make a directory; an *opaque* one hides what lower layers have at its path."""
        os.mkdir(name, 0o700, dir_fd=parent)
        descriptor = os.open(name, _FOLDER, dir_fd=parent)
        try:
            self._finish(descriptor, 0o755)
            if opaque:
                os.setxattr(descriptor, OPAQUE, b"y")
        finally:
            os.close(descriptor)

    def deletion(self, parent: int, name: bytes) -> None:
        """Make a whiteout; needs no privilege (kernel >= 5.8)."""
        os.mknod(name, 0o600 | stat.S_IFCHR, os.makedev(0, 0), dir_fd=parent)

    def _finish(self, descriptor: int, mode: int) -> None:
        if self._owner is not None:
            os.fchown(descriptor, self._owner.uid, self._owner.gid)
        os.fchmod(descriptor, mode)


def checked(path: bytes, name: bytes, mode: int) -> int:
    """Return the mode to write *name* with; raise `UnusableTreeError` for what git never wrote."""
    if name in _NEVER or b"/" in name:
        raise UnusableTreeError(path, "not the name of a file")
    if mode == _OLD_FILE_MODE:
        return FILE_MODE
    if mode not in (FILE_MODE, EXECUTABLE_MODE, LINK_MODE, GITLINK_MODE, TREE_MODE):
        raise UnusableTreeError(path, f"its git mode is {mode:o}")
    return mode


@contextmanager
def written(path: bytes) -> Iterator[None]:
    """Raise `UnusableTreeError` where no file system could take this name or content."""
    try:
        yield
    except ValueError as error:
        raise UnusableTreeError(path, str(error)) from error
    except OSError as error:
        if error.errno in _UNUSABLE:
            raise UnusableTreeError(path, f"the system says: {error.strerror}") from error
        raise


# A link to nothing is ENOENT; a name that is there already is EEXIST, a tree with a name twice.
_UNUSABLE = {errno.ENAMETOOLONG, errno.EEXIST, errno.ENOENT, errno.EILSEQ, errno.EINVAL}
