"""What is in a folder that set-up commands filled: made the daemon's own, measured, named.

No process writes to it any more, so names can be walked; what is neither file, folder nor link is
refused, and nothing is followed.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policy.canonical import digest
from policy.ids import Digest
from policy.rules.environments import EnvironmentSize


class RefusedError(Exception):
    """The folder cannot be an environment; the text says what is in it that cannot."""


@dataclass(frozen=True)
class Measured:
    files: int
    bytes: int


def freeze(top: Path, size: EnvironmentSize, *, own: bool) -> Measured:
    """Make *top* and all in it the daemon's own and nobody's to write; *own*: it is root.

    Raises `RefusedError` for what cannot be kept, and `OSError`.
    """
    files = total = 0
    for path, seen in _walk(top):
        files, total = files + 1, total + seen.st_size
        if files > size.max_files or total > size.max_bytes:
            raise RefusedError(
                f"it is larger than `sandbox.environment` allows: {size.max_files} files, "
                f"{size.max_bytes} bytes"
            )
        _take(path, seen, own=own)
    return Measured(files, total)


def _take(path: str, seen: os.stat_result, *, own: bool) -> None:
    if own:
        os.chown(path, 0, 0, follow_symlinks=False)
    if stat.S_ISLNK(seen.st_mode):
        return
    if not stat.S_ISDIR(seen.st_mode) and not stat.S_ISREG(seen.st_mode):
        raise RefusedError(f"{path!a} is neither a file nor a folder nor a link")
    # set-user-id bits go, and everybody may read: it is mounted for a user who owns none of it
    runs = stat.S_ISDIR(seen.st_mode) or seen.st_mode & 0o111
    write = 0o200 if own else 0
    os.chmod(path, (0o555 if runs else 0o444) | write)  # noqa: PTH101 - a str of any bytes


def contents(top: Path) -> Digest:
    """Return the digest of names, kinds, modes and contents. Reads everything."""
    return digest(sorted([_name(path, top), *_content(path, seen)] for path, seen in _walk(top)))


def seal(top: Path) -> Digest:
    """Return the digest of what changes whenever anything in *top* does. Reads no content.

    Nobody but the kernel sets the time of a change (`ctime`); a power loss, after which contents
    may not be what they were though all this is, is told by the boot.
    """
    rows = [
        [_name(path, top), seen.st_mode, seen.st_uid, seen.st_size, seen.st_mtime_ns,
         seen.st_ctime_ns, seen.st_ino]
        for path, seen in _walk(top)
    ]  # fmt: skip
    return digest(sorted(rows))


def _name(path: str, top: Path) -> str:
    """Return where *path* is below *top*, as text that JSON takes whatever bytes it has."""
    return os.fsencode(path[len(str(top)) :]).hex()


def _content(path: str, seen: os.stat_result) -> tuple[int, str]:
    mode = stat.S_IFMT(seen.st_mode) | (seen.st_mode & 0o111)
    if stat.S_ISLNK(seen.st_mode):
        return mode, os.readlink(path).encode("utf-8", "surrogateescape").hex()  # noqa: PTH115
    if stat.S_ISDIR(seen.st_mode):
        return mode, ""
    with open(path, "rb") as file:  # noqa: PTH123 - a str of any bytes
        return mode, hashlib.file_digest(file, "sha256").hexdigest()


def _walk(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield *top* and everything below it, folders before what is in them."""
    yield str(top), os.lstat(top)
    waiting = [str(top)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                seen = entry.stat(follow_symlinks=False)
                yield entry.path, seen
                if stat.S_ISDIR(seen.st_mode):
                    waiting.append(entry.path)
