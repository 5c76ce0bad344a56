"""Two ledgers that began apart: whether one of them may give way to the other.

The tip's signature covers what lies below it, for whoever has followed the line. Somebody who takes
a line over as a whole has not: there each closing has to be of a key that is believed today.
"""

import pygit2

from gitops.ledger.reading import Trust, tree_of, trust
from gitops.objects import DamagedObjectError, MissingObjectError, read_object, read_tree
from gitops.repository import Store
from policy.ids import CommitId


def is_empty_root(store: Store, tip: CommitId, own: str) -> bool:
    """Return whether *tip* only begins a ledger, signed by *own*: nothing was closed on it."""
    raw = read_object(store, tip, "commit")
    return (
        not store.repo[tip].peel(pygit2.Commit).parent_ids
        and trust(raw, own)[0] is Trust.VERIFIED
        and not read_tree(store, tree_of(raw))
    )


def is_believed_throughout(store: Store, tip: CommitId, trusted: str) -> bool:
    """Return whether a key of *trusted* signed each closing, from the first one to *tip*."""
    at: CommitId | None = tip
    while at is not None:
        try:
            raw = read_object(store, at, "commit")
        except (MissingObjectError, DamagedObjectError):
            return False
        if trust(raw, trusted)[0] is not Trust.VERIFIED:
            return False
        parents = store.repo[at].peel(pygit2.Commit).parent_ids
        at = CommitId(str(parents[0])) if parents else None
    return True
