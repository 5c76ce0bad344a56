"""What a decision may look at, read at one pinned commit of the target.

Every read of a tick starts from the `Tip` taken at its beginning, so a push in between changes the
next tick and never half of this one (R19).
"""

from dataclasses import dataclass

import pygit2

from gitops.objects import FILE_MODE, TREE_MODE, read_tree
from gitops.repository import Store
from policy.ids import BlobId, CommitId, RefName, TreeId

_EXECUTABLE = 0o100755
PAUSE = ".pawl/PAUSE"
POLICY = ".pawl/policy.yaml"


@dataclass(frozen=True)
class Tip:
    """The target as one commit."""

    ref: RefName
    commit: CommitId
    tree: TreeId


@dataclass(frozen=True)
class Lost:
    """The target cannot be read as a commit: deleted, symbolic, damaged (F33). Freezes."""

    ref: RefName
    why: str


def observe_tip(store: Store, ref: RefName) -> Tip | Lost:
    """Return what *ref* points at now."""
    try:
        reference = store.repo.references[ref]
    except (KeyError, ValueError, pygit2.GitError) as error:
        return Lost(ref, f"{ref} cannot be read: {error or 'there is no such ref'}")
    if reference.type is not pygit2.enums.ReferenceType.DIRECT:
        return Lost(ref, f"{ref} is symbolic (it names {reference.target}), not a branch")
    try:
        commit = store.repo[reference.target]
    except (KeyError, ValueError, pygit2.GitError) as error:
        return Lost(ref, f"{ref} points at {reference.target}, which cannot be read: {error}")
    if not isinstance(commit, pygit2.Commit):
        return Lost(ref, f"{ref} points at a {commit.type_str}, not at a commit")
    return Tip(ref, CommitId(str(commit.id)), TreeId(str(commit.tree_id)))


def blob_at(store: Store, tree: TreeId, path: str) -> BlobId | None:
    """Return the id of the regular file at *path*, None where there is none.

    Raises `MissingObjectError` or `DamagedObjectError` where a folder on the way cannot be read.
    """
    mode, oid = entry_at(store, tree, path) or (0, "")
    return BlobId(oid) if mode in (FILE_MODE, _EXECUTABLE) else None


def is_at(store: Store, tree: TreeId, path: str) -> bool:
    """Return whether there is anything at *path*: file, folder, link or gitlink.

    Raises as `blob_at`: a folder that cannot be read is not an empty one.
    """
    return entry_at(store, tree, path) is not None


def entry_at(store: Store, tree: TreeId, path: str) -> tuple[int, str] | None:
    """Return mode and oid of whatever is at *path*, None where there is nothing; see `blob_at`."""
    mode, oid = TREE_MODE, str(tree)
    for name in path.encode("utf-8", "surrogateescape").split(b"/"):
        if mode != TREE_MODE:
            return None
        found = read_tree(store, oid).get(name)
        if found is None:
            return None
        mode, oid = found
    return mode, oid


def is_paused(store: Store, tree: TreeId) -> bool:
    """Return whether `.pawl/PAUSE` is there, as whatever kind of entry: in doubt it is."""
    return is_at(store, tree, PAUSE)


def contains(store: Store, tip: CommitId, commit: CommitId) -> bool:
    """Return whether *commit* is *tip* or an ancestor of it; what is no commit contains nothing."""
    if not isinstance(store.repo.get(tip), pygit2.Commit):
        return False
    if tip == commit:
        return True
    if commit not in store.repo:
        return False
    return store.repo.descendant_of(tip, commit)


def follows(store: Store, tip: CommitId, commit: CommitId) -> bool:
    """Return whether *commit* is *tip* or on its first-parent line, as a ledger's past is.

    Unlike `contains` this never walks the history of the code that a ledger commit has beside it.
    What is not there, or is no commit, has no past.
    """
    at = tip
    while at != commit:
        found = store.repo.get(at)
        if not isinstance(found, pygit2.Commit) or not found.parent_ids:
            return False
        at = CommitId(str(found.parent_ids[0]))
    return tip in store.repo
