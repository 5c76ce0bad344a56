"""The `.git` of a work tree: one commit, and nothing of the repository it came from.

Inside the sandbox status, diff and commit work with it; the daemon never reads it again. The
commit has a fixed identity and date, so a tree always has the same one.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from gitops.tree.gathering import Gathering, Row
from gitops.tree.index import format_index, parse_index
from gitops.tree.laying import TIME_S, Owner

BRANCH = "refs/heads/main"
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tcheckStat = minimal
\ttrustctime = false
\tlogAllRefUpdates = true
[user]
\tname = builder
\temail = builder@localhost
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""


def write_whole(directory: Path, tree: str, gathering: Gathering, owner: Owner | None) -> None:
    """Write `.git` into *directory*, where *tree* lies and everything of it was gathered."""
    top = directory / ".git"
    for name in ("objects/info", "refs/tags"):
        (top / name).mkdir(parents=True)
    (top / "HEAD").write_text(f"ref: {BRANCH}\n")
    (top / "config").write_text(_CONFIG)
    _write(top, tree, gathering, gathering.rows, owner)


def write_delta(
    directory: Path,
    tree: str,
    gathering: Gathering,
    rows: Mapping[bytes, Row],
    owner: Owner | None,
) -> None:
    """Write the layer of `.git` over that of a tree below; *rows* are all of the new index."""
    _write(directory / ".git", tree, gathering, rows, owner)


def read_rows(directory: Path) -> dict[bytes, Row]:
    """Return the rows of the index in a directory written by this module."""
    return parse_index((directory / ".git" / "index").read_bytes())


def _write(
    top: Path, tree: str, gathering: Gathering, rows: Mapping[bytes, Row], owner: Owner | None
) -> None:
    commit = gathering.add("commit", _commit(tree))
    packs, branch = top / "objects" / "pack", top / BRANCH
    packs.mkdir(parents=True)
    branch.parent.mkdir(parents=True)
    gathering.pack(packs)
    branch.write_text(f"{commit}\n")
    (top / "index").write_bytes(format_index(rows))
    _settle(top, owner)


def _commit(tree: str) -> bytes:
    who = f"pawl <pawl@localhost> {TIME_S} +0000"
    message = "The tree this work starts from"
    return f"tree {tree}\nauthor {who}\ncommitter {who}\n\n{message}\n".encode()


def _settle(top: Path, owner: Owner | None) -> None:
    """Set rights whatever the umask was, and give everything to *owner*."""
    # By text: this runs for each attempt and each gate, and a `Path` for each file was half of it.
    for parent, _, files in os.walk(top):
        _set(parent, 0o755, owner)
        for name in files:
            _set(f"{parent}/{name}", 0o444 if name.endswith(_PACKED) else 0o644, owner)


def _set(path: str, mode: int, owner: Owner | None) -> None:
    os.chmod(path, mode)  # noqa: PTH101
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)


_PACKED = (".pack", ".idx")
