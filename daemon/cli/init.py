"""`pawl init`: a repository becomes one that pawl serves.

Both commits are made as objects first, and the branch moves to them last, in one step: an `init`
that was killed leaves a repository nobody can tell from one where it was never run, and outside
it files that the next `init` replaces.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from daemon.cli.approver import approver_line
from daemon.cli.beginning import SHEET, Beginning, shipped
from daemon.cli.exits import Exit, RefusedError
from daemon.cli.place import Place
from daemon.cli.settle import settle
from daemon.cli.toolchains import Toolchain
from daemon.outside import Outside, free_name
from gitops.observe import POLICY, contains
from gitops.person import Missed, Person, PersonGitError
from gitops.refs import branch_ref, list_refs, read
from policy.ids import CommitId
from policy.people.trust import Mode


@dataclass(frozen=True)
class Checkout:
    """The clean checkout a person stands in. *tip* is None before the first commit."""

    path: Path
    branch: str
    tip: CommitId | None
    files: frozenset[str]
    """Tracked paths."""


@dataclass(frozen=True)
class Initialised:
    outside: Outside
    checkout: Checkout
    introduction: CommitId
    tip: CommitId
    toolchains: tuple[Toolchain, ...]


Begin = Callable[[Checkout, str, Path], Beginning]
"""From the checkout, the repository's name and its configuration folder."""
Detect = Callable[[Path, Mapping[str, str]], tuple[Toolchain, ...]]


def initialise(
    place: Place, person: Person, mode: Mode, begin: Begin, detected: Detect
) -> Initialised:
    """Serve the checked-out branch from its next commit on; `RefusedError` changes nothing."""
    checkout = clean_checkout(place, person)
    _refuse_taken(place, checkout)
    name = free_name(place.roots, repository_name(checkout.path), place.gitdir)
    config = place.roots.config / name
    config.mkdir(parents=True, exist_ok=True, mode=0o700)
    beginning = begin(checkout, name, config)
    message = f"pawl: serve {checkout.branch}\n"
    introduction = person.commit(checkout.tip, beginning.introduction, message)
    tip = introduction
    if beginning.items:
        tip = person.commit(introduction, beginning.items, f"{beginning.message}\n")
    toolchains = detected(checkout.path, os.environ)
    outside = settle(
        place, name, introduction=introduction, tip=tip, branch=checkout.branch, mode=mode,
        toolchains=toolchains,
    )  # fmt: skip
    moved = person.publish(checkout.branch, tip, checkout.tip)
    if isinstance(moved, Missed):
        raise refused(place, moved.why, "Nothing was committed. Mend that, then run it again.")
    return Initialised(outside, checkout, introduction, tip, toolchains)


def as_shipped(person: Person, *, one_person: bool) -> Begin:
    """Return how `pawl init` begins: with the shipped policy and a first item."""

    def begin(checkout: Checkout, name: str, config: Path) -> Beginning:
        approver = approver_line(person, config) if one_person else ""
        taken, sheet = checkout.files, checkout.path / SHEET
        return shipped(
            branch=checkout.branch,
            name=name,
            approver=approver,
            taken=taken,
            sheet=sheet.read_bytes() if SHEET in taken and not sheet.is_symlink() else None,
        )

    return begin


def clean_checkout(place: Place, person: Person) -> Checkout:
    """Return the checkout the command stands in; refuse a bare, detached, dirty, anonymous one."""
    if place.store.repo.is_bare:
        raise refused(
            place,
            "it is bare: there is no checkout to commit in",
            "Run `pawl init` in a clone and push; then adopt it here: `pawl init --introduction "
            "OID`.",
        )
    branch = person.head_branch(place.start)
    path = None if branch is None else person.checkout_of(branch)
    if branch is None or path is None:
        raise refused(place, "HEAD is detached", "Check a branch out first: `git switch main`.")
    dirt = person.dirt(path)
    if dirt:
        shown = ", ".join(dirt[:_SHOWN]) + (", ..." if len(dirt) > _SHOWN else "")
        raise refused(
            place, f"there are uncommitted changes: {shown}", "Commit or stash them first."
        )
    try:
        person.identity()
    except PersonGitError as error:
        raise refused(
            place,
            f"git does not know who you are ({error.said.splitlines()[-1]})",
            "Tell it: `git config --global user.name NAME` and `user.email MAIL`.",
        ) from error
    return Checkout(path, branch, read(place.store, branch_ref(branch)), person.tracked(path))


def _refuse_taken(place: Place, checkout: Checkout) -> None:
    taken = list_refs(place.store, "refs/heads/").refs
    if "refs/heads/pawl" in taken:
        raise refused(
            place,
            "there is a branch called `pawl`, and git cannot have branches pawl/... beside it",
            "Rename it: `git branch -m pawl other-name`.",
        )
    if isinstance(place.outside, Outside):
        introduction = place.outside.trust.introduction
        if checkout.tip is not None and contains(place.store, checkout.tip, introduction):
            raise refused(
                place,
                f"it is initialised: {place.outside.config} trusts it from {introduction} on",
                "Nothing is to be done: `pawl status`.",
            )
    if POLICY in checkout.files:
        raise refused(
            place,
            f"{POLICY} is there already, so this is a clone of a repository that pawl serves",
            "Adopt it: `pawl init --introduction OID`, with the commit that `pawl init` printed "
            "(it is in the trust file on the build host).",
        )


def repository_name(checkout: Path) -> str:
    """Return a name a policy accepts, from the name of the checkout's folder."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", checkout.name).strip("-._")[:64]
    return name or "repository"


def refused(place: Place, why: str, then: str) -> RefusedError:
    return RefusedError(
        Exit.INVALID, attempted="initialise", on=str(place.start), why=why, then=then
    )


_SHOWN = 5
"""Paths named in a message."""
