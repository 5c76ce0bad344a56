"""Approvers' private keys that this host's daemon or builders could use: then nothing starts.

Whatever is signed here would say nothing of who decided it (DESIGN 6, R37). Looked at when a daemon
starts, and by `doctor`.
"""

import os
from pathlib import Path

from daemon.outside import Outside
from gitops.objects import DamagedObjectError, MissingObjectError, read_blob
from gitops.observe import blob_at
from gitops.people.at_hand import AtHand, Places, User, at_hand, homes_of, user_of
from gitops.people.named import named
from gitops.people.state import APPROVERS
from gitops.repository import Store
from policy.ids import TreeId
from policy.people.approvers import read_approvers
from policy.problems import Unreadable


class KeysAtHandError(Exception):
    """An approver's private key can be used by who runs here. Exit code 3."""

    def __init__(self, found: tuple[AtHand, ...]) -> None:
        super().__init__("; ".join(map(str, found)))


def keys_at_hand(outside: Outside, store: Store, tree: TreeId) -> tuple[AtHand, ...]:
    """Return each way to use a key of an approver of *tree*; none is looked for in other modes."""
    if outside.trust.mode != "signed":
        return ()
    try:
        blob = blob_at(store, tree, APPROVERS)
        approvers = () if blob is None else read_approvers(read_blob(store, blob))
    except (MissingObjectError, DamagedObjectError):
        return ()  # then nobody's permission counts
    if isinstance(approvers, Unreadable):
        return ()
    users = _users(outside)
    return at_hand(
        approvers,
        users=users,
        places=_places(outside, users),
        search=outside.host.key_search,
        timeout_s=outside.host.openssh_s,
    )


def refuse_keys(outside: Outside, store: Store, tree: TreeId) -> None:
    """Raise `KeysAtHandError` where there is one."""
    found = keys_at_hand(outside, store, tree)
    if found:
        raise KeysAtHandError(found)


def _places(outside: Outside, users: tuple[User, ...]) -> Places:
    host, homes = outside.host, homes_of(users, os.environ)
    told = named(Path(host.git_dir), homes, os.environ)
    folders = [outside.config.parent, *(home.path / ".ssh" for home in homes)]
    if outside.credentials is not None:
        folders.append(outside.credentials)
    own = host.remote.ssh_key if host.remote is not None else None
    agent = os.environ.get("SSH_AUTH_SOCK", "")
    return Places(
        folders=folders,
        mounts=[Path(mount) for mount in host.mounts],
        files=[*told.files, *([Path(own)] if own is not None else [])],
        agents=[*([agent] if agent else []), *told.agents],
        unread=told.unread,
    )


def _users(outside: Outside) -> tuple[User, ...]:
    own = user_of("the daemon's user", os.geteuid(), os.getegid())
    builder = outside.host.builder
    if builder is None:
        return (own,)
    return own, user_of(f"the builders' user {builder.uid}", builder.uid, builder.gid)
