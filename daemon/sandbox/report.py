"""The report a process wrote outside its work tree: bytes nobody has judged yet."""

import os
import stat
from pathlib import PurePosixPath

from daemon.sandbox.bwrap import REPORT_FILE

_HOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_report(directory: int, largest: int) -> bytes | None:
    """Return the report in the open *directory* of a finished run, which was empty at its start.

    None where there is no regular file of at most *largest* bytes: links are not followed, a FIFO
    is not waited for, an unreadable file is no report.
    """
    try:
        fd = os.open(PurePosixPath(REPORT_FILE).name, _HOW, dir_fd=directory)
    except OSError:
        return None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > largest:
            return None
        with os.fdopen(os.dup(fd), "rb") as file:
            return file.read(largest)
    finally:
        os.close(fd)
