"""Commits the daemon makes without its signature: checkpoints and candidates, evidence only.

Fixed identity and UTC, so that the same work at the same second is the same commit.
"""

import pygit2

from gitops.repository import Store
from gitops.signing import AUTHOR
from policy.ids import CommitId, TreeId


def unsigned_commit(*, tree: TreeId, parents: tuple[CommitId, ...], message: str, at: int) -> bytes:
    """Return the raw commit. *at* is in seconds since 1970; raises `ValueError` for a NUL."""
    if "\0" in message:
        raise ValueError("a commit message cannot hold a NUL")
    head = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    who = f"{AUTHOR} {at} +0000"
    return "\n".join([*head, f"author {who}", f"committer {who}", "", message]).encode()


def tree_of(store: Store, commit: CommitId) -> TreeId:
    """Return the tree of *commit*; raise `KeyError` where there is no such commit."""
    return TreeId(str(store.repo[commit].peel(pygit2.Tree).id))
