"""The book of closed missions as it was counted last, in a file of the state directory.

Nothing depends on it: what is torn, of another form or not there is counted from the ledger again.
Only the daemon writes it; `pawl metrics` reads it.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Literal

from gitops.ledger.counting import Counted
from policy.canonical import canonical, digest
from policy.ids import CommitId, Digest
from policy.pages.book import Book
from policy.value import Value


class _File(Value):
    form: Literal[1] = 1
    """Counted up when a tally, or what it counts, changes."""
    tip: CommitId
    book: Book
    sha256: Digest
    """Of the canonical book: a flipped bit is not another figure."""


def read_counted(state: Path) -> Counted | None:
    """Return what was written last, None where that cannot be read."""
    path = _path(state)
    try:
        found = _File.model_validate_json(path.read_bytes() if path.is_file() else b"")
    except (OSError, ValueError):
        return None
    return Counted(found.tip, found.book) if found.sha256 == _sum(found.book) else None


def write_counted(state: Path, counted: Counted) -> None:
    """Replace the file; a full disk costs time at the next start, never an answer."""
    path = _path(state)
    new = path.with_suffix(".new")
    row = _File(tip=counted.tip, book=counted.book, sha256=_sum(counted.book))
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(canonical(row.model_dump(mode="json")))
        new.replace(path)


def _sum(book: Book) -> Digest:
    return digest(json.loads(book.model_dump_json()))


def _path(state: Path) -> Path:
    return state / "cache" / "metrics.json"
