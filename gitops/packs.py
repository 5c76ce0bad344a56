"""Delta-less packs of the daemon's own: how they are written, found and read.

A pack is never changed where it lies: libgit2 maps its index, and cutting a mapped file short
kills the process (SIGBUS). The name starts with `pawl` in hex and a level; git does not care.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

Kind = Literal["commit", "tree", "blob"]

MARK = "7061776c"
TEMPORARY = "pawl-"
"""What files begin with that are being written: none that git knows, and so none it clears away,
as a person's `git gc --prune=now` does with every `tmp_*`."""
_NUMBER: dict[Kind, int] = {"commit": 1, "tree": 2, "blob": 3}
KIND: dict[int, Kind] = {number: kind for kind, number in _NUMBER.items()}
_CHUNK = 1 << 20
_SMALL = 1 << 12
"""Bytes up to which one small window holds all of an object: facts, trees and commits are such."""
_SMALL_WINDOW, _SMALL_MEMORY = 12, 5


@dataclass(frozen=True)
class Entry:
    """Where an object is in a pack's file, header and compressed content, and its crc32."""

    oid: bytes
    offset: int
    length: int
    crc: int


class DamagedPackError(Exception):
    """A pack does not hold what its index says."""


def encode(kind: Kind, content: bytes) -> bytes:
    """Return the pack entry of an object: type and size, then the compressed content."""
    size = len(content)
    first = (_NUMBER[kind] << 4) | (size & 15)
    size >>= 4
    head = bytearray()
    while size:
        head.append(first | 0x80)
        first = size & 0x7F
        size >>= 7
    head.append(first)
    return bytes(head) + _deflated(content)


def _deflated(content: bytes) -> bytes:
    """Return *content* compressed; a zlib reads it whatever window it was written with.

    A window of full size comes with 256 kB of tables, more work than deflating one of our objects.
    """
    if len(content) > _SMALL:
        return zlib.compress(content, 1)
    deflate = zlib.compressobj(1, zlib.DEFLATED, _SMALL_WINDOW, _SMALL_MEMORY)
    return deflate.compress(content) + deflate.flush()


def decode(raw: bytes) -> tuple[Kind, bytes]:
    """Return the object of a pack entry; raise `DamagedPackError` for what is not whole."""
    try:
        start = next(at for at, byte in enumerate(raw) if not byte & 0x80) + 1
        return KIND[(raw[0] >> 4) & 7], zlib.decompress(raw[start:])
    except (StopIteration, KeyError, IndexError, zlib.error) as error:
        raise DamagedPackError(f"an entry cannot be read: {error}") from error


KEEP = ".keep"
"""git's own mark of a pack that `gc` and `repack` leave as it is."""


def object_id(kind: Kind, content: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).digest()  # noqa: S324  # git's ids


def write(
    directory: Path,
    entries: Iterable[tuple[Entry, BinaryIO]],
    count: int,
    *,
    sync: bool,
    level: int = 0,
) -> str:
    """Write a pack of *count* entries, each read from its file; return the pack's name.

    Both files are synced before either is renamed, the directory after: a pack that can be seen
    is whole (DESIGN 4.6). It is marked as kept before it can be seen: between here and the CAS
    nothing refers to its objects, and a person's `git gc --prune=now` would remove them. Raises
    `OSError` with nothing left but temporary files and that mark.
    """
    pack, index = _temporary(directory, "pack"), _temporary(directory, "idx")
    try:
        with pack.open("xb") as body, index.open("xb") as table:
            checksum, placed = _write_body(body, entries, count)
            table.write(_index(placed, checksum))
            for file in (body, table):
                file.flush()
                os.fchmod(file.fileno(), 0o444)
            if sync:
                _sync((body.fileno(), table.fileno()))
        name = f"pack-{MARK}{level}{checksum.hex()[:31]}"
        (directory / f"{name}{KEEP}").write_text("pawl wrote this pack and joins it with others\n")
        pack.rename(directory / f"{name}.pack")
        index.rename(directory / f"{name}.idx")
    except BaseException:
        for path in (pack, index):
            with suppress(OSError):
                path.unlink()
        raise
    if sync:
        sync_directory(directory)
    return name


def _sync(descriptors: tuple[int, ...]) -> None:
    """Make the content of files durable: one commit of the journal for all of them, not one each.

    The advice begins to write each back, and with that gives it its place on the disk, so that the
    first sync commits the places of all; it is not relied on, each file is synced.
    """
    for descriptor in descriptors:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    for descriptor in descriptors:
        os.fdatasync(descriptor)


