"""Every ref name the daemon owns is spelled here, and every ref is moved here: by compare-and-swap.

`references.create(force=False)` is not exclusive (two winners in 24 of 4,000 races), and a ref
file of 0 bytes is missing from libgit2's listing without a word; neither is used alone here.
"""

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import ReferenceType

from gitops import packs
from gitops.packed_refs import packed_names
from gitops.repository import Store
from policy.ids import CommitId, MissionId, RefName

LEDGER = RefName("refs/heads/pawl/ledger")
MISSIONS = "refs/pawl/missions/"
WORK = "refs/heads/pawl/work/"
LEASES = "refs/pawl/leases/"
REMOTE = "refs/pawl/remote/"
"""What the hub had when it was last looked at: `refs/heads/main` there is `heads/main` here."""
LOST = "refs/pawl/lost/"
"""Steps recorded here that the hub did not take, by mission: kept for a while, never used."""
MOVING = "pawl-moving"
"""A file in the git dir, for as long as a ref is moved that others move too: the ref's name.

A lock that was made after it is ours, whatever a kill left in the lock (`locks.py`)."""


def mission_ref(mission: MissionId) -> RefName:
    return RefName(MISSIONS + mission)


def work_ref(mission: MissionId) -> RefName:
    return RefName(WORK + mission)


def lease_ref(host: str) -> RefName:
    return RefName(LEASES + host)


def tracking_ref(ref: str) -> RefName:
    """Return where the hub's *ref* is kept here."""
    return RefName(REMOTE + ref.removeprefix("refs/").removeprefix("pawl/"))


def lost_ref(mission: MissionId, tip: CommitId) -> RefName:
    return RefName(f"{LOST}{mission}/{tip}")


def branch_ref(branch: str) -> RefName:
    return RefName(f"refs/heads/{branch}")


class RefLockedError(Exception):
    """A `.lock` file is in the way: somebody writes the ref now, or was killed while doing so."""

    def __init__(self, ref: str, lock: Path) -> None:
        super().__init__(
            f"cannot move {ref}: {lock} exists; try again, and if it stays and no git runs on "
            "this repository, remove it"
        )
        self.ref = ref
        self.lock = lock


class UnwritableRefError(OSError):
    """The disk, or who may write on it, does not let a ref be moved."""

    def __init__(self, ref: str, gitdir: Path, why: str) -> None:
        super().__init__(
            f"cannot move {ref}: {why}; look at room, owner, mode and attributes there "
            f"(df {gitdir}; ls -ld and lsattr -d of the folder), and it is tried again"
        )
        self.ref = ref


class BrokenRefError(Exception):
    """A ref exists but names no object: 0 bytes, garbage, or symbolic where it must not be."""

    def __init__(self, ref: str, why: str) -> None:
        super().__init__(
            f"cannot read {ref}: {why}; point it at the right commit (git update-ref {ref} OID)"
        )
        self.ref = ref
        self.why = why


@dataclass(frozen=True)
class Listing:
    """The refs under a prefix, and those that are there but cannot be read (name -> why)."""

    refs: Mapping[RefName, CommitId]
    broken: Mapping[RefName, str]


@dataclass(frozen=True)
class Missions:
    """The open missions, and those whose ref is damaged: these are frozen, not absent."""

    open: Mapping[MissionId, CommitId]
    broken: Mapping[MissionId, str]


def read(store: Store, ref: RefName) -> CommitId | None:
    """Return what *ref* points at, None if there is no such ref; raise `BrokenRefError`."""
    reference = _lookup(store, ref)
    return None if reference is None else CommitId(str(reference.target))


def create(store: Store, ref: RefName, to: CommitId) -> bool:
    """Make *ref*; return False, changing nothing, if it exists."""

    def made() -> bool:
        _make_parents(store, ref)
        with _announced(store, ref), store.repo.transaction() as transaction:
            transaction.lock_ref(ref)
            if _lookup(store, ref) is not None:
                return False
            transaction.set_target(ref, pygit2.Oid(hex=to))
        return True

    try:
        return _though_packed(made)
    except (pygit2.GitError, OSError) as error:
        return _lost(store, ref, None, error)


def move(store: Store, ref: RefName, *, to: CommitId, was: CommitId) -> bool:
    """Point *ref* at *to* if it still is at *was*; return False, changing nothing, if not."""
    reference = _lookup(store, ref)
    if reference is None or str(reference.target) != was:
        return False
    try:
        with _announced(store, ref):
            reference.set_target(pygit2.Oid(hex=to))
    except (pygit2.GitError, OSError) as error:
        return _lost(store, ref, was, error)
    return True


