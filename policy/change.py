"""A diff as a value: entries, their digest, their size.

`change` is the sha256 over the sorted (path, old mode+oid, new mode+oid): the same edit has the
same change wherever it is applied, which is why approvals bind to it (DESIGN 2 and 6).
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from policy.canonical import digest
from policy.ids import BlobId, ChangeId
from policy.value import Value

Mode = Annotated[Literal["100644", "100755", "120000", "160000", "40000"], Field()]


class Version(Value):
    """One side of an entry. Modes are git's, as text."""

    mode: str
    oid: BlobId


class Entry(Value):
    """One path of a diff. *path* is repo-relative; bytes that are not UTF-8 are surrogates.

    `old` is None for an added path, `new` for a deleted one. Renames are a deletion and an
    addition, so that scope and protection see both sides.
    """

    path: str
    old: Version | None
    new: Version | None


class Stat(Value):
    """How much a diff changes; lines are added plus deleted, a binary file counts none."""

    files: int
    lines: int
    binary_files: int


EMPTY_STAT = Stat(files=0, lines=0, binary_files=0)


def change_of(entries: Iterable[Entry]) -> ChangeId:
    """Return the change that *entries* are, in whatever order they come."""
    rows = sorted(
        [entry.path.encode("utf-8", "surrogateescape").hex(), _side(entry.old), _side(entry.new)]
        for entry in entries
    )
    return ChangeId(digest(rows))


def _side(version: Version | None) -> str:
    return f"{version.mode} {version.oid}" if version else ""


NO_CHANGE = change_of(())
