"""Which processes work on a repository now, as far as this host can see.

git closes a lock file before it has finished with it, so an open file is not the whole answer: a
git that stands in the repository counts too. A git that cannot be looked into counts as working,
unless it belongs to a user who could not write there.
"""

import os
import select
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_PROC = Path("/proc")


def working_on(directories: Sequence[Path]) -> tuple[int, ...]:
    """Return the other processes that hold a file below *directories*, or are a git in there."""
    below = tuple(f"{directory}/" for directory in directories)
    writers = {0, os.geteuid()}
    shared = any(directory.stat().st_mode & _BY_OTHERS for directory in directories)
    writers.update(directory.stat().st_uid for directory in directories)
    return tuple(
        pid for pid in _others() if _works_on(pid, below, None if shared else frozenset(writers))
    )


_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def writing_index(index: Path) -> tuple[int, ...]:
    """Return the processes that were started to work on this private index."""
    wanted = b"GIT_INDEX_FILE=" + os.fsencode(index)
    return tuple(pid for pid in _others() if wanted in _read(pid, "environ").split(b"\0"))


def wait_gone(pids: Sequence[int], patience_s: float) -> bool:
    """Wait until all of *pids* ended, or *patience_s* seconds; return whether they did."""
    until = time.monotonic() + patience_s
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            left = max(0.0, until - time.monotonic())
            if not select.select([descriptor], [], [], left)[0]:
                return False
        finally:
            os.close(descriptor)
    return True


def is_alive(pid: int) -> bool:
    return (_PROC / str(pid)).exists()


def _others() -> Iterator[int]:
    for name in os.listdir(_PROC):  # noqa: PTH208  # names only
        if name.isdigit() and int(name) != os.getpid():
            yield int(name)


def _works_on(pid: int, below: tuple[str, ...], writers: frozenset[int] | None) -> bool:
    """*writers* are the users that could change the repository, None if anybody might."""
    is_git = _read(pid, "comm").startswith((b"git", b"jgit"))
    try:
        open_files = [_target(pid, f"fd/{name}") for name in os.listdir(_PROC / f"{pid}/fd")]  # noqa: PTH208  # names only
        here = _target(pid, "cwd")
    except PermissionError:
        return is_git and (writers is None or _owner(pid) in writers)
    except OSError:
        return False
    if any(path.startswith(below) for path in open_files):
        return True
    return is_git and f"{here}/".startswith(below)


def _owner(pid: int) -> int:
    try:
        return (_PROC / str(pid)).stat().st_uid
    except OSError:
        return -1


def _target(pid: int, name: str) -> str:
    try:
        return str((_PROC / str(pid) / name).readlink())
    except FileNotFoundError:
        return ""


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
