"""`packed-refs` read by itself: its names under a prefix, without a look at any of the others."""

import os
from bisect import bisect_left
from dataclasses import dataclass

from gitops.repository import Store


def packed_names(store: Store, prefix: str) -> list[str]:
    """Return the names under *prefix* in `packed-refs`, read again when the file is another."""
    path = store.gitdir / "packed-refs"
    known = store.remembered.get(_PACKED)
    try:
        if not isinstance(known, _Packed) or known.seen != _seen(path.stat()):
            with path.open("rb") as file:
                known = _Packed(_seen(os.fstat(file.fileno())), _names(file.read()))
            store.remembered[_PACKED] = known
    except FileNotFoundError:
        return []
    after = prefix[:-1] + chr(ord("/") + 1)
    return known.names[bisect_left(known.names, prefix) : bisect_left(known.names, after)]


@dataclass(frozen=True)
class _Packed:
    """The names in a `packed-refs` of that inode, size and time; sorted."""

    seen: tuple[int, int, int]
    names: list[str]


def _seen(found: os.stat_result) -> tuple[int, int, int]:
    return (found.st_ino, found.st_size, found.st_mtime_ns)


_PACKED = "packed-refs"


def _names(content: bytes) -> list[str]:
    rows = content.decode("utf-8", "surrogateescape").split("\n")
    return sorted(row.partition(" ")[2] for row in rows if row and row[0] not in "#^")
