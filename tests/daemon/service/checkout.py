"""The checkout as the machine sees it: a copy, where the machine has the folder above it anew.

A checkout below /tmp is fit for a test run; what a service runs may not lie there.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[3]
_ANEW = ("/tmp/", "/var/tmp/", "/run/", "/dev/")  # names, nothing is made there
SEEN = Path("/opt/checkout") if f"{ROOT}/".startswith(_ANEW) else ROOT


def seen(path: str) -> str:
    """Return the name the machine has for *path*."""
    return path.replace(str(ROOT), str(SEEN), 1)


def copied(upper: Path) -> None:
    """Put a copy into the machine's disk at *upper*, if it cannot see the checkout itself."""
    if SEEN == ROOT:
        return
    there = upper / SEEN.relative_to("/")
    leave = shutil.ignore_patterns(".git", ".*_cache")
    shutil.copytree(ROOT, there, symlinks=True, ignore=leave)
    editable = there.glob(".venv/lib/*/site-packages/__editable__*")
    for file in (*(there / ".venv" / "bin").iterdir(), *editable):
        if file.is_file() and not file.is_symlink():
            file.write_bytes(file.read_bytes().replace(str(ROOT).encode(), str(SEEN).encode()))
