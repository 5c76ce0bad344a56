"""What stands in the way of writing where pawl must: the state directory, the git directory.

Looked at before anything is begun, and only looked at: nothing is written to find out. A superuser
too is told no by a mount that is read-only or a folder that is immutable.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from policy.ids import RefName

_FILES = (
    "lock", "highwater.json", "health.json", "instance", "people.json", "stacks.txt",
    "stacks.last.txt",
)  # fmt: skip
_FOLDERS = ("sandbox", "cache", "evidence", "base-records")
_WITHIN = tuple(f"sandbox/{name}" for name in ("environments", "etc", "layers", "output", "runs"))
"""What has its name in a state directory; each is missing until it is first written."""


@dataclass(frozen=True)
class Obstacle:
    """What pawl has to write and cannot: *why*, and what a person does *then*."""

    path: Path
    why: str
    then: str


class GroundError(Exception):
    """Nothing was begun, because pawl could not record what it does. Exit code 9."""

    def __init__(self, obstacles: Iterable[Obstacle]) -> None:
        super().__init__(
            "\n".join(f"cannot write {one.path}: {one.why}; {one.then}" for one in obstacles)
        )


def refuse(obstacles: Iterable[Obstacle]) -> None:
    """Raise `GroundError` with all *obstacles* where there is one."""
    found = tuple(obstacles)
    if found:
        raise GroundError(found)


@contextmanager
def standing_on(path: Path) -> Iterator[None]:
    """Raise `GroundError` for what the system says about writing *path*."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)[-_SAID:]  # a copied tree tells of each of its files
        then = "mend that, or make room (df), then try again"
        raise GroundError([Obstacle(path, why, then)]) from error


_SAID = 300
"""Characters of what the system says that are shown."""


def of_state(state: Path) -> Iterator[Obstacle]:
    """Yield what stands in the way in the state directory; it may be yet to be made."""
    made = next(path for path in (state, *state.parents) if os.path.lexists(path))
    if not made.is_dir():
        yield _odd(made, "folder")
        return
    unwritable = tuple(_unwritable(made))
    yield from unwritable
    if unwritable or made != state:
        return
    for path in (state / name for name in _FILES):
        if path.exists() and not path.is_file():
            yield _odd(path, "file")
    for path in (state / name for name in _FOLDERS):
        if os.path.lexists(path):
            yield from _unwritable(path) if path.is_dir() else (_odd(path, "folder"),)
    for path in (state / name for name in _WITHIN):
        if os.path.lexists(path) and not path.is_dir():
            yield _odd(path, "folder")


def of_repository(gitdir: Path, target: RefName) -> Iterator[Obstacle]:
    """Yield the folders of the repository at *gitdir* where refs and objects cannot be written."""
    folders = (
        gitdir,
        gitdir / "objects",
        gitdir / "objects" / "pack",
        gitdir / "refs",
        gitdir / "refs" / "heads",
        gitdir / "refs" / "heads" / "pawl",
        gitdir / "refs" / "pawl",
        (gitdir / target).parent,
    )
    for folder in dict.fromkeys(folders):
        if folder.is_dir():
            unwritable = tuple(_unwritable(folder))
            yield from unwritable
            if unwritable and folder == gitdir:
                return


def _unwritable(folder: Path) -> Iterator[Obstacle]:
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        why = "it is on a file system that is mounted read-only"
        yield Obstacle(folder, why, f"mount it writable (findmnt -T {folder}), then try again")
        return
    found = folder.stat()
    why = f"uid {os.getuid()} may not (mode {found.st_mode & 0o7777:04o}, uid {found.st_uid})"
    mend = f"chown or chmod it, or `chattr -i` if `lsattr -d {folder}` shows an i"
    yield Obstacle(folder, why, f"{mend}, then try again")


def _odd(path: Path, wanted: str) -> Obstacle:
    return Obstacle(path, f"it is no {wanted}", "look at it and move it away, then try again")
