"""What the host may be short of: room, descriptors, memory. Not an error of anybody's work."""

import errno
import os

import pygit2

_SHORT_OF = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS}
"""The host is short of something: wait for it, however long, and say so."""


def is_shortage(error: BaseException) -> bool:
    """Tell whether the host is short of something; libgit2 says so in words only."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _SHORT_OF
    said = str(error) if isinstance(error, OSError | pygit2.GitError) else ""
    return any(said.endswith(os.strerror(number)) for number in _SHORT_OF)
