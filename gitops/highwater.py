"""The high-water mark: what this daemon has seen, kept outside the repository it judges.

A repository that is older than its mark was rolled back. A lost mark is None, never a guess:
without it the daemon only observes (DESIGN 9).
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from policy.canonical import canonical, digest
from policy.ids import CommitId, Digest, MissionId
from policy.value import Value


class HighWater(Value):
    """The newest of everything; each None or empty until it was seen once."""

    target: CommitId | None = None
    ledger: CommitId | None = None
    """The tip of `pawl/ledger`."""
    missions: dict[MissionId, CommitId] = Field(default_factory=dict)
    """The tips of the open missions, where the caller chose to note them."""
    hub: CommitId | None = None
    """The newest target the hub was seen to have."""
    policy: Digest | None = None
    time: str | None = None
    """The newest time trusted, RFC 3339, UTC, seconds, `Z`."""


class Corrupt(Value):
    """There is a file and it is not a mark: neither lost nor known; a person decides."""

    path: str
    why: str


class _File(Value):
    schema_version: Literal[1] = Field(default=1, alias="schema")
    mark: HighWater
    sha256: Digest
    """Of the canonical mark: a flipped bit is not an older repository."""


def read(path: Path) -> HighWater | Corrupt | None:
    """Return the mark at *path*, None where there is no file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait
            return Corrupt(path=str(path), why="it is no file")
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return Corrupt(path=str(path), why=f"it cannot be read: {error.strerror}")
    try:
        found = _File.model_validate_json(content)
    except ValidationError as error:
        why = error.errors(include_url=False)[0]["msg"]
        return Corrupt(path=str(path), why=f"it is not a mark: {why}")
    if found.sha256 != _sum(found.mark):
        return Corrupt(path=str(path), why="its checksum is of another content")
    return found.mark


def write(path: Path, mark: HighWater, *, sync: bool = True) -> None:
    """Replace the mark at *path*; after a kill it is the old one or this.

    With *sync* after a power loss too. The directory is not synced: an older mark is a true one.
    Raises `OSError`, with the old mark still there.
    """
    content = canonical(_File(mark=mark, sha256=_sum(mark)).model_dump(by_alias=True))
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def _sum(mark: HighWater) -> Digest:
    # A mark of before there were hubs has the same sum as ever.
    return digest(mark.model_dump(mode="json", exclude={"hub"} if mark.hub is None else None))
