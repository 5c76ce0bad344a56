"""The files a repository begins with: policy, approvers, revoked keys, and a first item.

They are shipped as text with comments, not built from the models: they are what a newcomer reads.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import count

from gitops.observe import POLICY

APPROVERS = ".pawl/approvers"
REVOKED = ".pawl/revoked"
FIRST_ITEM = "backlog/HELLO-1.yaml"


@dataclass(frozen=True)
class Beginning:
    """What the commits of a newly served repository hold, by path."""

    introduction: Mapping[str, bytes]
    items: Mapping[str, bytes]
    """Of the commit after it; empty: there is no such commit."""
    message: str
    """Of that commit."""


def shipped(*, branch: str, name: str, approver: str, taken: frozenset[str]) -> Beginning:
    """Return what `pawl init` commits. *taken* are paths that are there already.

    A first item that is there already is left alone.
    """
    words = {"target": json.dumps(branch), "name": json.dumps(name)}
    hello = next(path for path in _hellos() if path not in taken)
    item = _filled("HELLO-1.yaml", {"target": branch, "hello": hello, "path": FIRST_ITEM})
    return Beginning(
        introduction=introduction(_filled("policy.yaml", words), approver),
        items={} if FIRST_ITEM in taken else {FIRST_ITEM: item},
        message="backlog: a first item that pawl can build",
    )


def introduction(policy: bytes, approver: str = "") -> Mapping[str, bytes]:
    """Return the files of the commit that the trust file pins."""
    return {POLICY: policy, APPROVERS: approver.encode(), REVOKED: b""}


def _hellos() -> "map[str]":
    return map("HELLO-{}.md".format, count(1))


def _filled(name: str, words: Mapping[str, str]) -> bytes:
    text = files("daemon.cli.shipped").joinpath(name).read_text()
    for word, value in words.items():
        text = text.replace(f"<{word}>", value)
    return text.encode()
