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
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from gitops.people import openssh
from gitops.people.openssh import Fails
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


def key_folders(config: Path, environ: Mapping[str, str], users: Sequence[User]) -> Sequence[Path]:
    """Return where keys lie that *users* could use: root could use everybody's."""
    uids = {user.uid for user in users}
    entries = [entry for entry in pwd.getpwall() if 0 in uids or entry.pw_uid in uids]
    homes = [environ.get("HOME", ""), *(entry.pw_dir for entry in entries)]
    return (config, *(Path(home, ".ssh") for home in homes if home.startswith("/")))


def at_hand(
    approvers: Iterable[Approver],
    *,
    environ: Mapping[str, str],
    users: Sequence[User],
    folders: Sequence[Path],
    timeout_s: float,
) -> tuple[AtHand, ...]:
    """Return each way in which an approver's key can be used here.

    *environ* is the daemon's environment; *folders* are where keys may lie: `~/.ssh` of each
    user of the host that is looked for, the configuration folder. They are not searched deeper.
    """
    wanted = {approver.key: approver.principal for approver in approvers}
    if not wanted:
        return ()
    socket = environ.get("SSH_AUTH_SOCK", "")
    agent = _in_agent(socket, wanted, timeout_s) if socket else ()
    files = (row for folder in dict.fromkeys(folders) for row in _in_folder(folder, wanted, users))
    return (*agent, *files)


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


def _in_folder(folder: Path, wanted: Mapping[Key, str], users: Sequence[User]) -> Iterator[AtHand]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return  # not there, or somebody's who lets nobody in
    for path in paths:
        reader = next((user for user in users if _can_read(user, path)), None)
        if reader is None:
            continue
        key = _private_key(path)
        if key is not None and key in wanted:
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
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except OSError:
        return None
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
