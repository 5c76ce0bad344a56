"""Landing: the target moves to the landed commit, if it still is where the candidate began.

The landed commit is read from the repository before and after: what is asserted is the object, not
what was meant to be written. Any difference freezes; it is never corrected.
"""

from collections.abc import Collection
from dataclasses import dataclass

import pygit2

from gitops import refs
from gitops.git import ConfigurationRefusedError, GitError
from gitops.landing.changes import changes_between
from gitops.landing.checkout import Behind, Watch, unwatched
from gitops.landing.landed import LandedCommit
from gitops.landing.move import Carried, Missed, carry
from gitops.observe import contains
from gitops.repository import Store
from policy.ids import RefName
from policy.mission.world import Frozen, Held

__all__ = ["Carried", "Landing", "Missed", "Moved", "doubt_of", "land"]


@dataclass(frozen=True)
class Moved:
    """The landed commit is the target's tip or below it; *behind* are checkouts left locked."""

    landed: LandedCommit
    behind: tuple[Behind, ...]


Landing = Moved | Missed | Held | Frozen


def land(
    store: Store,
    *,
    ref: RefName,
    landed: LandedCommit,
    paths: Collection[str],
    watch: Watch = unwatched,
) -> Landing:
    """Move *ref* from the landed commit's base to it, with every checkout of *ref*.

    *paths* are all paths the landing may change: the mission's and the item's, repo-relative.
    Repeatable: a landing that happened already is found and answered with `Moved`. `Held` and
    `Missed` changed nothing; `Frozen` says why a person must look before anything else lands.
    """
    doubt = doubt_of(store, landed, paths)
    if doubt is not None:
        return doubt
    try:
        tip = refs.read(store, ref)
        if tip is not None and tip != landed.base and contains(store, tip, landed.commit):
            return _seen(store, ref, Moved(landed, ()))
        answer = carry(store, ref, was=landed.base, to=landed.commit, watch=watch)
    except refs.BrokenRefError as error:
        return Frozen(why=str(error))
    match answer:
        case Carried(behind=behind):
            return _seen(store, ref, Moved(landed, behind))
        case Missed(found=None):
            return Frozen(why=f"{ref} is gone; put it back: git update-ref {ref} {landed.base}")
        case Missed() | Held():
            return answer


def doubt_of(store: Store, landed: LandedCommit, paths: Collection[str]) -> Frozen | None:
    """Return in what the commit is not what was recorded, None if it is."""
    try:
        commit = store.repo[landed.commit]
        tree, parents = _identity(commit)
        strays = _strays(store, landed, paths) if parents == [landed.base] else []
    except (KeyError, ValueError, pygit2.GitError) as error:
        return Frozen(why=f"the landed commit {landed.commit} cannot be read: {error}")
    if (tree, parents) != (landed.tree, [landed.base]):
        return Frozen(
            why=f"the landed commit {landed.commit} has tree {tree} and parents {parents}; "
            f"recorded are {landed.tree} and {landed.base}"
        )
    if strays:
        return Frozen(
            why=f"the landed commit {landed.commit} changes {', '.join(strays)}, which its mission "
            "did not"
        )
    return None


def _identity(commit: pygit2.Object) -> tuple[str, list[str]]:
    if not isinstance(commit, pygit2.Commit):
        raise ValueError(f"it is a {commit.type_str}")  # noqa: TRY004  # not a type of our code
    return str(commit.tree_id), [str(parent) for parent in commit.parent_ids]


def _strays(store: Store, landed: LandedCommit, paths: Collection[str]) -> list[str]:
    allowed = {path.encode(errors="surrogateescape") for path in paths}
    changes = changes_between(store, landed.base, landed.commit)
    return [
        change.path.decode(errors="backslashreplace")
        for change in changes
        if change.path not in allowed
    ]


def _seen(store: Store, ref: RefName, moved: Moved) -> Moved | Frozen:
    """Return *moved* if the target, read anew by both engines, has exactly what was recorded."""
    landed = moved.landed
    tip = refs.read(store.twin(), ref)
    if tip is None or not contains(store, tip, landed.commit):
        return Frozen(why=f"{ref} was moved to {landed.commit} and is at {tip} now")
    try:
        *found, seen = store.git.text(
            "rev-parse", f"{landed.commit}^{{tree}}", f"{landed.commit}^@", ref
        ).splitlines()
        if seen != landed.commit:
            store.git.run("merge-base", "--is-ancestor", landed.commit, seen)
    except (GitError, ConfigurationRefusedError) as error:
        return Frozen(why=f"git does not see {landed.commit} on {ref}: {error}")
    if found != [landed.tree, landed.base]:
        return Frozen(why=f"git reads tree and parents of {landed.commit} as {found}")
    return moved
