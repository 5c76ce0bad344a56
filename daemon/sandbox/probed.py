"""Probes that passed, remembered for as long as nothing they depend on is another.

That is this boot, kernel, bwrap, host file and pawl, and what holds this very process: a unit with
one more line of hardening may be one in which no sandbox can be made.
"""

import importlib.metadata
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.sandbox.box import bwrap_version
from daemon.sandbox.settings import SandboxHost
from policy.canonical import digest
from policy.ids import Digest

EngineName = Literal["bwrap-overlay", "bwrap-copy"]
_HELD_BY = ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Seccomp_filters")
_MOUNTED = ("/proc", "/sys")
"""What is mounted there, and how, decides whether a sandbox may mount its own."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A cache: whatever is wrong with the file at *path*, the probes are run again."""

    path: Path
    key: Digest

    def engine(self) -> EngineName | None:
        """Return the engine that held under this key, None where that is not known."""
        try:
            said = json.loads(self.path.read_text())
            if said["key"] != self.key:
                return None
            engines: tuple[EngineName, ...] = ("bwrap-overlay", "bwrap-copy")
            return next((one for one in engines if one == said["engine"]), None)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, engine: EngineName) -> None:
        """Remember that *engine* held."""
        self.path.write_text(json.dumps({"key": self.key, "engine": engine}))


def key_of(host: SandboxHost) -> Digest:
    return digest(
        {
            "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            "kernel": platform.release(),
            "bwrap": bwrap_version(host.bwrap),
            "host": host.digest(),
            "pawl": importlib.metadata.version("pawl"),
            "daemon": os.geteuid(),
            "held_by": _held_by(),
            "mounted": _mounted(),
        }
    )


def _held_by() -> list[str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.partition(":")[0] in _HELD_BY]


def _mounted() -> list[str]:
    """Return place, options and kind of each mount below `_MOUNTED`."""
    rows = (row.split() for row in Path("/proc/self/mountinfo").read_text().splitlines())
    below = (row for row in rows if row[4].startswith(_MOUNTED))
    return sorted(f"{row[4]} {row[5]} {row[row.index('-') + 1]}" for row in below)
