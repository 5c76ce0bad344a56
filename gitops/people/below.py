"""The files below a folder, nearest to its top first, so many and no more.

That there were more is said: who looks for something must not take "not found" for "not there".
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Beyond:
    """It was not all looked at."""

    why: str


def files_below(top: Path, *, depth: int, most: int, links: bool) -> Iterator[Path | Beyond]:
    """Yield what is no folder in *top* and *depth* folders below; `Beyond` where that is not all.

    *most* counts folders too. *links*: whether links to folders are followed, each folder once.
    A folder that is not there, or lets nobody in, holds nothing.
    """
    count, level = 0, [str(top)]
    seen = {os.path.realpath(top)}
    for _ in range(depth + 1):
        below: list[str] = []
        for folder in level:
            entries = _entries(folder)
            if isinstance(entries, Beyond):
                yield entries
                continue
            for entry in entries:
                count += 1
                if count > most:
                    yield Beyond(f"it holds more than {most} files")
                    return
                if not entry.is_dir(follow_symlinks=links):
                    yield Path(entry.path)
                elif (real := os.path.realpath(entry.path)) not in seen:
                    seen.add(real)
                    below.append(entry.path)
        level = below
        if not level:
            return
    yield Beyond(f"it is more than {depth} folders deep")


def _entries(folder: str) -> "list[os.DirEntry[str]] | Beyond":
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    except OSError as error:
        return Beyond(f"{folder}: {error.strerror}")
