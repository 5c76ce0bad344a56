"""Health: what the loop last did and what stands against it, as a file in the state directory.

Health is the age of the last completed reconcile and of each mission's last progress, not that a
process is up (R24). `pawl status` and `pawl doctor` read it; nothing decides by it.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from daemon.clock import rfc3339
from daemon.standing import Standing

HEALTH = "health.json"


def write_health(state: Path, standing: Standing, *, at: datetime, epoch: int) -> None:
    """Replace the file; a full disk is no reason to stop: the file then tells its age."""
    row = {
        "schema": 1,
        "at": rfc3339(at),
        "pid": os.getpid(),
        "epoch": epoch,
        "health": "red" if is_red(standing) else "green",
        "frozen": standing.doubts,
        "under_way": standing.under_way,
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
    try:
        new.write_text(json.dumps(row, indent=1, sort_keys=True) + "\n")
        new.replace(path)
    except OSError:
        return


def read_health(state: Path) -> dict[str, object] | None:
    """Return what the last reconcile wrote, None where nothing can be read."""
    try:
        found = json.loads((state / HEALTH).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


_RED = ("frozen", "no_sandbox", "no_environment")


def is_red(standing: Standing) -> bool:
    """Something needs a person: a freeze, or a backlog that cannot be read (DESIGN 5.2)."""
    frozen = any(rest.reason in _RED for rest in standing.rests.values())
    return bool(standing.doubts) or frozen or standing.invalid
