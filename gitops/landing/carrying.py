"""A mission's own work carried over to the target as it is, for its next attempt to go on from.

The commit is a function of ids alone, so looking at what it would be and making it are the same
computation: it is looked at in a batch that nobody saves, and made in the step that uses it.
"""

from dataclasses import dataclass

import pygit2

from gitops.commits import tree_of, unsigned_commit
from gitops.landing.merge import Conflicted, Merged, transplant
from gitops.objects import Batch
from gitops.repository import Store
from policy.ids import CommitId, MissionId, TreeId


@dataclass(frozen=True)
class CarriedOver:
    """*commit* has the work's whole diff on *base*; it is the checkpoint where that is its base."""

    commit: CommitId
    tree: TreeId
    base: CommitId


def carry_over(
    store: Store,
    batch: Batch,
    *,
    mission: MissionId,
    base: CommitId,
    checkpoint: CommitId,
    work: TreeId,
    tip: CommitId,
) -> CarriedOver | Conflicted:
    """Return the diff from *base* to *checkpoint* on *tip*; *batch* holds what is made for it.

    *work* is the checkpoint's tree: the checkpoint itself may not be stored yet.
    """
    if base == tip:
        return CarriedOver(checkpoint, work, base)
    match transplant(batch, tree_of(store, base), tree_of(store, tip), work):
        case Conflicted() as conflicted:
            return conflicted
        case Merged(tree=tree):
            pass
    raw = unsigned_commit(
        tree=tree,
        parents=(tip, checkpoint),
        message=f"{mission}: its work so far, on {tip[:12]}\n",
        at=store.repo[tip].peel(pygit2.Commit).commit_time,
    )
    return CarriedOver(batch.commit(raw), tree, tip)


def patch_of(store: Store, base: CommitId, work: TreeId, most: int) -> tuple[str, int]:
    """Return the diff as text, cut to *most* bytes at a line's end, and the bytes of all of it."""
    old, new = (store.repo[one].peel(pygit2.Tree) for one in (tree_of(store, base), work))
    diff = old.diff_to_tree(new)
    kept, size = b"", 0
    for patch in diff:
        if patch is None:
            continue
        size += len(patch.data)
        kept += patch.data[: max(0, most - len(kept))]
    if size > len(kept):
        kept = kept[: kept.rfind(b"\n") + 1]
    return kept.decode(errors="replace"), size
