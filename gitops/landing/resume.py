"""Finishing, or undoing, what a kill left of a checkout's update. Repeatable.

The lock says from where to where. If the branch did not move, no file was touched and the lock is
dropped. If it did, each changed path is old, new, absent, the beginning of new (git was killed
while writing it) or somebody's edit; an edit is kept, and with it the lock, until a person has
moved it away.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pygit2

from gitops import processes, refs
from gitops.finding import Finding, Healed, NeedsPerson
from gitops.landing import marker
from gitops.landing.changes import SYMLINK, Change, changes_between
from gitops.landing.checkout import RESTART, bring, is_at
from gitops.landing.cleanliness import GIT_SAYS_NO, CheckoutGit, copy_index, scratch, shown
from gitops.landing.marker import Marker
from gitops.landing.places import Place, gitdirs, place_of
from gitops.landing.worktree import drop_half_written, in_the_way
from gitops.observe import contains
from gitops.repository import Store
from policy.mission.world import Held


def resume(store: Store, *, patience_s: float) -> tuple[Finding, ...]:
    """Deal with every index lock of ours; a git of ours that still runs is waited for so long."""
    findings: list[Finding] = []
    for gitdir in gitdirs(store.gitdir):
        move = marker.read(gitdir)
        if isinstance(move, Marker):
            findings.append(_resume_one(store, gitdir, move, patience_s))
    return tuple(findings)


def _resume_one(store: Store, gitdir: Path, move: Marker, patience_s: float) -> Finding:
    place = place_of(store, gitdir)
    if isinstance(place, Held):
        return NeedsPerson(str(gitdir), place.why)
    where = str(place.worktree)
    if not all(_OID.fullmatch(oid) for oid in (move.old, move.new)):
        return NeedsPerson(where, f"{place.lock} cannot be understood; {RESTART}")
    running = processes.writing_index(place.private)
    if not processes.wait_gone(running, patience_s):
        return NeedsPerson(where, f"a git of an earlier pawl still runs there (pid {running})")
    try:
        tip = refs.read(store, move.ref)
        if tip is None or not contains(store, tip, move.new):
            marker.release(place)
            return Healed(where, f"{move.ref} was not moved; the checkout is as it was")
        return _finish(store, place, move)
    except (refs.BrokenRefError, KeyError, pygit2.GitError, OSError, *GIT_SAYS_NO) as error:
        return NeedsPerson(where, f"its update to {move.new} cannot be finished: {error}")


_OID = re.compile(r"[0-9a-f]{40}")


def _finish(store: Store, place: Place, move: Marker) -> Finding:
    where = str(place.worktree)
    if is_at(CheckoutGit(store, place, place.index), move.new):
        marker.release(place)
        return Healed(where, f"its update to {move.new} was complete; unlocked")
    place.private.with_suffix(".lock").unlink(missing_ok=True)
    git = CheckoutGit(store, place, place.private)
    problem = copy_index(place, git.index)
    if problem is not None:
        return NeedsPerson(where, problem.why)
    if not is_at(git, move.old):
        return NeedsPerson(where, f"its index is neither {move.old} nor {move.new}; {RESTART}")
    first = _reconcile(store, place, git, changes_between(store, move.old, move.new))
    if first is not None:
        return NeedsPerson(where, f"{first}\nThen restart pawl: it finishes the landing there.")
    behind = bring(store, place, move)
    if behind is not None:
        return NeedsPerson(where, behind.why)
    return Healed(where, f"its update to {move.new} was finished")


def _reconcile(
    store: Store, place: Place, git: CheckoutGit, changes: tuple[Change, ...]
) -> str | None:
    """Make the private index say what is on disk; return what a person must do first, if any."""
    before, after = _compared(store, place, changes)
    done: list[Change] = []
    todo: list[Change] = []
    edited: list[bytes] = []
    for change in changes:
        old = before.get(change.path, _SAME) if change.old else _GONE
        new = after.get(change.path, _SAME) if change.new else _GONE
        if new == _SAME or (change.new is None and old == _GONE):
            done.append(change)
        elif new == _GONE and old == _GONE:
            todo.append(Change(change.path, None, change.new))
        elif old == _SAME:
            todo.append(change)
        elif _was_being_written(store, place, change):
            todo.append(Change(change.path, None, change.new))
        else:
            edited.append(change.path)
    if edited:
        return (
            f"{shown(edited)} in {place.worktree} was edited while a landing that changes it was "
            "interrupted. Move your version away."
        )
    blocked = in_the_way(place, tuple(todo))
    if blocked is not None:
        return blocked.why
    _settle(git, done)
    return None


_SAME = "="
_GONE = "D"


def _compared(
    store: Store, place: Place, changes: tuple[Change, ...]
) -> tuple[Mapping[bytes, str], Mapping[bytes, str]]:
    """Return how each path on disk differs from its old and from its new version."""
    with scratch(place) as folder:
        old = CheckoutGit(store, place, folder / "old")
        new = CheckoutGit(store, place, folder / "new")
        return (
            _differing(old, [(c.path, c.old.mode, c.old.oid) for c in changes if c.old]),
            _differing(new, [(c.path, c.new.mode, c.new.oid) for c in changes if c.new]),
        )


def _differing(git: CheckoutGit, rows: list[tuple[bytes, str, str]]) -> Mapping[bytes, str]:
    lines = (f"{mode} {oid}\t".encode() + path + b"\0" for path, mode, oid in rows)
    git("update-index", "-z", "--index-info", stdin=b"".join(lines))
    git.refresh()
    answer = git("diff-files", "--name-status", "--no-renames", "-z", "--ignore-submodules=all")
    words = answer.stdout.split(b"\0")
    return {path: status.decode() for status, path in zip(words[0::2], words[1::2], strict=False)}


def _was_being_written(store: Store, place: Place, change: Change) -> bool:
    if change.new is None or change.new.mode == SYMLINK:
        return False
    content = store.repo[change.new.oid]
    return isinstance(content, pygit2.Blob) and drop_half_written(
        place.worktree, change.path, content.data
    )


def _settle(git: CheckoutGit, done: list[Change]) -> None:
    """Put what is on disk already into the private index: removals first, names may change kind."""
    rows = sorted(done, key=lambda change: change.new is not None)
    lines = (
        (f"{c.new.mode} {c.new.oid}" if c.new else f"0 {'0' * 40}").encode()
        + b"\t"
        + c.path
        + b"\0"
        for c in rows
    )
    git("update-index", "-z", "--index-info", stdin=b"".join(lines))
    git.refresh()
