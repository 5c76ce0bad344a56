"""Moving a branch by compare-and-swap together with every checkout of it."""

from dataclasses import dataclass

import pygit2

from gitops import refs
from gitops.landing.checkout import Behind, Watch, holding, unwatched
from gitops.landing.marker import Marker
from gitops.landing.places import held
from gitops.observe import contains
from gitops.repository import Store
from policy.ids import CommitId, RefName
from policy.mission.world import Held


@dataclass(frozen=True)
class Carried:
    """The branch moved; *behind* are the checkouts that stayed locked at the old commit."""

    behind: tuple[Behind, ...]


@dataclass(frozen=True)
class Missed:
    """Somebody moved the branch first, to *found* (None: deleted it); nothing was changed."""

    found: CommitId | None


def carry(
    store: Store, ref: RefName, *, was: CommitId, to: CommitId, watch: Watch = unwatched
) -> Carried | Missed | Held:
    """Move *ref* from *was* to *to* if it still is there and every checkout can follow.

    Raises `BrokenRefError` for a ref that cannot be read, and what the disk says.
    """
    with holding(store, Marker(ref, was, to)) as hold:
        watch("locked")
        tip = refs.read(store, ref)
        if tip != was:
            return Missed(tip)
        if isinstance(hold, Held):
            return hold
        watch("before-cas")
        try:
            moved = refs.move(store, ref, was=was, to=to)
        except refs.RefLockedError as error:
            return held("locked", str(error))
        except (OSError, pygit2.GitError):
            # The disk's answer was lost, not necessarily the move: what is there now decides.
            if not _is_there(store, ref, to):
                raise
            moved = True
        if not moved and not _is_there(store, ref, to):
            return Missed(refs.read(store, ref))
        return Carried(hold.moved(watch))


def _is_there(store: Store, ref: RefName, commit: CommitId) -> bool:
    tip = refs.read(store, ref)
    return tip is not None and contains(store, tip, commit)
