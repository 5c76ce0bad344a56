"""What the host may be short of: room, descriptors, memory. Not an error of anybody's work."""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from daemon.outside import Outside

_SHORT_OF = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS}
"""The host is short of something: wait for it, however long, and say so."""


def is_shortage(error: BaseException) -> bool:
    """Tell whether the host is short of something; libgit2 says so in words only."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _SHORT_OF
    said = str(error) if isinstance(error, OSError | pygit2.GitError) else ""
    return any(said.endswith(os.strerror(number)) for number in _SHORT_OF)


@dataclass(frozen=True)
class Disk:
    """Where something of the daemon's is written, and how many bytes are free there."""

    folder: Path
    free: int


def disks(outside: Outside) -> Iterator[Disk]:
    """Yield where work trees and evidence lie, and where objects do; not what tells no size."""
    for folder in (outside.state, Path(outside.host.git_dir) / "objects"):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        now = os.statvfs(there)
        if now.f_blocks:
            yield Disk(folder, now.f_bavail * now.f_frsize)


def short_of_room(outside: Outside) -> str | None:
    """Return why nothing may be started here, None where each disk has the host file's floor.

    The words stay the same while the number of free bytes moves: they are told once.
    """
    floor = outside.host.free_bytes
    full = [str(disk.folder) for disk in disks(outside) if disk.free < floor]
    if not full:
        return None
    return (
        f"this host is short of room: fewer than {floor} bytes (`free_bytes` in the host file) are "
        f"free at {' and at '.join(full)}; nothing is started until there are more, and then it "
        "goes on by itself"
    )
