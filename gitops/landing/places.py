"""Where a branch is checked out, and what a person is in the middle of there.

A repository has one main work tree (none if it is bare) and any number of linked ones; each has
its own HEAD, index and lock. A rebase or a bisect detaches HEAD and still comes back to the branch
it began on, so HEAD alone does not tell who would be surprised by a moved branch.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from gitops.configuration import read_settings
from gitops.repository import Store
from policy.ids import RefName
from policy.mission.world import Held, Obstacle

_ELSEWHERE = "or leave the branch there (git switch --detach)"


def held(reason: Obstacle, why: str) -> Held:
    """Return `Held`; *why* is a sentence that says where, what, and what a person can do."""
    return Held(reason=reason, why=why)


@dataclass(frozen=True)
class Owner:
    """Whose files a checkout holds: what the daemon writes there must be theirs."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """A work tree and its own git dir: the main one, or one below `worktrees/`."""

    gitdir: Path
    worktree: Path
    owner: Owner | None
    """None: the daemon itself."""

    @property
    def index(self) -> Path:
        return self.gitdir / "index"

    @property
    def lock(self) -> Path:
        return self.gitdir / "index.lock"

    @property
    def private(self) -> Path:
        """Our copy of the index; it becomes the index by one rename."""
        return self.gitdir / "pawl-index"


def gitdirs(main: Path) -> Iterator[Path]:
    """Yield the main git dir and that of each linked work tree, also of a half-made one."""
    yield main
    folder = main / "worktrees"
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.is_dir())


def holders(store: Store, ref: RefName) -> tuple[Place, ...] | Held:
    """Return the work trees that have *ref* checked out, or why it must not be moved now."""
    found: list[Place] = []
    for gitdir in gitdirs(store.gitdir):
        amid = _is_amid_something(gitdir)
        returning = _returning_to(gitdir, ref) if amid else None
        if returning is not None:
            return returning
        if _head(store, gitdir) != ref or _has_no_work_tree(store, gitdir):
            continue
        place = place_of(store, gitdir)
        if isinstance(place, Held):
            return place
        busy = _in_the_middle(place) if amid else None
        if busy is not None:
            return busy
        found.append(place)
    return tuple(found)


def place_of(store: Store, gitdir: Path) -> Place | Held:
    """Return the work tree that *gitdir* belongs to, or why the daemon does not write there."""
    worktree = gitdir.parent if gitdir == store.gitdir else _linked_worktree(gitdir)
    if worktree is None or (gitdir == store.gitdir and gitdir.name != ".git"):
        return held(
            "missing",
            f"{gitdir} has the branch checked out, but its work tree is not where it says; "
            "bring it back, or run `git worktree prune`",
        )
    owner, group = _owned(worktree), _owned(gitdir)
    if owner is None or group is None or owner.uid != group.uid:
        return held(
            "foreign_owner",
            f"{worktree} and its git dir {gitdir} belong to different users; make them belong to "
            f"one (chown), {_ELSEWHERE}",
        )
    if owner.uid == os.geteuid():
        return Place(gitdir, worktree, None)
    if os.geteuid() != 0:
        return held(
            "foreign_owner",
            f"{worktree} belongs to uid {owner.uid} and the daemon runs as uid {os.geteuid()}: its "
            f"files would get another owner; run the daemon as uid {owner.uid}, {_ELSEWHERE}",
        )
    return Place(gitdir, worktree, owner)


def _owned(path: Path) -> Owner | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return Owner(found.st_uid, found.st_gid) if stat.S_ISDIR(found.st_mode) else None


def _has_no_work_tree(store: Store, gitdir: Path) -> bool:
    if gitdir != store.gitdir:
        return False
    bare = [s.value for s in read_settings(gitdir / "config") if s.name == "core.bare"]
    if bare:
        return bare[-1].lower() in {"", "true", "yes", "on", "1"}
    return gitdir.name != ".git"


def _linked_worktree(gitdir: Path) -> Path | None:
    """Return the directory whose `.git` file and *gitdir* name each other."""
    pointer = text_of(gitdir / "gitdir")
    if not pointer:
        return None
    dot_git = (gitdir / pointer).absolute()
    back = text_of(dot_git)
    if back is None or not back.startswith("gitdir: "):
        return None
    named = dot_git.parent / back.removeprefix("gitdir: ")
    return dot_git.parent if named.resolve() == gitdir.resolve() else None


def text_of(path: Path) -> str | None:
    """Return what a small file of git's says, without its last newline; None if it says nothing."""
    try:
        if path.is_symlink():
            return f"ref: {path.readlink()}"  # HEAD, as git wrote it twenty years ago
        return path.read_bytes().decode(errors="surrogateescape").rstrip("\n")
    except OSError:
        return None


def _head(store: Store, gitdir: Path) -> str | None:
    """Return the branch that a commit made there would move; None for a detached HEAD."""
    text = text_of(gitdir / "HEAD")
    if text is None or not text.startswith("ref: "):
        return None
    name = text.removeprefix("ref: ").strip()
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        try:
            reference = store.repo.references[name]
        except (KeyError, ValueError, pygit2.GitError):
            return name
        if not isinstance(reference.target, str):
            return name
        name = reference.target
    return name


def _returning_to(gitdir: Path, ref: RefName) -> Held | None:
    for name in ("rebase-merge/head-name", "rebase-apply/head-name"):
        if text_of(gitdir / name) == ref:
            return _operation(gitdir, "a rebase", "`git rebase --continue` or `--abort`")
    if ref in (text_of(gitdir / "rebase-merge/update-refs") or "").splitlines():
        return _operation(gitdir, "a rebase", "`git rebase --continue` or `--abort`")
    if text_of(gitdir / "BISECT_START") in (ref, ref.removeprefix("refs/heads/")):
        return _operation(gitdir, "a bisect", "`git bisect reset`")
    return None


def _is_amid_something(gitdir: Path) -> bool:
    """Return whether anything in *gitdir* could be of an operation; one look instead of eleven."""
    try:
        return not _SIGNS.isdisjoint(os.listdir(gitdir))  # noqa: PTH208  # names only
    except OSError:
        return True  # then each of them is looked at by itself


_OPERATIONS = {
    "MERGE_HEAD": ("a merge", "`git merge --continue` or `--abort`"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "`git cherry-pick --continue` or `--abort`"),
    "REVERT_HEAD": ("a revert", "`git revert --continue` or `--abort`"),
    "sequencer": ("a cherry-pick or revert", "`git status` there names the command"),
    "rebase-merge": ("a rebase", "`git rebase --continue` or `--abort`"),
    "rebase-apply": ("a rebase or `git am`", "`git status` there names the command"),
    "BISECT_LOG": ("a bisect", "`git bisect reset`"),
}


_SIGNS = {"rebase-merge", "rebase-apply", "BISECT_START", *_OPERATIONS}


def _in_the_middle(place: Place) -> Held | None:
    for name, (what, todo) in _OPERATIONS.items():
        if os.path.lexists(place.gitdir / name):
            return _operation(place.worktree, what, todo)
    return None


def _operation(where: Path, what: str, todo: str) -> Held:
    return held("operation", f"{what} is in progress in {where}; finish it there: {todo}")
