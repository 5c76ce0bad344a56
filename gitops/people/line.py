"""The target's first-parent line, newest first, down to where a walk may begin."""

from collections.abc import Sequence
from dataclasses import dataclass

from gitops import signing
from gitops.objects import read_object
from gitops.people.header import Header, header_of
from gitops.repository import Store
from policy.ids import CommitId


@dataclass(frozen=True)
class Link:
    """One commit of the line. *ours*: its message looks like a daemon's; nothing proves it yet."""

    commit: CommitId
    header: Header
    ours: bool


@dataclass(frozen=True)
class Line:
    """From *start*, which is known already, to the tip, oldest first; *start* is not in *links*."""

    start: CommitId
    links: tuple[Link, ...]


@dataclass(frozen=True)
class NoLine:
    """The line does not lead to a commit that is known; *commit* is where it ends."""

    commit: CommitId
    why: str


def line_to(store: Store, tip: CommitId, known: Sequence[CommitId]) -> Line | NoLine:
    """Return the line from the first of *known* that is met; raises where an object is missing."""
    links: list[Link] = []
    at = tip
    while at not in known:
        raw = read_object(store, at, "commit")
        header = header_of(raw)
        if header is None:
            return NoLine(at, "readers could disagree about this commit: it is malformed")
        links.append(Link(at, header, b"\nPawl-Mission: " in raw))
        if not header.parents:
            return NoLine(at, f"the line does not lead to the introduction {known[-1]}")
        at = header.parents[0]
    return Line(at, tuple(reversed(links)))


def root_of(store: Store, commit: CommitId) -> CommitId:
    """Return the first commit of all before *commit*, on the first-parent line."""
    at = commit
    while True:
        header = header_of(read_object(store, at, "commit"))
        if header is None or not header.parents:
            return at
        at = header.parents[0]


def landed_at(store: Store, link: Link, daemons: str) -> int | None:
    """Return when a daemon of ours made this commit, None where none did."""
    if not link.ours:
        return None
    good = isinstance(
        signing.verify(read_object(store, link.commit, "commit"), daemons), signing.Good
    )
    return link.header.committed if good else None
