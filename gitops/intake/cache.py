"""Items as they were read, by the id of their blob, in a file of the state directory.

Reading YAML strictly costs a hundred times what reading an outline back from here does. Nothing
depends on the file: what is torn, of another form or not there is read from the repository again.
Only the daemon writes it; commands of people read it.
"""

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

from policy.backlog.conditions import AnyCondition
from policy.backlog.graph import Filed
from policy.backlog.outline import Outline
from policy.backlog.parse import stem_of
from policy.ids import BlobId, SpecHash
from policy.value import Value

FORM = 3
"""Counted up when an item's fields, its outline or the spec hash change: a test asks for it."""
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
    _shared: dict[Any, Any] = field(default_factory=dict)
    """What many items have alike, and keep once: scopes, places of keys."""
    _new: list[bytes] = field(default_factory=list)
    _live: list[bytes] = field(default_factory=list)
    _read: int = 0

    def get(self, path: str, blob: BlobId) -> Filed | None:
        """Return what was read from *blob*, None where that is not known."""
        row = self._loaded().get(blob.encode())
        if row is None:
            return None
        found = self._filed(path, blob, row)
        if found is not None and self.writes:
            self._live.append(row)
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
        self._new, self._live, self._rows, self._shared = [], [], {}, {}
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
                yield line[:_OID], line

    def _filed(self, path: str, blob: BlobId, row: bytes) -> Filed | None:
        if row[_OID + 1 : _HEAD - 1] != b"%08x" % _sum(row[:_OID], row[_HEAD:]):
            return None
        try:
            lines, spec, conditions, *values = json.loads(row[_HEAD:])
            item = self._outline(values, conditions)
            lines = self._shared.setdefault((*lines.items(),), lines)
        except (ValueError, TypeError, AttributeError):
            return None
        return Filed(path, item, lines, blob, SpecHash(spec)) if item.id == stem_of(path) else None

    def _outline(self, values: list[Any], conditions: dict[str, Any] | None) -> Outline:
        own = values[:_OWN]
        words = [intern(one) if isinstance(one, str) else one for one in values[_OWN:_LISTS]]
        lists = [self._shared.setdefault(one, one) for one in map(tuple, values[_LISTS:])]
        if conditions is None:
            return Outline._make([*own, *words, *lists, (), ()])
        asked = _Conditions.model_validate_json(json.dumps(conditions))
        return Outline._make([*own, *words, *lists, asked.ready_when, asked.not_ready_when])


class _Conditions(Value):
    ready_when: tuple[AnyCondition, ...]
    not_ready_when: tuple[AnyCondition, ...]


_CONDITIONS = Outline._fields.index("ready_when")
_LISTS = Outline._fields.index("write_scope")
_OWN = Outline._fields.index("priority")
"""Where in an outline conditions begin, and lists of words, and single words: each to its end."""


def _lines(rows: list[bytes]) -> bytes:
    """Return *rows* as lines; each begins one, so that a torn one before it stays alone."""
    return b"".join(b"\n" + row for row in rows)


def _row(filed: Filed) -> bytes:
    item = filed.item
    asked = (
        _Conditions(ready_when=item.ready_when, not_ready_when=item.not_ready_when)
        if item.ready_when or item.not_ready_when
        else None
    )
    conditions = None if asked is None else asked.model_dump(mode="json")
    values = [dict(filed.lines), filed.spec, conditions, *item[:_CONDITIONS]]
    text = json.dumps(values, separators=(",", ":")).encode()
    oid = filed.blob.encode()
    return b"%s %08x %s" % (oid, _sum(oid, text), text)


def _sum(oid: bytes, text: bytes) -> int:
    return zlib.crc32(text, zlib.crc32(oid))
