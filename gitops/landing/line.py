"""The target's first-parent line: what this daemon landed on it, told by signatures alone.

One commit after the other: libgit2's sorted walk reads all of the history before its first commit.
"""

from collections.abc import Iterator

import pygit2

from gitops.landing.landed import NotLanded, Trailers, parse
from gitops.objects import read_object
from gitops.repository import Store
from policy.ids import CommitId


def only_landings(store: Store, base: CommitId, tip: CommitId, trusted: str) -> bool:
    """Return whether nothing but landings leads from *base* to *tip* on the first-parent line."""
    for at in _line(store, tip):
        if at == base:
            return True
        if isinstance(_trailers(store, at, trusted), NotLanded):
            return False
    return False


def newest_landing(store: Store, tip: CommitId, trusted: str) -> tuple[CommitId, Trailers] | None:
    """Return the newest landing on the first-parent line of *tip*, signed by a key of *trusted*."""
    for at in _line(store, tip):
        trailers = _trailers(store, at, trusted)
        if isinstance(trailers, Trailers):
            return at, trailers
    return None


def _line(store: Store, tip: CommitId) -> Iterator[CommitId]:
    at: CommitId | None = tip
    while at is not None:
        yield at
        parents = store.repo[at].peel(pygit2.Commit).parent_ids
        at = CommitId(str(parents[0])) if parents else None


def _trailers(store: Store, at: CommitId, trusted: str) -> Trailers | NotLanded:
    return parse(read_object(store, at, "commit"), trusted)
