"""Where a command works: one repository, and what outside it says whom to believe.

A reader goes on without a trust file and says "unverified"; a writer does not.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pygit2

from daemon.cli.exits import Exit, RefusedError
from daemon.outside import HOST_FILE, Absent, Outside, Roots, Unsound, find, gitdir_of, roots
from gitops.objects import read_blob
from gitops.observe import POLICY, Lost, Tip, blob_at, observe_tip
from gitops.refs import branch_ref
from gitops.repository import NotARepositoryError, RepositoryRefusedError, Store, find_gitdir
from policy.ids import RefName, TreeId
from policy.problems import Problem, Unreadable
from policy.rules.load import Effective, load_policy


@dataclass(frozen=True)
class Place:
    """A repository opened for reading. *outside* decides what of it is verified."""

    start: Path
    """The directory the command was pointed at."""
    gitdir: Path
    store: Store
    roots: Roots
    outside: Outside | Absent | Unsound

    @property
    def trusted(self) -> str | None:
        """The public keys whose ledger commits count as a daemon's; None: nothing is verified."""
        return self.outside.trust.daemons if isinstance(self.outside, Outside) else None

    @property
    def doubt(self) -> str | None:
        """Why what is shown is unverified, None if it is not."""
        match self.outside:
            case Outside(trust=trust):
                return "mode unsigned-local" if trust.mode == "unsigned-local" else None
            case Absent(why=why):
                return f"unverified: {why}"
            case Unsound(problems=problems):
                return f"unverified: {'; '.join(problems)}"


def open_place(start: Path) -> Place:
    """Open the repository *start* is in."""
    try:
        gitdir = find_gitdir(start)
    except NotARepositoryError as error:
        raise RefusedError(
            Exit.NOT_FOUND,
            attempted="find a repository from",
            on=str(start),
            why="there is no git repository at or above it",
            then="Go into one, or name one with -C DIR.",
        ) from error
    where = roots(os.environ)
    outside = find(gitdir, where)
    durability = outside.host.durability if isinstance(outside, Outside) else "full"
    try:
        store = Store.open(gitdir, durability=durability)
    except RepositoryRefusedError as error:
        raise RefusedError(
            Exit.GIT,
            attempted="open",
            on=str(gitdir),
            why=[str(problem) for problem in error.problems],
            then="These change what ids, refs or commands mean; mend them, then try again.",
        ) from error
    return Place(start, gitdir, store, where, outside)


def served_as(name: str) -> Path:
    """Return the git directory of the repository whose configuration folder is called *name*."""
    where = roots(os.environ)
    gitdir = gitdir_of(name, where)
    if isinstance(gitdir, Unreadable):
        raise RefusedError(
            Exit.INVALID,
            attempted="find the repository of",
            on=str(where.config / name / HOST_FILE),
            why=str(gitdir),
            then=f"Mend that file; the folders in {where.config} are the names there are.",
        )
    return gitdir


def trusted_outside(place: Place, attempted: str) -> Outside:
    """Return the outside a writer needs; refuse with exit 3 where it is missing or unsound."""
    match place.outside:
        case Outside() as outside:
            return outside
        case Absent(why=why, unreadable=unreadable):
            mend = "Mend the file that cannot be read, if it is this repository's. Else: run"
            raise RefusedError(
                Exit.INVALID,
                attempted=attempted,
                on=str(place.gitdir),
                why=why,
                then=f"{mend if unreadable else 'Run'} `pawl init` here; in a clone of a "
                "repository that pawl already serves, `pawl init --introduction OID`.",
            )
        case Unsound(config=config, problems=problems):
            raise RefusedError(
                Exit.INVALID,
                attempted=attempted,
                on=str(place.gitdir),
                why=problems,
                then=f"Mend what lies in {config}, then try again.",
            )


def target_of(place: Place) -> RefName:
    """Return the ref that is served: the trust file's, else what the policy at HEAD names.

    In a plain clone whose HEAD is another branch, the remote's copy of that ref is as good.
    """
    match place.outside:
        case Outside(trust=trust):
            return branch_ref(trust.target)
        case Absent() | Unsound():
            return _named_at_head(place)


def _named_at_head(place: Place) -> RefName:
    repo = place.store.repo
    if repo.head_is_unborn:
        raise _not_served(place, "HEAD has no commit yet")
    tree = TreeId(str(repo.head.peel(pygit2.Commit).tree_id))
    effective = policy_at(place, tree)
    if isinstance(effective, Unreadable):
        raise _not_served(place, f"{POLICY} at HEAD: {effective}")
    named = branch_ref(effective.policy.target)
    remote = RefName(f"refs/remotes/origin/{effective.policy.target}")
    return remote if named not in repo.references and remote in repo.references else named


def policy_at(place: Place, tree: TreeId) -> Effective | Unreadable:
    """Return the policy in *tree*, or what is wrong with it."""
    blob = blob_at(place.store, tree, POLICY)
    if blob is None:
        return Unreadable((Problem(0, 0, f"there is no file {POLICY}"),))
    return load_policy(read_blob(place.store, blob))


def tip_of(place: Place, target: RefName) -> Tip:
    """Return the target as one commit; refuse with exit 5 where there is none to be read."""
    tip = observe_tip(place.store, target)
    match tip:
        case Tip():
            return tip
        case Lost(why=why):
            raise RefusedError(
                Exit.GIT,
                attempted="read",
                on=f"{target} of {place.gitdir}",
                why=why,
                then="Create or restore the branch, then try again.",
            )


def _not_served(place: Place, why: str) -> RefusedError:
    return RefusedError(
        Exit.INVALID,
        attempted="tell which branch is served in",
        on=str(place.gitdir),
        why=why,
        then="Run `pawl init` on the branch to be served, or check that branch out.",
    )
