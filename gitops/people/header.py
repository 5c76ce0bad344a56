"""The first lines of a raw commit, read so that every reader of commits would agree.

Commits of strangers may have headers of theirs (`encoding`, `mergetag`, another signature). Two
trees, or a parent after the author, are what git and libgit2 read differently: no commit.
"""

import re
from dataclasses import dataclass

from policy.ids import CommitId, TreeId


@dataclass(frozen=True)
class Header:
    tree: TreeId
    parents: tuple[CommitId, ...]
    committed: int
    """What the commit says of its own time, in seconds since 1970; 0 where it says no such."""


def header_of(raw: bytes) -> Header | None:
    """Return what a raw commit begins with, None where readers could disagree about it."""
    head, gap, _ = raw.partition(b"\n\n")
    found = _HEAD.fullmatch(head) if gap and b"\0" not in raw else None
    if found is None:
        return None
    parents = found["parents"].decode().split("parent ")[1:]
    time = _TIME.search(found["committer"])
    return Header(
        TreeId(found["tree"].decode()),
        tuple(CommitId(parent.strip()) for parent in parents),
        int(time[1]) if time is not None else 0,
    )


_HEAD = re.compile(
    rb"tree (?P<tree>[0-9a-f]{40})\n"
    rb"(?P<parents>(?:parent [0-9a-f]{40}\n)*)"
    rb"author [^\n]*\n"
    rb"committer (?P<committer>[^\n]*)"
    rb"(?:\n(?!(?:tree|parent|author|committer) )[^\n]*)*"
)
_TIME = re.compile(rb"> ([0-9]{1,11}) [+-][0-9]{4}$")
