"""What lies outside the repository comes to where the unit looks for it: /etc/pawl, /var/lib/pawl.

Copied first, whole and with the right owners, then the old folders go: killed anywhere, the next
`service install` finishes. What is only a cache is not taken along; it belongs to another user.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from daemon.lock import single_instance
from daemon.outside import HOST_FILE, KEY_FILE, TRUST_FILE, Outside
from daemon.service.account import Account
from policy.host import Host
from policy.problems import Unreadable
from policy.typed import read

_CACHES = ("layers", "etc", "etc.made-of", "probes.json", "runs", "canary")
_BLOCK = re.compile(r"^builder:[^\n]*\n(?:[ \t]+[^\n]*\n)*", re.MULTILINE)
_KEY = re.compile(r"^key:[^\n]*\n", re.MULTILINE)


class HostFileError(Exception):
    """The host file cannot be changed for a service without a person looking."""


@dataclass(frozen=True)
class Move:
    """From where `pawl init` put it to where the unit looks for it; often the same."""

    was: Outside
    """What is believed: the unit's own once it is whole, else what `pawl init` wrote."""
    old: Outside | None
    """What `pawl init` wrote and is to go; None once it has gone."""
    config: Path
    state: Path


def for_service(text: str) -> str:
    """Return a host file for a daemon that is not root and is handed its key.

    *builder* is for root alone; everything else, comments too, stays. Raises `HostFileError`.
    """
    before = read(text.encode(), Host)
    bare = _KEY.sub("", _BLOCK.sub("", text))
    changed = f"{bare.rstrip()}\nkey: credential\n"
    after = read(changed.encode(), Host)
    if isinstance(before, Unreadable):
        raise HostFileError(f"it cannot be read: {before}")
    if isinstance(after, Unreadable):
        raise HostFileError(f"it could not be read as a service's: {after}")
    if after != before.model_copy(update={"builder": None, "key": "credential"}):
        raise HostFileError("take `builder` out of it and add `key: credential`")
    return changed


def carry_out(move: Move, account: Account) -> None:
    """Move configuration, key and state; raise `LockedError` while somebody works on it."""
    if move.old is None:
        _config(move, account)
        return
    with single_instance(move.old.state):
        _config(move, account)
        _state(move.old.state, move, account)
    shutil.rmtree(move.old.config)
    shutil.rmtree(move.old.state)


def _config(move: Move, account: Account) -> None:
    for folder in (move.config.parent, move.state.parent):
        folder.mkdir(mode=0o755, exist_ok=True)
    move.config.mkdir(mode=0o750, exist_ok=True)
    _own(move.config, 0, account.gid, 0o750)
    texts = {
        HOST_FILE: for_service((move.was.config / HOST_FILE).read_text()),
        TRUST_FILE: (move.was.config / TRUST_FILE).read_text(),
    }
    secret = (move.was.config / KEY_FILE).read_bytes()
    _put(move.config / KEY_FILE, secret, gid=0, mode=0o600)
    for name, text in texts.items():
        _put(move.config / name, text.encode(), gid=account.gid, mode=0o640)


def _state(was: Path, move: Move, account: Account) -> None:
    """Only where the unit has none yet: a newer one is never covered by an older one."""
    if not (move.state / "highwater.json").exists():
        shutil.rmtree(move.state, ignore_errors=True)
        new = move.state.with_name(f".{move.state.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(was, new, ignore=shutil.ignore_patterns(*_CACHES))
        for path in (new, *new.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
        new.chmod(0o700)
        new.rename(move.state)


def _put(path: Path, content: bytes, *, gid: int, mode: int) -> None:
    if not path.exists() or path.read_bytes() != content:
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    _own(path, 0, gid, mode)


def _own(path: Path, uid: int, gid: int, mode: int) -> None:
    os.chown(path, uid, gid)
    path.chmod(mode)
