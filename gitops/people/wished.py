"""Who committed a wish as it is: author, committer, and whose key is in the signature.

None of it is verified: it says who may *not* decide, and a claim is enough for that.
"""

import re
from dataclasses import dataclass

from gitops import signing
from gitops.objects import read_object
from gitops.repository import Store
from policy.backlog.markdown.sheet import SUFFIX as SHEET
from policy.ids import CommitId, ItemId
from policy.people.keys import Key, key_in

_FORMAT = "--format=%H%n%ae%n%ce"


@dataclass(frozen=True)
class Wished:
    """*addresses* are those of author and committer; *key* None where it is not signed by one."""

    addresses: tuple[str, ...] = ()
    key: Key | None = None


def wished(store: Store, at: CommitId, path: str, item: ItemId) -> Wished:
    """Return who brought *item*, which lies at *path*, as it is at the commit *at*.

    In a sheet of many items that is the last commit that changed a line with its id, or the sheet
    where no line has it. Raises `GitError`.
    """
    found = _last(store, at, path, f"-G{_line_with(item)}") if path.endswith(SHEET) else []
    found = found or _last(store, at, path)
    if not found:
        return Wished()
    commit, *addresses = found
    signed = signing.ssh_signature(read_object(store, CommitId(commit), "commit"))
    key = key_in(signed.blob) if isinstance(signed, signing.SshSigned) else None
    return Wished(tuple(addresses), key)


def _last(store: Store, at: CommitId, path: str, *touching: str) -> list[str]:
    plain = ("--no-textconv", "--no-ext-diff", "--no-show-signature")
    return store.git.text("log", "-1", _FORMAT, *plain, *touching, at, "--", path).splitlines()


def _line_with(item: ItemId) -> str:
    return rf"(^|[^A-Za-z0-9._-]){re.escape(item)}($|[^A-Za-z0-9._-])"
