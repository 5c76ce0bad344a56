"""A run's private directory on disk, and its removal whatever a builder left in it.

The parent is 0700 for the daemon: files a builder made setuid are reachable by nobody. Builders
reach their directory through the launcher's stage, not through this path.
"""

import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.sandbox.launcher.wire import REPORT, UPPER, WORK
from daemon.sandbox.settings import Builder


class Workspaces:
    """The directories of all runs under *root*. One daemon owns *root* (the lock sees to it)."""

    def __init__(self, root: Path, builder: Builder | None) -> None:
        self._root, self._builder = root, builder

    def sweep(self) -> None:
        """Remove what a killed daemon left. Call once, at start, holding the lock."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)
        for leftover in self._root.iterdir():
            if leftover.is_dir() and not leftover.is_symlink():
                remove(leftover)
            else:
                leftover.unlink()

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """Yield a new directory with `upper`, `work`, `report`, `tree` inside; remove it after."""
        directory = Path(tempfile.mkdtemp(dir=self._root))
        try:
            for name in (UPPER, WORK, REPORT, "tree"):
                (directory / name).mkdir(mode=0o755)
                self._give_away(directory / name)
            self._give_away(directory)
            yield directory
        finally:
            remove(directory)

    @contextmanager
    def written(self, text: str) -> Iterator[Path]:
        """Yield a new file with *text* that a builder may read; remove it after."""
        handle, name = tempfile.mkstemp(dir=self._root)
        path = Path(name)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(text)
            path.chmod(0o444)
            yield path
        finally:
            path.unlink()

    def _give_away(self, path: Path) -> None:
        if self._builder:
            os.chown(path, self._builder.uid, self._builder.gid)


def remove(top: Path) -> None:
    """Remove the directory *top*, however deep, whatever its modes; never follow a link.

    Sub-directories are moved up to *top* before they are emptied, so neither depth nor open
    descriptors grow with what a builder nested.
    """
    top_fd = _open_own(top.name, os.open(top.parent, os.O_PATH | os.O_DIRECTORY))
    try:
        while names := _split(top_fd, top_fd):
            for name in names:
                fd = _open_own(name, os.dup(top_fd))
                try:
                    _split(fd, top_fd, lift=True)
                finally:
                    os.close(fd)
                os.rmdir(name, dir_fd=top_fd)
    finally:
        os.close(top_fd)
    top.rmdir()


def _open_own(name: str, parent: int) -> int:
    """Open a directory for writing even if its owner took all permissions. Closes *parent*."""
    path_fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    os.close(parent)
    try:
        by_fd = f"/proc/self/fd/{path_fd}"
        os.chmod(by_fd, 0o700)  # noqa: PTH101  (through the descriptor, not the name)
        return os.open(by_fd, os.O_RDONLY | os.O_DIRECTORY)
    finally:
        os.close(path_fd)


def _split(fd: int, top_fd: int, *, lift: bool = False) -> list[str]:
    """Unlink what is no directory in *fd*; name the directories, or *lift* them into *top_fd*."""
    directories = []
    for name in os.listdir(fd):
        if not stat.S_ISDIR(os.lstat(name, dir_fd=fd).st_mode):
            os.unlink(name, dir_fd=fd)
        elif lift:
            os.close(_open_own(name, os.dup(fd)))  # a directory must be writable to be moved
            os.rename(name, secrets.token_hex(16), src_dir_fd=fd, dst_dir_fd=top_fd)
        else:
            directories.append(name)
    return directories
