"""Lock files that a killed git or daemon left: which are stale, and which are nobody's business.

A lock is removed only when no process works on the repository, and then only if it is ours (its
content is a commit the daemon signed, or it guards a ref that only the daemon writes, or that it
was moving when it was killed), if the git dir
is the daemon's own, or if it guards a ref and is older than the grace a host allows. A person's
index or configuration lock is theirs: it is reported, never removed (R25).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from gitops import processes
from gitops.finding import Finding, Healed, NeedsPerson
from gitops.landing import marker
from gitops.landing.marker import Marker
from gitops.landing.places import gitdirs
from gitops.refs import MOVING, only_ours
from gitops.signing import Good, verify


@dataclass(frozen=True)
class LockRules:
    """What the host says about locks that are not provably the daemon's."""

    daemon_owned: bool
    """Nobody but this daemon runs git on the repository (a hub on the build host)."""
    grace_s: int
    """A foreign lock younger than this is never removed (reliability.md F20: 15 minutes)."""


@dataclass(frozen=True)
class _Scene:
    gitdir: Path
    rules: LockRules
    trusted: str | None
    now: float
    working: tuple[int, ...]


def stale_locks(
    gitdir: Path, rules: LockRules, *, trusted: str | None, now: float, patience_s: float
) -> tuple[Finding, ...]:
    """Remove the locks that are stale, report the others.

    *trusted* is the daemon's public key, *now* in seconds since 1970, *patience_s* how long a git
    that works on the repository is waited for.
    """
    locks = list(_locks(gitdir))
    if not locks:
        (gitdir / MOVING).unlink(missing_ok=True)
        return ()
    roots = [gitdir, *(_worktree_of(path) for path in gitdirs(gitdir))]
    looked_at = [root for root in roots if root is not None and root.is_dir()]
    working = processes.working_on(looked_at)
    if working and processes.wait_gone(working, patience_s):
        working = processes.working_on(looked_at)
    scene = _Scene(gitdir, rules, trusted, now, working)
    findings = tuple(_judge(lock, scene) for lock in locks)
    if not working:
        (gitdir / MOVING).unlink(missing_ok=True)
    return findings


def _worktree_of(gitdir: Path) -> Path | None:
    if gitdir.name == ".git":
        return gitdir.parent
    try:
        return Path(os.fsdecode((gitdir / "gitdir").read_bytes().rstrip(b"\n"))).parent
    except OSError:
        return None


def _locks(gitdir: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(gitdir / "refs"):
        yield from (Path(parent) / name for name in names if name.endswith(".lock"))
    for name in ("packed-refs.lock", "config.lock", "shallow.lock"):
        if (gitdir / name).exists():
            yield gitdir / name
    for one in gitdirs(gitdir):
        if (one / "HEAD.lock").exists():
            yield one / "HEAD.lock"
        # A lock with our words belongs to an update of a checkout, which is finished elsewhere.
        if os.path.lexists(one / "index.lock") and not isinstance(marker.read(one), Marker):
            yield one / "index.lock"


def _judge(lock: Path, scene: _Scene) -> Finding:
    where = str(lock)
    if scene.working:
        return NeedsPerson(
            where,
            f"a git (pid {', '.join(map(str, scene.working))}) works on the repository and may "
            "hold it; if it does not end, end it, then restart pawl",
        )
    try:
        found = lock.lstat()
    except FileNotFoundError:
        return Healed(where, "it was gone a moment later")
    age = scene.now - found.st_mtime
    if not (scene.rules.daemon_owned or _is_ours(lock, scene)):
        if not _guards_ref(lock, scene.gitdir):
            return NeedsPerson(where, "a killed git seems to have left it; look, then remove it")
        if age < scene.rules.grace_s:
            left = int(scene.rules.grace_s - age) + 1
            return NeedsPerson(
                where, f"no git seems to run; remove it if it is stale, or pawl does in {left} s"
            )
    if lock.lstat().st_ino == found.st_ino:
        lock.unlink(missing_ok=True)
    return Healed(where, f"a stale lock, {int(age)} s old, was removed")


def _guards_ref(lock: Path, gitdir: Path) -> bool:
    return lock.name == "packed-refs.lock" or lock.is_relative_to(gitdir / "refs")


def _is_ours(lock: Path, scene: _Scene) -> bool:
    name = lock.relative_to(scene.gitdir).as_posix().removesuffix(".lock")
    if only_ours(name) or _was_moving(lock, name, scene.gitdir):
        return True
    text = lock.read_bytes() if lock.is_file() and not lock.is_symlink() else b""
    if scene.trusted is None or _OID.fullmatch(text) is None:
        return False
    try:
        raw = pygit2.Odb(str(scene.gitdir / "objects")).read(text.decode().strip())[1]
    except (KeyError, ValueError, OSError, pygit2.GitError):
        return False
    return isinstance(verify(raw, scene.trusted), Good)


def _was_moving(lock: Path, ref: str, gitdir: Path) -> bool:
    """Whether the daemon was killed while it moved *ref*, and the lock came after it began to."""
    note = gitdir / MOVING
    try:
        begun = note.stat().st_mtime_ns
        return note.read_text() == ref and lock.lstat().st_mtime_ns >= begun
    except (OSError, UnicodeDecodeError):
        return False


_OID = re.compile(rb"[0-9a-f]{40}\n?")