def _temporary(directory: Path, what: str) -> Path:
    return directory / f"{TEMPORARY}{what}_{os.getpid()}_{os.urandom(6).hex()}"


def _write_body(
    file: BinaryIO, entries: Iterable[tuple[Entry, BinaryIO]], count: int
) -> tuple[bytes, list[Entry]]:
    checksum = hashlib.sha1(usedforsecurity=False)
    placed: list[Entry] = []
    header = struct.pack(">4sII", b"PACK", 2, count)
    checksum.update(header)
    file.write(header)
    offset = len(header)
    for entry, source in entries:
        for chunk in chunks(source, entry):
            checksum.update(chunk)
            file.write(chunk)
        placed.append(Entry(entry.oid, offset, entry.length, entry.crc))
        offset += entry.length
    file.write(checksum.digest())
    return checksum.digest(), placed


def chunks(source: BinaryIO, entry: Entry) -> Iterator[bytes]:
    source.seek(entry.offset)
    left = entry.length
    while left:
        chunk = source.read(min(left, _CHUNK))
        if not chunk:
            raise DamagedPackError(f"object {entry.oid.hex()} ends early")
        left -= len(chunk)
        yield chunk


def _index(entries: list[Entry], checksum: bytes) -> bytes:
    """Return index version 2 of a pack."""
    rows = sorted(entries, key=lambda entry: entry.oid)
    fan = [0] * 256
    for row in rows:
        fan[row.oid[0]] += 1
    total = 0
    for byte, number in enumerate(fan):
        total += number
        fan[byte] = total
    far = [row.offset for row in rows if row.offset >= 1 << 31]
    places = {offset: (1 << 31) | at for at, offset in enumerate(far)}
    body = b"".join(
        (
            b"\377tOc\0\0\0\2",
            struct.pack(">256I", *fan),
            b"".join(row.oid for row in rows),
            b"".join(struct.pack(">I", row.crc) for row in rows),
            b"".join(struct.pack(">I", places.get(row.offset, row.offset)) for row in rows),
            b"".join(struct.pack(">Q", offset) for offset in far),
            checksum,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def read_index(pack: Path) -> list[Entry]:
    """Return the entries of an own pack, as they lie in it; raise `DamagedPackError`, `OSError`."""
    raw = pack.with_suffix(".idx").read_bytes()
    end = pack.stat().st_size - 20
    try:
        if hashlib.sha1(raw[:-20], usedforsecurity=False).digest() != raw[-20:]:
            raise DamagedPackError(f"the index of {pack} is not whole")
        (count,) = struct.unpack_from(">I", raw, 8 + 255 * 4)
        at = 8 + 1024
        oids = [raw[at + 20 * row : at + 20 * row + 20] for row in range(count)]
        crcs = struct.unpack_from(f">{count}I", raw, at + 20 * count)
        near = struct.unpack_from(f">{count}I", raw, at + 24 * count)
        offsets = [_offset(raw, at + 28 * count, value) for value in near]
    except struct.error as error:
        raise DamagedPackError(f"the index of {pack} is too short") from error
    order = sorted(range(count), key=offsets.__getitem__)
    ends = [*(offsets[row] for row in order[1:]), end]
    if any(stop <= offsets[row] for row, stop in zip(order, ends, strict=True)):
        raise DamagedPackError(f"{pack} is shorter than its index says")
    return [
        Entry(oids[row], offsets[row], stop - offsets[row], crcs[row])
        for row, stop in zip(order, ends, strict=True)
    ]


def _offset(raw: bytes, table: int, value: int) -> int:
    if value < 1 << 31:
        return value
    (offset,) = struct.unpack_from(">Q", raw, table + 8 * (value & 0x7FFFFFFF))
    return int(offset)


def own(directory: Path, level: int | None = None) -> list[Path]:
    """Return the own packs in *directory*, of one *level* or of all, sorted by name."""
    return sorted(directory / name for name in _names(directory, level))


def count(directory: Path, level: int) -> int:
    """Return how many own packs of *level* there are; asked after each save."""
    return len(_names(directory, level))


def _names(directory: Path, level: int | None) -> list[str]:
    start = f"pack-{MARK}" + ("" if level is None else str(level))
    names = os.listdir(directory)  # noqa: PTH208  # names only: this is on the hot path
    return [name for name in names if name.startswith(start) and name.endswith(".pack")]


def is_own(pack: Path) -> bool:
    return pack.name.startswith(f"pack-{MARK}")


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
