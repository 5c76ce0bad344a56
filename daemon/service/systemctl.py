"""systemd, asked and told by its own command. Nothing here knows what pawl is.

`SYSTEMD_PAGER` and a terminal's colours would end in what is parsed, so the environment is ours.
"""

import os
import re
import subprocess
from pathlib import Path

_BOOTED = Path("/run/systemd/system")
"""sd_booted(3)."""
_ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "SYSTEMD_PAGER": "cat"}


class SystemdError(Exception):
    """systemd would not do what it was told."""


def is_booted() -> bool:
    """Tell whether systemd runs this host."""
    return _BOOTED.is_dir()


def version() -> int:
    """Return systemd's version, 252 for instance; 0 where it cannot be told."""
    try:
        said = _run("--version").stdout
    except (OSError, SystemdError):
        return 0
    found = re.match(r"systemd (\d+)", said)
    return int(found[1]) if found else 0


def tell(*argv: str) -> None:
    """Run `systemctl` with *argv*; raise `SystemdError` with its own words."""
    done = _run(*argv)
    if done.returncode != 0:
        raise SystemdError(f"systemctl {' '.join(argv)}: {done.stderr.strip() or done.returncode}")


def show(unit: str, *properties: str) -> dict[str, str]:
    """Return *properties* of *unit*; of one that is not loaded systemd gives its defaults."""
    done = _run("show", unit, *(f"--property={name}" for name in properties))
    if done.returncode != 0:
        raise SystemdError(f"systemctl show {unit}: {done.stderr.strip()}")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _run(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  # our own argv
        ("systemctl", *argv),  # noqa: S607  # from our own PATH
        env=_ENV | {key: os.environ[key] for key in ("SYSTEMD_OFFLINE",) if key in os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
