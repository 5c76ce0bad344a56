"""One daemon per repository: an exclusive `flock` on a file in the state directory.

`flock`, never `lockf`: POSIX locks vanish when any descriptor of the file is closed in the process
(reliability E22b). The descriptor is close-on-exec, so no builder inherits the lock.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from daemon.ground import of_state, refuse, standing_on


class LockedError(Exception):
    """Another daemon works on this repository. Exit code 75."""


@dataclass
class Instance:
    """The proof that the lock is held, and which holding of it this is."""

    host: str
    """Recorded in every fact: the host's name; with a hub, a name no other daemon there has."""
    epoch: int
    """Counted up by each start; recorded in every fact."""

    @property
    def nodename(self) -> str:
        """The host's name, which others may have as well."""
        return os.uname().nodename

    def rename(self, host: str) -> None:
        self.host = host


@contextmanager
def single_instance(state: Path) -> Iterator[Instance]:
    """Hold the lock of the state directory *state*.

    Raises `LockedError` if another has it, `GroundError` where nothing can be recorded there.
    """
    refuse(of_state(state))
    with standing_on(state / "lock"):
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with standing_on(state / "lock"):
            _take(fd, state)
            instance = _next_epoch(fd)
        yield instance
    finally:
        os.close(fd)


def _take(fd: int, state: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LockedError(
            f"cannot start: another pawl holds {state / 'lock'} ({_read(fd)}). Wait for it or stop "
            "it; the lock goes with its process, no file needs deleting"
        ) from error


def _read(fd: int) -> str:
    return os.pread(fd, 4096, 0).decode("utf-8", "replace").strip() or "just started"


def _next_epoch(fd: int) -> Instance:
    host = os.uname().nodename
    try:
        epoch = int(json.loads(_read(fd))["epoch"]) + 1
    except (ValueError, KeyError, TypeError):
        epoch = 1
    row = json.dumps({"pid": os.getpid(), "host": host, "epoch": epoch})
    os.pwrite(fd, row.encode(), 0)
    os.ftruncate(fd, len(row))
    os.fsync(fd)
    return Instance(host=host, epoch=epoch)
