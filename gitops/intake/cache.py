"""Items as they were read, by the id of their blob, in a file of the state directory.

Reading YAML strictly costs ten times what reading it back from here does. Nothing depends on the
file: what is torn, of another form or not there is read from the repository again. Only the daemon
writes it; commands of people read it.
"""

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from policy.backlog.graph import Filed
from policy.backlog.item import BacklogItem
from policy.backlog.parse import stem_of
from policy.ids import BlobId, SpecHash

FORM = 1
"""Counted up when an item's fields, their meaning or the spec hash change: a test asks for it."""
_OID = 40
_SUM = 8
_HEAD = _OID + 1 + _SUM + 1
_SPARE = 1000
"""Rows of blobs nobody has any more that are put up with, beside as many as there are items."""


@dataclass
class ItemCache:
    """Rows of the file at *directory*; *writes* is false for those who only look."""

    directory: Path
    writes: bool
    _rows: dict[bytes, bytes] | None = None
    _new: list[bytes] = field(default_factory=list)
    _live: list[bytes] = field(default_factory=list)
    _read: int = 0

    def get(self, path: str, blob: BlobId) -> Filed | None:
        """Return what was read from *blob*, None where that is not known."""
        rows = self._loaded()
        row = rows.get(blob.encode())
        found = None if row is None else _filed(path, blob, row)
        if found is not None and row is not None and self.writes:
            self._live.append(b"%s %s" % (blob.encode(), row))
        return found

    def put(self, filed: Filed) -> None:
        if self.writes:
            self._new.append(_row(filed))

    def settle(self) -> None:
        """Write what is new, and forget the rest: what was read is remembered elsewhere now.

        A full disk or a folder that cannot be written costs time, never an answer.
        """
        new, live = self._new, self._live
        spare, self._read = self._read > 2 * len(live) + _SPARE, 0
        self._new, self._live, self._rows = [], [], {}
        with suppress(OSError):
            if self.writes and spare:
                fresh = self._file.with_suffix(f".{os.getpid()}.new")
                fresh.write_bytes(_lines([*live, *new]))
                fresh.replace(self._file)
            elif self.writes and new:
                self.directory.mkdir(parents=True, exist_ok=True)
                with self._file.open("ab") as file:
                    file.write(_lines(new))

    @property
    def _file(self) -> Path:
        return self.directory / f"items-{FORM}"

    def _loaded(self) -> dict[bytes, bytes]:
        if self._rows is None:
            self._rows = dict(self._on_disk())
            self._read = len(self._rows)
        return self._rows

    def _on_disk(self) -> Iterator[tuple[bytes, bytes]]:
        try:
            content = self._file.read_bytes()
        except OSError:
            return
        for line in content.split(b"\n"):
            if len(line) > _HEAD:
                yield line[:_OID], line[_OID + 1 :]


def _lines(rows: list[bytes]) -> bytes:
    """Return *rows* as lines; each begins one, so that a torn one before it stays alone."""
    return b"".join(b"\n" + row for row in rows)


def _row(filed: Filed) -> bytes:
    # Every key is written, defaults too: a default of tomorrow is not what was read today.
    beside = json.dumps([dict(filed.lines), filed.spec], separators=(",", ":"))
    text = f"{beside}\t{filed.item.model_dump_json()}".encode()
    return b"%s %08x %s" % (filed.blob.encode(), zlib.crc32(filed.blob.encode() + text), text)


def _filed(path: str, blob: BlobId, row: bytes) -> Filed | None:
    text = row[_SUM + 1 :]
    if row[:_SUM] != b"%08x" % zlib.crc32(blob.encode() + text):
        return None
    try:
        beside, _, values = text.partition(b"\t")
        lines, spec = json.loads(beside)
        item = BacklogItem.model_validate_json(values)
    except (ValueError, ValidationError):
        return None
    if item.id != stem_of(path):
        return None
    return Filed(path, item, lines, blob, SpecHash(spec))
