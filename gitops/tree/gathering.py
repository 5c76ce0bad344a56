"""The objects and index rows of a tree while it is written out: all its `.git` will hold."""

import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gitops import packs
from gitops.packs import Entry, Kind


@dataclass(frozen=True, slots=True)
class Row:
    """One file of an index: its git mode, its blob, its size in bytes."""

    mode: int
    oid: str
    size: int


class Gathering:
    """Objects go to a temporary file in *directory* as they come; close when done."""

    def __init__(self, directory: Path) -> None:
        self._spool = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  # closed in __exit__
        self._size = 0
        self._entries: dict[str, Entry] = {}
        self.rows: dict[bytes, Row] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def add(self, kind: Kind, content: bytes) -> str:
        """Add an object and return its id."""
        raw = packs.object_id(kind, content)
        if raw.hex() not in self._entries:
            encoded = packs.encode(kind, content)
            self._spool.write(encoded)
            self._entries[raw.hex()] = Entry(raw, self._size, len(encoded), zlib.crc32(encoded))
            self._size += len(encoded)
        return raw.hex()

    def pack(self, directory: Path) -> None:
        """Write all objects as one pack into *directory*; not synced."""
        rows = ((entry, self._spool) for entry in self._entries.values())
        packs.write(directory, rows, len(self._entries), sync=False)
