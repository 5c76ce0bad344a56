"""A cgroup per run, in directories the host's operator delegated to the daemon.

Both versions are understood by the files a directory has. The memory limit is the run's limit plus
the sizes of its memory file systems: those have limits of their own and are charged to the run.
"""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from policy.bus.operation import Limits

_OVERHEAD = 3  # bwrap, its child, the namespace's init


@contextmanager
def group(
    parents: Sequence[Path], name: str, limits: Limits, shm_bytes: int
) -> Iterator[list[str]]:
    """Yield the run's cgroup directories, one per parent; remove them after.

    Raises `OSError` if a parent is not ours to use: the host file is wrong.
    """
    made: list[Path] = []
    memory = limits.memory_bytes + limits.scratch_bytes + limits.tmp_bytes + shm_bytes
    try:
        for parent in parents:
            directory = parent / name
            directory.mkdir()
            made.append(directory)
            _limit(directory, memory, limits.processes + _OVERHEAD)
        yield [str(directory) for directory in made]
    finally:
        for directory in made:
            with contextlib.suppress(OSError):  # swept at the next start
                directory.rmdir()


def sweep(parents: Sequence[Path], prefix: str) -> None:
    """Remove empty groups a killed daemon left."""
    for parent in parents:
        for leftover in parent.glob(f"{prefix}*"):
            with contextlib.suppress(OSError):
                leftover.rmdir()


def _limit(directory: Path, memory: int, processes: int) -> None:
    for name, value in (
        ("memory.max", memory),
        ("memory.swap.max", 0),
        ("memory.oom.group", 1),
        ("memory.limit_in_bytes", memory),
        ("memory.memsw.limit_in_bytes", memory),
        ("pids.max", processes),
    ):
        if (directory / name).exists():
            (directory / name).write_text(str(value))


def limits_memory(parents: Sequence[Path]) -> bool:
    """Tell whether one of *parents* has a memory controller."""
    names = ("memory.max", "memory.limit_in_bytes")
    return any((parent / name).exists() for parent in parents for name in names)
