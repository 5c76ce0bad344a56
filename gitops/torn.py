"""Loose objects that a power loss tore: taken out of git's way, if nobody needs them.

git never rewrites an object it believes to have, so a torn one makes every repetition of the step
that made it fail (reliability.md finding 3). One that something reaches is not ours to remove.
"""

import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pygit2

from gitops.finding import Doubt, Finding, Healed
from gitops.repository import Store

_PENDING = ".pending"


def torn_objects(store: Store, *, since: float | None) -> tuple[Finding, ...]:
    """Move torn loose objects to `<gitdir>/pawl-corrupt/`, or say what of the history they break.

    Only objects written after *since* (seconds since 1970) are read; all if it is None.
    """
    _put_back(store)
    torn = [path for path in _loose(store, since) if not _is_whole(path)]
    if not torn:
        return ()
    store.corrupt_directory.mkdir(exist_ok=True)
    moved: dict[str, Path] = {}
    for path in torn:
        oid = path.parent.name + path.name
        path.rename(store.corrupt_directory / f"{oid}{_PENDING}")
        moved[oid] = path
    store.reopen()
    lacking = {oid for oid in moved if not _reads(store, oid)}
    needed = _needed(store) if lacking else set()
    return tuple(_decide(store, oid, path, oid in needed) for oid, path in moved.items())


def _decide(store: Store, oid: str, path: Path, needed: bool) -> Finding:  # noqa: FBT001  # private
    pending = store.corrupt_directory / f"{oid}{_PENDING}"
    if needed:
        pending.rename(path)
        what = "it is damaged and something reaches it; fetch it from a clone, then run git fsck"
        return Doubt(str(path), what)
    pending.rename(store.corrupt_directory / oid)
    return Healed(str(path), f"it was damaged and nothing needs it; moved to {pending.parent}")


def _put_back(store: Store) -> None:
    """Undo what a kill in between moved and did not decide about."""
    if not store.corrupt_directory.is_dir():
        return
    for pending in store.corrupt_directory.glob(f"*{_PENDING}"):
        oid = pending.name.removesuffix(_PENDING)
        path = store.gitdir / "objects" / oid[:2] / oid[2:]
        if path.exists():
            pending.rename(store.corrupt_directory / oid)
        else:
            path.parent.mkdir(exist_ok=True)
            pending.rename(path)


def _loose(store: Store, since: float | None) -> Iterator[Path]:
    for directory in (store.gitdir / "objects").glob("[0-9a-f][0-9a-f]"):
        with suppress(FileNotFoundError):  # packed and pruned meanwhile, as a person's gc does
            yield from _loose_in(directory, since)


def _loose_in(directory: Path, since: float | None) -> Iterator[Path]:
    for entry in os.scandir(directory):
        if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            with suppress(FileNotFoundError):
                if since is None or entry.stat(follow_symlinks=False).st_mtime >= since:
                    yield Path(entry.path)


_NAME = re.compile(r"[0-9a-f]{38}")
_CHUNK = 1 << 20


def _is_whole(path: Path) -> bool:
    """Return whether the file holds the object it is named after; memory stays small."""
    found = hashlib.sha1(usedforsecurity=False)
    inflate = zlib.decompressobj()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(inflate.decompress(chunk))
    except zlib.error:
        return False
    except FileNotFoundError:
        return True  # packed and pruned meanwhile
    return inflate.eof and found.hexdigest() == path.parent.name + path.name


def _reads(store: Store, oid: str) -> bool:
    try:
        store.repo.odb.read(oid)
    except (KeyError, ValueError, OSError, pygit2.GitError):
        return False
    return True


def _needed(store: Store) -> set[str]:
    """Return the ids of objects that a ref reaches and the repository does not have."""
    nowhere = store.corrupt_directory / "no-index"
    done = store.git.run(
        "fsck",
        "--connectivity-only",
        "--no-reflogs",
        "--no-dangling",
        "--no-progress",
        index=nowhere,
        accept=range(256),
    )
    text = (done.stdout + done.stderr).decode(errors="replace")
    return set(re.findall(r"\b[0-9a-f]{40}\b", text))
