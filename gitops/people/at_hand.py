"""Approvers' private keys that the daemon or a builder could use: then nobody knows who decided.

Code that runs as the daemon's user, or as the builders', can sign with what that user can read and
with what an agent signs for it (A52, R37). A key with a passphrase is no use to them; a key on
hardware is a handle without the hardware, and asks for a touch.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from gitops.people import openssh
from gitops.people.below import Beyond, files_below
from gitops.people.named import Home
from gitops.people.openssh import Fails
from policy.host import KeySearch
from policy.people.approvers import Approver
from policy.people.keys import Key, key_of


@dataclass(frozen=True)
class InAgent:
    """An agent that answers the daemon holds the key of *principal*."""

    socket: str
    principal: str

    def __str__(self) -> str:
        return (
            f"the ssh-agent at {self.socket} signs for {self.principal}, an approver, and whatever "
            "runs here can ask it: start pawl without SSH_AUTH_SOCK, or sign with a key that is "
            f"not in it (ssh-add -d)"
        )


@dataclass(frozen=True)
class InFile:
    """A private key without a passphrase that a user of this host can read."""

    path: Path
    principal: str
    user: str

    def __str__(self) -> str:
        return (
            f"{self.path} is the private key of {self.principal}, an approver, and {self.user} can "
            "read it: take it off this host, give it a passphrase (ssh-keygen -p), or keep the key "
            "on hardware (ssh-keygen -t ed25519-sk)"
        )


@dataclass(frozen=True)
class Unknown:
    """It could not be looked at, so nothing says that no key is there."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where} could not be looked into for approvers' keys: {self.why}"


AtHand = InAgent | InFile | Unknown


@dataclass(frozen=True)
class User:
    """Somebody whose processes run here: the daemon's user, the builders'."""

    name: str
    uid: int
    gids: frozenset[int]


def user_of(name: str, uid: int, gid: int) -> User:
    """Return the user as this host knows them; a number without an account has no more groups."""
    try:
        groups = os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        groups = [gid]
    return User(name, uid, frozenset(groups))


@dataclass(frozen=True)
class Places:
    """Where keys may lie. Where there is nothing, there is none."""

    folders: Sequence[Path] = ()
    """Searched with all that is below: what is left out is said."""
    mounts: Sequence[Path] = ()
    """Folders that builders see, of whatever size: searched near the top."""
    files: Sequence[Path] = ()
    agents: Sequence[str] = ()
    """Sockets."""
    unread: Sequence[tuple[str, str]] = ()
    """Where more places may be named, and why it was not read."""


def homes_of(users: Sequence[User], environ: Mapping[str, str]) -> tuple[Home, ...]:
    """Return the homes in which *users* could use keys: root could use everybody's."""
    uids = {user.uid for user in users}
    entries = [entry for entry in pwd.getpwall() if 0 in uids or entry.pw_uid in uids]
    own = next((entry.pw_name for entry in entries if entry.pw_uid == os.geteuid()), "")
    homes = [(environ.get("HOME", ""), own), *((each.pw_dir, each.pw_name) for each in entries)]
    return tuple(
        dict.fromkeys(Home(Path(home), name) for home, name in homes if home.startswith("/"))
    )


def at_hand(
    approvers: Iterable[Approver],
    *,
    users: Sequence[User],
    places: Places,
    search: KeySearch,
    timeout_s: float,
) -> tuple[AtHand, ...]:
    """Return each way in which an approver's key can be used here, each once."""
    wanted = {approver.key: approver.principal for approver in approvers}
    if not wanted:
        return ()
    look = partial(_in_file, wanted=wanted, users=users)
    found: dict[AtHand, None] = {}
    for socket in dict.fromkeys(places.agents):
        found.update(dict.fromkeys(_in_agent(socket, wanted, timeout_s)))
    for paths in (
        _whole(places.folders, search),
        places.files,
        _near_the_top(places.mounts, search),
    ):
        for path in paths:
            found.update(dict.fromkeys((path,) if isinstance(path, Unknown) else look(path)))
    found.update(dict.fromkeys(Unknown(where, why) for where, why in places.unread))
    return tuple(found)


def _in_agent(socket: str, wanted: Mapping[Key, str], timeout_s: float) -> Iterator[AtHand]:
    if not Path(socket).is_socket():
        return
    offered = openssh.keys_of_agent(socket, timeout_s=timeout_s)
    if isinstance(offered, Fails):
        yield Unknown(f"the ssh-agent at {socket}", offered.said)
        return
    for public in offered:
        key = key_of(*public.split())
        if isinstance(key, Key) and key in wanted:
            yield InAgent(socket, wanted[key])


def _whole(folders: Iterable[Path], search: KeySearch) -> Iterator[Path | Unknown]:
    for folder in dict.fromkeys(folders):
        for path in files_below(folder, depth=search.depth, most=search.files, links=True):
            if isinstance(path, Beyond):
                why = f"{path.why}; take what is no key out, or raise `key_search` in the host file"
                yield Unknown(str(folder), why)
            else:
                yield path


def _near_the_top(mounts: Iterable[Path], search: KeySearch) -> Iterator[Path]:
    for mount in mounts:
        for path in files_below(
            mount, depth=search.mount_depth, most=search.mount_files, links=False
        ):
            if isinstance(path, Path):
                yield path


def _in_file(path: Path, *, wanted: Mapping[Key, str], users: Sequence[User]) -> Iterator[AtHand]:
    key = _private_key(path)
    if key is None or key not in wanted:
        return
    reader = next((user for user in users if _can_read(user, path)), None)
    if reader is not None:
        yield InFile(path, wanted[key], reader.name)


def _can_read(user: User, path: Path) -> bool:
    """Tell whether *user* could open *path*: it and each folder above it let them."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or not _lets(user, found, stat.S_IROTH):
            return False
        return all(_lets(user, one.stat(), stat.S_IXOTH) for one in path.resolve().parents)
    except OSError:
        return False


def _lets(user: User, found: os.stat_result, bit: int) -> bool:
    if user.uid == 0:
        return True
    if found.st_uid == user.uid:
        return bool(found.st_mode & bit << 6)
    if found.st_gid in user.gids:
        return bool(found.st_mode & bit << 3)
    return bool(found.st_mode & bit)


def _private_key(path: Path) -> Key | None:
    """Return whose private key *path* is, None where it is none that can be used as it lies."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            return None
        content = path.read_bytes()
    except (OSError, ValueError):
        return None  # not there, no path at all, or somebody's who lets nobody in
    if b"PRIVATE KEY" not in content:
        return None
    for load in (load_ssh_private_key, load_pem_private_key):
        try:
            private = load(content, password=None)
            raw = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue  # with a passphrase, on hardware, of another kind
        key = key_of(*raw.decode().split()[:2])
        return key if isinstance(key, Key) else None
    return None


_MOST_BYTES = 64 * 1024  # of a file that may be a key; longer ones are none
