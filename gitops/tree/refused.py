"""Why a work tree cannot be a git tree, raised from deep inside a walk."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from policy.bus.result import Refused

Reason = Literal[
    "fifo", "socket", "device", "nested_repository", "too_many_files", "too_large",
    "file_too_large", "too_deep", "bad_name", "overlay_attribute", "unreadable", "changed",
]  # fmt: skip


class RefusedError(Exception):
    """Ends a walk; nobody outside of snapshot.py sees it, only the `Refused` it holds."""

    def __init__(self, reason: Reason, path: bytes, why: str) -> None:
        # Facts are JSON, so a name that is not UTF-8 is shown escaped.
        shown = path.decode("utf-8", "backslashreplace")
        self.refused = Refused(reason=reason, path=shown, why=why)
        super().__init__(f"{shown}: {why}")


@contextmanager
def blamed(path: bytes) -> Iterator[None]:
    """Refuse *path* where the system says it cannot be read; raise what is the host's fault."""
    try:
        yield
    except OSError as error:
        if error.errno in _MOVED:
            why = f"it changed while it was read ({error.strerror}): a process was still there"
            raise RefusedError("changed", path, why) from error
        if error.errno in _FORBIDDEN:
            raise RefusedError("unreadable", path, f"the system says: {error.strerror}") from error
        raise


_MOVED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ESTALE, errno.EINVAL}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
