"""The chain as a daemon asks for it: at every reconcile, and mostly of a tip it has seen.

What is remembered is written after the walk and read at start; losing it, or finding it written by
another release, costs one walk from the introduction (docs/decisions/0045).
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from gitops.people.chain import Chain, follow
from gitops.people.faith import Faith
from gitops.people.remembered import recall, remember
from gitops.repository import Store
from policy.ids import CommitId
from policy.people.found import Verified


class Follower:
    """Follows one target; *path* is a file in the state directory. One thread's."""

    def __init__(self, store: Store, faith: Faith, path: Path) -> None:
        self._store = store
        self._faith = faith
        self._path = path
        self._remembered = recall(path)
        self._last: Chain | None = None

    @property
    def faith(self) -> Faith:
        return self._faith

    @property
    def verified(self) -> CommitId | None:
        """The last commit of the line that was seen to hold, by this process or one before it."""
        known = self._remembered
        mine = known is not None and known.faith == self._faith.digest
        return known.tip if known is not None and mine else None

    def at(
        self, tip: CommitId, *, now: datetime, seen: Mapping[CommitId, datetime] | None = None
    ) -> Chain:
        """Return the chain to *tip*; as `follow`. For a verified tip of last time nothing is read.

        A break is looked at again each time: it may have been an object that was not there yet.
        """
        if self._last is not None and self._last.verdict.tip == tip:
            return self._last
        known = self._remembered
        chain = follow(self._store, tip, self._faith, now=now, remembered=known, seen=seen)
        self._last = chain if isinstance(chain.verdict, Verified) else None
        if chain.remembered is not None and chain.remembered != known:
            self._remembered = chain.remembered
            with suppress(OSError):  # a cache: a full disk is said where something is at stake
                remember(self._path, chain.remembered)
        return chain
