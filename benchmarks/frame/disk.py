"""The disk: a fresh journaled ext4 image where root allows it, else the directory that was given.

What a sync costs decides half the goals, and a file system without a journal makes it nearly free.
The image is mounted in a mount namespace of this run's own and unlinked at once: however the run
ends, kernel and file system forget it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = 24 * 1024**3
"""Bytes the image may grow to; it is sparse."""
_ALONE = "PAWL_BENCH_ALONE"
_TOOLS = ("unshare", "mkfs.ext4", "mount", "losetup")


@dataclass(frozen=True)
class Disk:
    """*words* say what kind of disk it is, without naming it."""

    place: Path
    words: str


def alone() -> None:
    """Go on in a mount namespace of our own, by running this command again inside one."""
    if os.environ.get(_ALONE) or not _may_mount():
        return
    command = ["unshare", "--mount", "--propagation", "private", "--"]
    os.environ[_ALONE] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


@contextmanager
def disk(given: Path | None) -> Iterator[Disk]:
    """Yield the disk to measure on: *given* as it is, or an image, or the temporary directory."""
    with tempfile.TemporaryDirectory(dir=given, prefix="pawl-bench-") as name:
        place = Path(name)
        if given is not None or not os.environ.get(_ALONE):
            yield Disk(place, _kind_of(place))
            return
        mounted = place / "disk"
        mounted.mkdir()
        why = _mount(place / "image", mounted)
        if why:
            yield Disk(place, f"{_kind_of(place)}; no image: {why}")
            return
        try:
            yield Disk(mounted, f"fresh journaled ext4 image, loop-mounted on {_kind_of(place)}")
        finally:
            subprocess.run(["umount", "--lazy", mounted], check=False)


def _may_mount() -> bool:
    tools = all(shutil.which(tool, path=_path()) for tool in _TOOLS)
    return os.geteuid() == 0 and tools and Path("/dev/loop-control").exists()


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _mount(image: Path, place: Path) -> str:
    """Make the image and mount it; return why not, or nothing."""
    env = {**os.environ, "PATH": _path()}
    with image.open("wb") as file:
        file.truncate(SIZE)
    try:
        for command in (
            ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", "-m", "0", str(image)],
            ["mount", "-o", "loop,noatime", str(image), str(place)],
        ):
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return f"{command[0]}: {done.stderr.strip()}"
    finally:
        image.unlink()
    return ""


def _kind_of(place: Path) -> str:
    """Return the file system a directory is on, and whether it has a journal where that is seen."""
    found = subprocess.run(
        ["stat", "--file-system", "--format=%T", place], capture_output=True, text=True, check=False
    )
    kind = found.stdout.strip() or "an unknown file system"
    if kind != "ext2/ext3":
        return kind
    device = place.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    journal = any(path.name.startswith(f"{name}-") for path in Path("/proc/fs/jbd2").glob("*"))
    return "ext4 with a journal" if journal else "ext4 without a journal"
