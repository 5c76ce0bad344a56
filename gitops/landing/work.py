"""The work branch of a mission: its checkpoints as a branch that a person may look at and use.

Derived from the ledger and never the other way round: it may lag behind, be deleted or be moved,
and no fact changes. What a person commits on top is theirs: the branch is moved only from a tip
that is one of the mission's own checkpoints, or one the next checkpoint was built on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pygit2

from gitops import refs
from gitops.landing.checkout import Behind, Watch, unwatched
from gitops.landing.move import Carried, Missed, carry
from gitops.landing.places import held, holders
from gitops.observe import contains
from gitops.repository import Store
from policy.ids import CommitId, MissionId, RefName, TreeId
from policy.mission.world import Held


@dataclass(frozen=True)
class Followed:
    """The branch is at the checkpoint; *behind* are checkouts of it that stayed locked."""

    behind: tuple[Behind, ...] = ()


@dataclass(frozen=True)
class Deleted:
    """There is no such branch now."""


@dataclass(frozen=True)
class OurOwn:
    """The branch is at one of the mission's checkpoints, or there is none yet."""


@dataclass(frozen=True)
class OnTop:
    """A person committed on a checkpoint: the next attempt starts from there (F35)."""

    commit: CommitId
    tree: TreeId


@dataclass(frozen=True)
class Elsewhere:
    """Somebody moved the branch to a commit that is not built on any checkpoint (F34)."""

    commit: CommitId


def follow(
    store: Store,
    mission: MissionId,
    checkpoint: CommitId,
    *,
    own: Sequence[CommitId],
    watch: Watch = unwatched,
) -> Followed | Missed | Held:
    """Bring the branch to *checkpoint*; *own* are the mission's checkpoints before it.

    `Missed` where a person's commit would be left behind, `Held` where a checkout of the branch
    cannot follow; both leave everything as it was. Repeatable. Raises `BrokenRefError`.
    """
    ref = refs.work_ref(mission)
    tip = refs.read(store, ref)
    if tip == checkpoint:
        return Followed()
    if tip is None:
        return _create(store, ref, checkpoint)
    if tip not in own and not contains(store, checkpoint, tip):
        return Missed(tip)
    answer = carry(store, ref, was=tip, to=checkpoint, watch=watch)
    return Followed(answer.behind) if isinstance(answer, Carried) else answer


def _create(store: Store, ref: RefName, checkpoint: CommitId) -> Followed | Missed | Held:
    try:
        made = refs.create(store, ref, checkpoint)
    except refs.RefLockedError as error:
        return held("locked", str(error))
    return Followed() if made else Missed(refs.read(store, ref))


def person_tip(
    store: Store, mission: MissionId, own: Sequence[CommitId]
) -> OurOwn | OnTop | Elsewhere:
    """Tell whether a person committed on the branch; *own* are all of the mission's checkpoints.

    A deleted branch is `OurOwn`: the next checkpoint makes it again. Raises `BrokenRefError`.
    """
    tip = refs.read(store, refs.work_ref(mission))
    if tip is None or tip in own:
        return OurOwn()
    if any(contains(store, tip, checkpoint) for checkpoint in own):
        return OnTop(tip, TreeId(str(store.repo[tip].peel(pygit2.Tree).id)))
    return Elsewhere(tip)


def delete(store: Store, mission: MissionId, *, own: Sequence[CommitId]) -> Deleted | Missed | Held:
    """Delete the branch unless a person uses it: has it checked out, or committed on it.

    Repeatable. Raises `BrokenRefError`.
    """
    ref = refs.work_ref(mission)
    tip = refs.read(store, ref)
    if tip is None:
        return Deleted()
    if tip not in own:
        return Missed(tip)
    places = holders(store, ref)
    if isinstance(places, Held):
        return places
    if places:
        where = places[0].worktree
        return held("checked_out", f"{ref} is checked out in {where}; switch to another branch")
    try:
        gone = refs.delete(store, ref, was=tip)
    except refs.RefLockedError as error:
        return held("locked", str(error))
    return Deleted() if gone else Missed(refs.read(store, ref))