def delete(store: Store, ref: RefName, *, was: CommitId) -> bool:
    """Remove *ref* if it still is at *was*; return False, changing nothing, if not."""
    reference = _lookup(store, ref)
    if reference is None or str(reference.target) != was:
        return False
    try:
        with _announced(store, ref):
            reference.delete()
    except (pygit2.GitError, OSError) as error:
        return _lost(store, ref, was, error)
    return True


def list_refs(store: Store, prefix: str) -> Listing:
    """Return the refs under *prefix*, which ends in `/`: a directory walk, and what is packed.

    A name that cannot be looked up is broken. The refs of others cost nothing, however many there
    are. Loose before packed: a ref that is packed meanwhile is seen in one of the two.
    """
    names = {*_walk(store.gitdir, prefix)}
    names.update(packed_names(store, prefix))
    found: dict[RefName, CommitId] = {}
    broken: dict[RefName, str] = {}
    for name in sorted(names):
        ref = RefName(name)
        try:
            target = read(store, ref)
        except BrokenRefError as error:
            broken[ref] = error.why
        else:
            if target is not None:
                found[ref] = target
    return Listing(found, broken)


def list_missions(store: Store) -> Missions:
    """Return the open missions by id."""
    listing = list_refs(store, MISSIONS)
    return Missions(
        {MissionId(ref.removeprefix(MISSIONS)): tip for ref, tip in listing.refs.items()},
        {
            MissionId(ref.removeprefix(MISSIONS)): f"its ledger {ref} cannot be read: {why}"
            for ref, why in listing.broken.items()
        },
    )


def only_ours(ref: str) -> bool:
    """Return whether nobody but the daemon writes *ref*."""
    return ref.startswith((MISSIONS, LEASES, REMOTE, LOST)) or ref == LEDGER


@contextmanager
def _announced(store: Store, ref: RefName) -> Iterator[None]:
    if only_ours(ref):
        yield
        return
    note = store.gitdir / MOVING
    note.write_text(ref)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def _lookup(store: Store, ref: RefName) -> pygit2.Reference | None:
    try:
        reference = store.repo.references[ref]
    except KeyError:
        return None
    except (pygit2.GitError, ValueError, OSError) as error:
        raise BrokenRefError(ref, str(error)) from error
    if reference.type != ReferenceType.DIRECT:
        raise BrokenRefError(ref, f"it is symbolic, to {reference.target}")
    return reference


def _lost(store: Store, ref: RefName, expected: CommitId | None, error: Exception) -> bool:
    """Tell a lost race (False) from a lock that is in the way and from real trouble (raised)."""
    if read(store, ref) != expected:
        return False
    lock = _LOCK.search(str(error))
    if lock is not None:
        raise RefLockedError(ref, Path(lock[1])) from error
    if isinstance(error, OSError) or _UNWRITABLE in str(error):
        raise UnwritableRefError(ref, store.gitdir, str(error)) from error
    raise error


# libgit2 says it in two ways: the lock was there when it looked, or came between that and its own.
_LOCK = re.compile(r"failed to (?:lock|create locked) file '(.*)'(?: for writing|: File exists)")


_UNWRITABLE = "failed to create locked file"  # libgit2 gives no class for it


def _though_packed(act: Callable[[], bool]) -> bool:
    """Do *act*, and again where its folder went: `git pack-refs` removes those that are empty."""
    for _ in range(_FOLDERS_GONE):
        try:
            return act()
        except (pygit2.GitError, OSError) as error:
            if os.strerror(errno.ENOENT) not in str(error):
                raise
    return act()


_FOLDERS_GONE = 10
"""So often in a row that is a coincidence; then it is trouble, and told."""


def _make_parents(store: Store, ref: RefName) -> None:
    """Make the directories of a new ref so that they survive what the ref itself survives."""
    missing: list[Path] = []
    parent = (store.gitdir / ref).parent
    while not parent.is_dir():
        missing.append(parent)
        parent = parent.parent
    for directory in reversed(missing):
        with suppress(FileExistsError):
            directory.mkdir()
        if store.durability == "full":
            packs.sync_directory(directory.parent)


def _walk(gitdir: Path, prefix: str) -> Iterator[str]:
    top = f"{gitdir}/"
    for directory, _, files in os.walk(top + prefix.removesuffix("/")):
        for name in files:
            if not name.endswith(".lock"):
                yield f"{directory}/{name}".removeprefix(top)
