"""A checkout of a branch that moves is brought along, or the branch does not move (DESIGN 4.5).

`holding` takes each checkout's index lock before the branch moves and `bring` updates it after. A
kill in between leaves the lock with our words in it; `finish` goes on from there. After the move
nothing is undone: a checkout that cannot follow stays locked, so that nobody commits a revert.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gitops import refs
from gitops.landing import marker
from gitops.landing.changes import changes_between
from gitops.landing.cleanliness import (
    GIT_SAYS_NO,
    CheckoutGit,
    copy_index,
    obstructed,
    scratch,
    unclean,
)
from gitops.landing.marker import Marker, NotOurs
from gitops.landing.places import Place, held, holders
from gitops.landing.worktree import sync
from gitops.packs import sync_directory
from gitops.repository import Store
from policy.ids import CommitId, RefName
from policy.mission.world import Checkout, Free, Held

Moment = Literal["locked", "before-cas", "after-cas", "after-files", "after-index"]
"""Between two effects of a landing; named so that tests can kill it there."""
Watch = Callable[[Moment], None]


def unwatched(moment: Moment, /) -> None:
    """Do nothing between two effects."""


@dataclass(frozen=True)
class Behind:
    """The branch moved and this checkout could not follow; *why* says what a person does."""

    place: Place
    why: str


def observe(store: Store, ref: RefName) -> Checkout:
    """Tell, without writing to the repository, whether *ref* could be moved now."""
    places = holders(store, ref)
    if isinstance(places, Held):
        return places
    tip = refs.read(store, ref)
    if tip is None:
        return Free()
    for place in places:
        problem = _locked(place) or _observe_one(store, place, tip)
        if problem is not None:
            return problem
    return Free()


def _observe_one(store: Store, place: Place, tip: CommitId) -> Held | None:
    with scratch(place) as folder:
        git = CheckoutGit(store, place, folder / "index")
        return copy_index(place, git.index) or unclean(store, place, git, tip)


def _locked(place: Place) -> Held | None:
    match marker.read(place.gitdir):
        case None:
            return None
        case Marker():
            return held(
                "unfinished",
                f"an update of {place.worktree} was begun and not finished; pawl finishes it when "
                "it starts, and says what is in its way",
            )
        case NotOurs():
            return held(
                "locked",
                f"{place.lock} exists: a git runs in {place.worktree}, or one was killed; wait "
                "for it, and remove the file if there is none",
            )


@contextmanager
def holding(store: Store, move: Marker) -> Iterator["Held | Hold"]:
    """Lock every checkout of the branch and see that it can follow; yields why not otherwise.

    Unless `Hold.moved` was called, every lock is dropped again and nothing was changed.
    """
    hold = Hold(store, move)
    try:
        yield hold.take() or hold
    finally:
        hold.drop()


class Hold:
    """The locks of a branch's checkouts."""

    def __init__(self, store: Store, move: Marker) -> None:
        self._store = store
        self._move = move
        self._locked: list[Place] = []

    def take(self) -> Held | None:
        places = holders(self._store, self._move.ref)
        if isinstance(places, Held):
            return places
        for place in places:
            problem = self._take_one(place)
            if problem is not None:
                return problem
        # Somebody may have switched to the branch while the locks were taken.
        again = holders(self._store, self._move.ref)
        if again != places:
            return again if isinstance(again, Held) else self._switching()
        return None

    def _switching(self) -> Held:
        return held("operation", f"somebody is switching to {self._move.ref}; pawl tries again")

    def _take_one(self, place: Place) -> Held | None:
        try:
            taken = marker.take(place, self._move)
        except OSError as error:
            why = f"{place.lock} cannot be made: {error.strerror}; make the git dir writable"
            return held("unreadable", why)
        if not taken:
            return _locked(place) or held("locked", f"a git has just run in {place.worktree}")
        self._locked.append(place)
        return _ready(self._store, place, self._move)

    def drop(self) -> None:
        while self._locked:
            marker.release(self._locked.pop())

    def moved(self, watch: Watch) -> tuple[Behind, ...]:
        """Bring every checkout along; return those that could not be.

        From here on no lock is dropped because of an error: the branch is elsewhere than the
        checkout, and only what finishes the update may unlock it.
        """
        locked, self._locked = self._locked, []
        watch("after-cas")
        behind = [found for place in locked if (found := self._bring(place, watch)) is not None]
        return tuple(behind + self._late(locked, watch))

    def _bring(self, place: Place, watch: Watch) -> Behind | None:
        try:
            return bring(self._store, place, self._move, watch)
        except OSError as error:
            return Behind(place, f"{place.worktree} was not updated: {error}; {RESTART}")

    def _late(self, locked: list[Place], watch: Watch) -> list[Behind]:
        """Bring those along that switched to the branch while it moved, and read its old tip."""
        places = holders(self._store, self._move.ref)
        if isinstance(places, Held):
            return []
        behind: list[Behind] = []
        for place in places:
            if place in locked or self._is_current(place):
                continue
            problem = self._take_one(place)
            if problem is None:
                found = self._bring(place, watch)
                behind += [found] if found else []
                self._locked.clear()
            else:
                self.drop()
                behind.append(Behind(place, f"it was switched to during a landing: {problem.why}"))
        return behind

    def _is_current(self, place: Place) -> bool:
        with scratch(place) as folder:
            git = CheckoutGit(self._store, place, folder / "index")
            return copy_index(place, git.index) is None and is_at(git, self._move.new)


RESTART = "restart pawl, or repair it with `git status`"


def _ready(store: Store, place: Place, move: Marker) -> Held | None:
    git = CheckoutGit(store, place, place.private)
    changes = changes_between(store, move.old, move.new)
    return (
        copy_index(place, git.index)
        or unclean(store, place, git, move.old)
        or obstructed(place, git, move.new, changes)
    )


def bring(store: Store, place: Place, move: Marker, watch: Watch = unwatched) -> Behind | None:
    """Update the files through the private index, make that the index, unlock.

    git looks at every path before it writes the first: a file that was edited meanwhile is kept,
    nothing is written, and the lock stays.
    """
    git = CheckoutGit(store, place, place.private)
    try:
        # One tree: what the index holds is known, and with two git mistakes a directory that has
        # become a file already for a file in its way.
        git("read-tree", "-m", "-u", move.new)
        if not is_at(git, move.new):
            return Behind(
                place, f"the index made for {place.worktree} is not {move.new}; {RESTART}"
            )
    except GIT_SAYS_NO as error:
        said = str(error)
        return Behind(
            place,
            f"{move.ref} moved to {move.new} and {place.worktree} could not follow: {said}\n"
            "Move what is named there away, then restart pawl: it finishes the update. Until then "
            f"{place.lock} keeps git from committing there.",
        )
    watch("after-files")
    full = store.durability == "full"
    if full:
        sync(place.worktree, changes_between(store, move.old, move.new))
        _sync_file(place.private)
    place.private.rename(place.index)
    if full:
        sync_directory(place.gitdir)
    watch("after-index")
    marker.release(place)
    return None


def is_at(git: CheckoutGit, commit: CommitId) -> bool:
    """Return whether the index holds exactly the tree of *commit*."""
    return (
        git.holds(commit)
        or git("diff-index", "--cached", "--quiet", commit, "--", accept=(0, 1)).code == 0
    )


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
