"""Doubt: whether the repository still is what this daemon has seen, and stays so.

The mark outside the repository is what a rolled-back or rewritten target differs from (R40). A lost
mark is found again on the newest landing this daemon signed; without one the daemon observes only,
until a person has said which tip is right.
"""

import pygit2

from daemon.site import Site
from gitops import highwater, refs
from gitops.highwater import Corrupt, HighWater
from gitops.landing.landed import Trailers, parse
from gitops.objects import read_object
from gitops.observe import Lost, Tip, contains, observe_tip
from policy.ids import CommitId
from policy.mission.world import Frozen, Integrity, Sound

_ACCEPT = "look at the history, then: pawl doctor --accept-tip"


class Doubt:
    """What stands against opening and landing; cleared only by a start that finds nothing."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._path = site.outside.mark
        self._lasting: Frozen | None = None
        self._mark = self._begin()

    def freeze(self, why: str) -> None:
        """Stop everything for as long as this process lives; the first reason is kept."""
        self._lasting = self._lasting or Frozen(why=why)

    def now(self) -> Integrity:
        """Compare the target with the mark; raise the mark where all is well."""
        if self._lasting is not None:
            return self._lasting
        tip = observe_tip(self._site.store, self._site.target)
        if isinstance(tip, Lost):
            return Frozen(why=tip.why)
        seen = self._mark.target
        if seen is not None and not contains(self._site.store, tip.commit, seen):
            return Frozen(
                why=f"{tip.ref} is at {tip.commit}, which does not contain {seen}, where it has "
                f"been: it was rewritten or rolled back; {_ACCEPT} {tip.commit}"
            )
        self._raise(tip)
        return Sound()

    def _raise(self, tip: Tip) -> None:
        mark = HighWater(target=tip.commit, ledger=refs.read(self._site.store, refs.LEDGER))
        if (mark.target, mark.ledger) != (self._mark.target, self._mark.ledger):
            highwater.write(self._path, mark)
            self._mark = mark

    def _begin(self) -> HighWater:
        match highwater.read(self._path):
            case HighWater() as mark:
                return mark
            case Corrupt(path=path, why=why):
                self.freeze(f"the high-water mark {path} cannot be believed: {why}; {_ACCEPT} OID")
            case None:
                newest = newest_landing(self._site)
                if newest is not None:
                    return HighWater(target=newest)
                self.freeze(
                    f"there is no high-water mark in {self._site.state} and no landing of this "
                    f"daemon on {self._site.target}: nothing says which tip is right; {_ACCEPT} OID"
                )
        return HighWater()


def newest_landing(site: Site) -> CommitId | None:
    """Return the newest commit on the target's first-parent line that this daemon signed."""
    tip = observe_tip(site.store, site.target)
    if isinstance(tip, Lost):
        return None
    walk = site.store.repo.walk(tip.commit, pygit2.enums.SortMode.TOPOLOGICAL)
    walk.simplify_first_parent()
    for commit in walk:
        raw = read_object(site.store, str(commit.id), "commit")
        if isinstance(parse(raw, site.trust.daemon_key), Trailers):
            return CommitId(str(commit.id))
    return None
