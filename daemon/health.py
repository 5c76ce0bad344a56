"""Health: what the loop last did and what stands against it, as a file in the state directory.

Health is the age of the last completed reconcile and of each mission's last progress, not that a
process is up (R24). `pawl status` and `pawl doctor` read it; nothing decides by it.
"""

import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from daemon.clock import rfc3339
from daemon.standing import Standing

HEALTH = "health.json"


def write_health(
    state: Path,
    standing: Standing,
    *,
    at: datetime,
    epoch: int,
    reloads: int = 0,
    stale_s: int | None = None,
) -> None:
    """Replace the file; a full disk is no reason to stop: the file is gone then, or tells its age.

    *reloads* is how many reloads this process was asked for before what is told here was read. A
    deed under way for more than *stale_s* seconds is told as stale.
    """
    stale = stale_deeds(standing, at, stale_s)
    row = {
        "schema": 1,
        "at": rfc3339(at),
        "pid": os.getpid(),
        "epoch": epoch,
        "health": "red" if stale or is_red(standing) else "green",
        "reloads": reloads,
        "frozen": standing.doubts,
        "short": standing.short,
        "under_way": standing.under_way,
        "since": {key: rfc3339(moment) for key, moment in standing.since.items()},
        "stale": stale,
        "hub": standing.hub,
        "unserved": standing.unserved,
        "resting": {
            mission: {
                "reason": rest.reason,
                "why": rest.why,
                "retry_at": rfc3339(rest.until) if rest.until else None,
            }
            for mission, rest in standing.rests.items()
        },
    }
    path = state / HEALTH
    new = path.with_suffix(".new")
    text = json.dumps(row, indent=1, sort_keys=True) + "\n"
    try:
        _replace(path, new, text)
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)  # what is no longer so is worse than nothing, and is room
            _replace(path, new, text)


def _replace(path: Path, new: Path, text: str) -> None:
    try:
        new.write_text(text)
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def read_health(state: Path) -> dict[str, object] | None:
    """Return what the last reconcile wrote, None where nothing can be read."""
    path = state / HEALTH
    try:
        found = json.loads(path.read_bytes() if path.is_file() else b"")  # a pipe would wait
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def stale_deeds(standing: Standing, at: datetime, stale_s: int | None) -> list[str]:
    """Return what a worker has been doing for longer than any honest deed takes here."""
    if stale_s is None:
        return []
    ages = {key: (at - since).total_seconds() for key, since in standing.since.items()}
    return sorted(key for key, age in ages.items() if age > stale_s)


_RED = ("frozen", "no_sandbox", "no_environment", "no_room")


def is_red(standing: Standing) -> bool:
    """Something needs a person: a freeze, a full disk, a backlog that cannot be read."""
    frozen = any(rest.reason in _RED for rest in standing.rests.values())
    return bool(standing.doubts) or standing.short is not None or frozen or standing.invalid
