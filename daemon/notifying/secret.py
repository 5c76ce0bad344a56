"""A secret as its file holds it: read each time it is used, so that a new one is used at once."""

import os
import stat
from pathlib import Path

_MOST_BYTES = 4096


class SecretError(Exception):
    """The file cannot be used; says why, never what is in it."""


def read_secret(path: Path, credentials: Path | None) -> str:
    """Return the one line in *path*; raise `SecretError` where others may read it, too.

    What systemd hands to the unit lies in *credentials*, which is closed as a whole.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:  # Path.open has no opener
            found = os.fstat(file.fileno())
            _refuse_exposed(path, found, credentials)
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise SecretError(f"{path} cannot be read: {error.strerror}") from error
    lines = content.decode("utf-8", "replace").split("\n")
    if len(content) > _MOST_BYTES or not lines[0].strip() or any(map(str.strip, lines[1:])):
        raise SecretError(f"{path} must hold one line, and nothing else")
    return lines[0].strip()


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited for


def _refuse_exposed(path: Path, found: os.stat_result, credentials: Path | None) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretError(f"{path} is not a file")
    if credentials is not None and path.is_relative_to(credentials):
        return
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise SecretError(f"{path}: mode {mode:04o} lets others in; chmod go-rwx {path}")
    if found.st_uid not in {0, os.geteuid()}:
        raise SecretError(
            f"{path} belongs to uid {found.st_uid}, neither to root nor to the daemon"
        )
