"""The user a service runs as, and what that user may do, asked as that user.

What root can read says nothing: every question here is put to a process that has become the user.
"""

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOME = "/var/lib/pawl"


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    """All of them, with that of the people who push."""

    def asks(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        """Run *argv* as this user, in an environment of its own."""
        return subprocess.run(  # noqa: S603  # our own argv
            argv,
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups,
            cwd="/",
            env={"PATH": _PATH, "HOME": HOME, "LC_ALL": "C.UTF-8"},
            umask=0o077,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def cannot_write(self, path: Path) -> str | None:
        """Return the first folder below *path* this user cannot write, None if there is none."""
        done = self.asks("find", str(path), "-type", "d", "!", "-writable", "-print", "-quit")
        return done.stdout.strip() or (done.stderr.strip() if done.returncode else None)

    def cannot_read(self, paths: Sequence[Path]) -> tuple[Path, ...]:
        return tuple(path for path in paths if self.asks("test", "-r", str(path)).returncode)


def find(name: str, group: str | None) -> Account | None:
    """Return the user *name*, who also is in *group*; None where there is no such user.

    Raises `KeyError` for a group that is not there.
    """
    extra = [] if group is None else [grp.getgrnam(group).gr_gid]
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    groups = (*os.getgrouplist(name, entry.pw_gid), *extra)
    return Account(name, entry.pw_uid, entry.pw_gid, tuple(dict.fromkeys(groups)))


def creation(name: str) -> tuple[str, ...]:
    """Return the command that makes a system user *name* with a group of its own."""
    if shutil.which("useradd", path=_PATH):
        return (
            "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", HOME,
            "--shell", "/usr/sbin/nologin", "--comment", "pawl build daemon", name,
        )  # fmt: skip
    line = f'u {name} - "pawl build daemon" {HOME} /usr/sbin/nologin'
    return ("systemd-sysusers", "--inline", line)


def create(name: str) -> None:
    """Make the user; raise `OSError` with what was said."""
    argv = creation(name)
    done = subprocess.run(  # noqa: S603  # our own argv
        argv, env={"PATH": _PATH}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}")
