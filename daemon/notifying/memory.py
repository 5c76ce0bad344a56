"""What was told, and what is still to be sent: one file in the state directory.

It is written before anything is sent and after it was: who kills the daemon in between may have one
notice sent twice, with the same id. Losing the file repeats what is so at that time, once.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from policy.notifying.news import Told
from policy.notifying.notice import Notice
from policy.notifying.rules import Destination, Rules
from policy.value import Value

MEMORY = "told.json"


class Outgoing(Value):
    to: Destination
    notice: Notice
    tries: int = 0
    """How often it was sent in vain."""


class Trouble(Value):
    """Why nothing reaches a destination now."""

    why: str
    since: str
    """RFC 3339."""
    given_up: int = 0
    """Notices that were tried often enough, or were too many to wait."""


class Memory(Value):
    schema_version: Literal[1] = Field(alias="schema", default=1)
    told: Told = Told()
    outbox: tuple[Outgoing, ...] = ()
    """In the order they are sent."""
    troubles: dict[Destination, Trouble] = Field(default_factory=dict)
    rules: Rules | None = None
    """The last ones that could be read: a policy that broke is to be told of, too."""


def recall(state: Path) -> Memory:
    """Return what is remembered; nothing where that cannot be read."""
    path = state / MEMORY
    try:
        return Memory.model_validate_json(path.read_bytes() if path.is_file() else b"{}")
    except (OSError, ValidationError):
        return Memory()


def remember(state: Path, memory: Memory) -> str | None:
    """Replace the file; return why that did not work, None where it did."""
    path = state / MEMORY
    new = path.with_suffix(".new")
    try:
        with open(new, "w", opener=_private) as file:  # Path.open has no opener
            file.write(memory.model_dump_json(by_alias=True))
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        return str(error)
    return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
