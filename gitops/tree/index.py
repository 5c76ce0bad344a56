"""A git index, version 2, written from a tree alone: no file is looked at.

That works because every file laid out has one fixed time and git is told to compare only whole
seconds, size and type (core.checkStat=minimal, core.trustctime=false); all else is 0.
"""

import hashlib
import struct
from collections.abc import Mapping

from gitops.tree.gathering import Row
from gitops.tree.laying import TIME_S

_HEAD = struct.Struct(">4sII")
_ENTRY = struct.Struct(">10I20sH")
_CHECKSUM = 20
_LONGEST = 0xFFF


def format_index(rows: Mapping[bytes, Row]) -> bytes:
    """Return the index file of *rows*, by path."""
    body = _HEAD.pack(b"DIRC", 2, len(rows)) + b"".join(
        _format(path, rows[path]) for path in sorted(rows)
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def parse_index(raw: bytes) -> dict[bytes, Row]:
    """Return the rows of an index that `format_index` wrote; raise `ValueError` for another."""
    if hashlib.sha1(raw[:-_CHECKSUM], usedforsecurity=False).digest() != raw[-_CHECKSUM:]:
        raise ValueError("the index of a layer is not whole")
    rows: dict[bytes, Row] = {}
    at, end = _HEAD.size, len(raw) - _CHECKSUM
    while at < end:
        fields = _ENTRY.unpack_from(raw, at)
        start = at + _ENTRY.size
        stop = raw.index(b"\0", start)
        rows[raw[start:stop]] = Row(mode=fields[6], oid=fields[10].hex(), size=fields[9])
        at += _padded(stop - start)
    return rows


def _format(path: bytes, row: Row) -> bytes:
    entry = _ENTRY.pack(
        *(TIME_S, 0, TIME_S, 0, 0, 0),
        *(row.mode, 0, 0, row.size & 0xFFFFFFFF),
        bytes.fromhex(row.oid),
        min(len(path), _LONGEST),
    )
    return (entry + path).ljust(_padded(len(path)), b"\0")


def _padded(length: int) -> int:
    # One to eight NULs, so that the name always ends with one.
    return (_ENTRY.size + length + 8) & ~7
