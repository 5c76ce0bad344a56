"""The files a repository begins with: policy, approvers, revoked keys, and a first item.

They are shipped as text with comments, not built from the models: they are what a newcomer reads.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import count

from gitops.observe import POLICY
from policy.backlog.markdown.sheet import read_sheet
from policy.backlog.parse import BadItem, Written

APPROVERS = ".pawl/approvers"
REVOKED = ".pawl/revoked"
SHEET = "BACKLOG.md"
FIRST_ITEM = "backlog/HELLO-1.yaml"


@dataclass(frozen=True)
class Beginning:
    """What the commits of a newly served repository hold, by path."""

    introduction: Mapping[str, bytes]
    items: Mapping[str, bytes]
    """Of the commit after it; empty: there is no such commit."""
    message: str
    """Of that commit."""


def shipped(
    *, branch: str, name: str, approver: str, taken: frozenset[str], sheet: bytes | None = None
) -> Beginning:
    """Return what `pawl init` commits. *taken* are paths that are there already.

    A first item that is there already is left alone. *sheet* is the `BACKLOG.md` that is there:
    where nobody wrote it for pawl, the policy does not have it read, and says so.
    """
    words = {"target": json.dumps(branch), "name": json.dumps(name)}
    policy = _filled("policy.yaml", words) + (_UNREAD if _is_foreign(sheet) else b"")
    policy += b"".join(text for lock, text in _PROPOSED.items() if lock in taken)
    hello = next(path for path in _hellos() if path not in taken)
    item = _filled("HELLO-1.yaml", {"target": branch, "hello": hello, "path": FIRST_ITEM})
    return Beginning(
        introduction=introduction(policy, approver),
        items={} if FIRST_ITEM in taken else {FIRST_ITEM: item},
        message="backlog: a first item that pawl can build",
    )


_UNREAD = b"""
# BACKLOG.md was here before pawl, and no entry of it says how it can be proven: it is not read.
# Take this line out once its entries have Tests and Scope (docs/markdown.md of pawl).
backlog_markdown: null
"""


_PROPOSED = {
    "requirements.txt": b"""
# What requirements.txt names can be installed once, and mounted for builders and tests. Add its
# hosts to `egress` in the host file as well; docs/environments.md of pawl tells the rest.
# environments:
#   py:
#     setup:
#       - [python3, -m, venv, /environment]
#       - [/environment/bin/pip, install, --require-hashes, -r, requirements.txt]
#     key_files: [requirements.txt]
#     egress: [pypi.org, files.pythonhosted.org]
#     path: [bin]
# environment: py
""",
    "package-lock.json": b"""
# What package-lock.json names can be installed once, and mounted for builders and tests. Add its
# host to `egress` in the host file as well; docs/environments.md of pawl tells the rest.
# environments:
#   node:
#     setup:
#       - [cp, package.json, package-lock.json, /environment]
#       - [npm, ci, --prefix, /environment, --no-audit, --no-fund]
#     key_files: [package.json, package-lock.json]
#     egress: [registry.npmjs.org]
#     path: [node_modules/.bin]
#     links: {node_modules: node_modules}
# environment: node
""",
}
"""Proposals by lock file, as comments: whether they are right only a person can tell."""


def _is_foreign(sheet: bytes | None) -> bool:
    """Tell whether entries of *sheet* would be refused, and none of them be built."""
    read = () if sheet is None else read_sheet(SHEET, sheet)
    refused = any(isinstance(one, BadItem) for one in read)
    return refused and not any(
        isinstance(one, Written) and one.item.status == "todo" for one in read
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
