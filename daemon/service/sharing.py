"""A bare repository that the daemon's user owns and a group of people pushes to.

Three things make that work: folders that hand their group down (setgid), files the group may
write, and git told so, because libgit2 knows no `core.sharedRepository` and follows the umask.
People's own git refuses a repository of somebody else until the host says it is safe.
"""

import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from daemon.service.account import Account
from gitops.git import Git

_SYSTEM = Path("/etc/gitconfig")
_FOLDER = stat.S_ISGID | stat.S_IRWXG


def share(gitdir: Path, account: Account, group: str) -> None:
    """Give the bare *gitdir* to *account* and *group*, everything in it. Repeatable."""
    gid = grp.getgrnam(group).gr_gid
    git = Git(gitdir)
    git.run("config", "--local", "core.sharedRepository", "group")
    for path in _all(gitdir):
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            continue
        if (found.st_uid, found.st_gid) != (account.uid, gid):
            os.chown(path, account.uid, gid, follow_symlinks=False)
        wanted = found.st_mode | _by_group(found.st_mode)
        if wanted != path.lstat().st_mode:
            path.chmod(stat.S_IMODE(wanted))
    _trust(git, gitdir)


def is_trusted(git: Git, gitdir: Path) -> bool:
    """Tell whether everybody's git on this host takes *gitdir* for safe, whoever owns it."""
    argv = ("config", "--file", str(_SYSTEM), "--get-all", "safe.directory")
    said = git.run(*argv, accept=(0, 1)).stdout.decode(errors="replace").splitlines()
    return str(gitdir) in said or "*" in said


def _trust(git: Git, gitdir: Path) -> None:
    if not is_trusted(git, gitdir):
        git.run("config", "--file", str(_SYSTEM), "--add", "safe.directory", str(gitdir))
        _SYSTEM.chmod(0o644)


def _all(top: Path) -> Iterator[Path]:
    yield top
    for parent, folders, names in os.walk(top):
        yield from (Path(parent, name) for name in (*folders, *names))


def _by_group(mode: int) -> int:
    """Return the rights the group gets: an object stays what nobody writes."""
    if stat.S_ISDIR(mode):
        return _FOLDER
    return stat.S_IRGRP | (stat.S_IWGRP if mode & stat.S_IWUSR else 0)
