"""The machine in words: what a reader needs to weigh the numbers, and nothing that names it."""

import os
import platform
import subprocess
from pathlib import Path


def machine() -> dict[str, str]:
    """Return cores, memory, kernel, tools and load; no host name, no path."""
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{_memory_gib()} GiB",
        "kernel": f"{platform.system()} {platform.release().split('-', maxsplit=1)[0]}",
        "python": platform.python_version(),
        "git": _version("git"),
        "bwrap": _version("bwrap"),
        "user": "root" if os.geteuid() == 0 else "unprivileged",
        "load": " ".join(f"{each:.1f}" for each in os.getloadavg()),
    }


def _memory_gib() -> int:
    total = next(
        line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemT")
    )
    return round(int(total.split()[1]) / 1024**2)


def _version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "none"
    return done.stdout.strip().rpartition(" ")[2]
