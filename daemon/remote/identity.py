"""Which daemon this is among those of one hub: the host's name and an id of its state directory.

Two hosts may have the same name; two state directories do not have the same id, unless one was
copied. Who finds out that it has a twin takes another id, and what the old one began is the twin's.
"""

import os
import re
import secrets
from pathlib import Path

FILE = "instance"
_BYTES = 4  # of a random id: told apart are the few hosts of one hub
_WELL_FORMED = re.compile(r"[0-9a-f]{8}")


def name_in(state: Path) -> str:
    """Return `<host>-<id>`, made when it is first asked for; part of a ref's name."""
    try:
        found = (state / FILE).read_text().strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    return _named(found) if _WELL_FORMED.fullmatch(found) else renamed(state)


def renamed(state: Path) -> str:
    """Return a new name, which is durable when this returns."""
    own = secrets.token_hex(_BYTES)
    new = state / f"{FILE}.new"
    with new.open("w") as file:
        file.write(f"{own}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(state / FILE)
    return _named(own)


def _named(own: str) -> str:
    host = re.sub(r"[^A-Za-z0-9]+", "-", os.uname().nodename).strip("-") or "host"
    return f"{host}-{own}"
