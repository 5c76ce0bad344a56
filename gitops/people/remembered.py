"""What a walk along the target remembers, so that the next one begins where it ended.

A cache: it is used only where its last commit is on the line that is walked and it was made for
the same trust. Losing it costs a walk from the introduction, and keys that have expired since.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from gitops.people.state import Source
from policy.canonical import sha256
from policy.ids import BlobId, CommitId, Digest
from policy.people.found import Introduced, Signer
from policy.people.permission import Instant
from policy.value import Value


class Brought(Value):
    """A file of `waivers/` as it lies at the tip, and how it came there."""

    blob: BlobId
    mode: str
    introduced: Introduced
    signer: Signer = Field(discriminator="kind")
    first_seen: Instant


class Remembered(Value):
    schema_version: Literal[1] = Field(default=1, alias="schema")
    faith: Digest
    """`Faith.digest`."""
    root: CommitId
    """The first commit of all, on the first-parent line."""
    tip: CommitId
    """The last commit that was verified."""
    source: Source
    brought: dict[str, Brought] = Field(default_factory=dict)
    """By name below `waivers/`."""
    undone: dict[str, Brought] = Field(default_factory=dict)
    """Revocations that lay there once: what is taken back stays so."""
    used: frozenset[BlobId] = frozenset()
    seen: dict[CommitId, Instant] = Field(default_factory=dict)
    """When commits were seen first that were not believed: a later look is not a first one."""


class _File(Value):
    content: str
    sha256: Digest


def recall(path: Path) -> Remembered | None:
    """Return what is remembered at *path*; None where there is nothing that can be believed."""
    try:
        file = _File.model_validate_json(path.read_bytes())
        if sha256(file.content.encode()) != file.sha256:
            return None
        return Remembered.model_validate_json(file.content)
    except (OSError, ValidationError):
        return None


def remember(path: Path, remembered: Remembered) -> None:
    """Replace what is at *path*; a kill leaves the old or this. Raises `OSError`."""
    content = remembered.model_dump_json(by_alias=True)
    file = _File(content=content, sha256=sha256(content.encode()))
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(file.model_dump_json())
        new.chmod(0o600)
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
