"""What differs between two commits, path by path, as a checkout must be changed.

Paths are bytes: a name that is not UTF-8 is a name.
"""

from dataclasses import dataclass

import pygit2

from gitops.repository import Store
from policy.ids import CommitId

SUBMODULE = "160000"
SYMLINK = "120000"


@dataclass(frozen=True)
class Side:
    """One version of a path. *mode* is git's, as text: `100644`."""

    mode: str
    oid: str


@dataclass(frozen=True)
class Change:
    """One path; `old` is None where it is added, `new` where it is removed, never both."""

    path: bytes
    old: Side | None
    new: Side | None


def changes_between(store: Store, old: CommitId, new: CommitId) -> tuple[Change, ...]:
    """Return the changes from *old* to *new*, sorted by path; a rename is two of them."""
    before: dict[bytes, Side] = {}
    after: dict[bytes, Side] = {}
    for delta in _tree(store, old).diff_to_tree(_tree(store, new)).deltas:
        for side, file in ((before, delta.old_file), (after, delta.new_file)):
            if file.flags & pygit2.enums.DiffFlag.EXISTS:
                side[file.raw_path] = Side(f"{file.mode:o}", str(file.id))
    paths = sorted(before.keys() | after.keys())
    return tuple(Change(path, before.get(path), after.get(path)) for path in paths)


def _tree(store: Store, commit: CommitId) -> pygit2.Tree:
    return store.repo[commit].peel(pygit2.Tree)
