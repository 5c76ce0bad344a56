"""The upkeep of own packs: join many, take the damage out of one, sweep what a kill left.

A pack that is not whole is never copied: that would put a good checksum over the damage.
"""

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gitops.packs import (
    KEEP,
    KIND,
    MARK,
    TEMPORARY,
    DamagedPackError,
    Entry,
    chunks,
    count,
    object_id,
    own,
    read_index,
    write,
)

# libgit2 keeps a descriptor for each pack, so that many small packs end in EMFILE, and before
# that each miss looks at all of them. At most 63 + 31 + 15 + 7 are left between two saves.
_JOINED_AT = (64, 32, 16, 8)
_STALE_S = 24 * 3600
_WINDOW = 1 << 16
_EMPTY_PACK = 32
_EMPTY_INDEX = 8 + 1024 + 40


def is_whole(pack: Path) -> bool:
    """Return whether pack and index end as they should and belong together; reads 60 bytes."""
    try:
        with pack.open("rb") as body, pack.with_suffix(".idx").open("rb") as table:
            if os.fstat(body.fileno()).st_size < _EMPTY_PACK:
                return False
            if os.fstat(table.fileno()).st_size < _EMPTY_INDEX:
                return False
            body.seek(-20, os.SEEK_END)
            table.seek(-40, os.SEEK_END)
            return body.read() == table.read(20)
    except FileNotFoundError:
        return False


def join(directory: Path, *, sync: bool) -> None:
    """Join own packs wherever a level has enough of them; do nothing if somebody else does.

    Packs with damage are left where they are: copying would hide it behind a good checksum.
    """
    for level, limit in enumerate(_JOINED_AT):
        if count(directory, level) < limit:
            return
        with alone(directory) as mine:
            if mine:
                _join_level(directory, own(directory, level), level, sync=sync)
                _drop_stale(directory)


def _join_level(directory: Path, packs: list[Path], level: int, *, sync: bool) -> None:
    sound: list[tuple[Path, list[Entry]]] = []
    for pack in packs:
        with suppress(DamagedPackError, FileNotFoundError):
            entries = read_index(pack)
            if not _damaged(pack, entries):
                sound.append((pack, entries))
    wanted = {entry.oid: (pack, entry) for pack, entries in sound for entry in entries}
    if len(sound) < 2:  # noqa: PLR2004  # one pack is joined already
        return
    by_pack = [
        (pack, [e for e in entries if wanted[e.oid] == (pack, e)]) for pack, entries in sound
    ]
    upper = min(level + 1, len(_JOINED_AT) - 1)
    name = write(directory, _from_packs(by_pack), len(wanted), sync=sync, level=upper)
    for pack, _ in sound:
        if pack.stem != name:
            remove(pack)


def _from_packs(packs: list[tuple[Path, list[Entry]]]) -> Iterator[tuple[Entry, BinaryIO]]:
    for pack, entries in packs:
        with pack.open("rb") as file:
            for entry in entries:
                yield entry, file


def _damaged(pack: Path, entries: list[Entry]) -> set[bytes]:
    """Return the ids of the entries of *pack* whose bytes are not those that were written."""
    bad: set[bytes] = set()
    with pack.open("rb") as file:
        for entry in entries:
            crc = 0
            with suppress(DamagedPackError):
                for chunk in chunks(file, entry):
                    crc = zlib.crc32(chunk, crc)
            if crc != entry.crc:
                bad.add(entry.oid)
    return bad


def salvage(pack: Path, corrupt: Path, *, sync: bool) -> set[bytes]:
    """Take the damaged objects out of an own pack; return their ids.

    What is whole is written to a new pack first; the old one is then moved into *corrupt*. An
    unreadable index is rebuilt from the pack as far as that can be read.
    """
    try:
        entries = read_index(pack)
        bad = _damaged(pack, entries)
        if not bad:
            return set()
    except (DamagedPackError, FileNotFoundError):
        entries, bad = _scan(pack), set()
    good = [entry for entry in entries if entry.oid not in bad]
    if good and write(pack.parent, _from_packs([(pack, good)]), len(good), sync=sync) == pack.stem:
        return bad  # only the index was torn, and it was replaced
    corrupt.mkdir(exist_ok=True)
    for path in (pack.with_suffix(".idx"), pack):
        with suppress(FileNotFoundError):
            path.rename(corrupt / path.name)
    pack.with_suffix(KEEP).unlink(missing_ok=True)
    return bad


def _scan(pack: Path) -> list[Entry]:
    """Read a pack's entries one after the other, without its index, as far as they are whole."""
    raw = memoryview(pack.read_bytes())
    found: list[Entry] = []
    at = 12
    while at < len(raw) - 20:
        entry = _entry_at(raw, at)
        if entry is None:
            break
        found.append(entry)
        at += entry.length
    return found


def _entry_at(raw: memoryview, start: int) -> Entry | None:
    at = start
    while at < len(raw) and raw[at] & 0x80:
        at += 1
    at += 1
    inflate = zlib.decompressobj()
    content = bytearray()
    with suppress(zlib.error):
        while not inflate.eof and at < len(raw):
            window = raw[at : at + _WINDOW]
            content += inflate.decompress(window)
            at += len(window)
    kind = KIND.get((raw[start] >> 4) & 7)
    if kind is None or not inflate.eof:
        return None
    stop = at - len(inflate.unused_data)
    oid = object_id(kind, bytes(content))
    return Entry(oid, start, stop - start, zlib.crc32(raw[start:stop]))


def remove(pack: Path) -> None:
    """Remove a pack, the index first: what is left of a half removal is not a pack to anybody."""
    for path in (pack.with_suffix(".idx"), pack, pack.with_suffix(KEEP)):
        with suppress(FileNotFoundError):
            path.unlink()


def _drop_stale(directory: Path) -> None:
    """Remove own temporary files, and marks without a pack, a day older than the newest file."""
    times: dict[os.DirEntry[str], float] = {}
    for entry in os.scandir(directory):
        with suppress(FileNotFoundError):  # git's own temporary files come and go
            times[entry] = entry.stat().st_mtime
    newest = max(times.values(), default=0.0)
    for entry, time in times.items():
        if _is_left(Path(entry.path)) and newest - time > _STALE_S:
            with suppress(FileNotFoundError):
                Path(entry.path).unlink()


def _is_left(path: Path) -> bool:
    if path.suffix == KEEP and path.name.startswith(f"pack-{MARK}"):
        return not path.with_suffix(".pack").exists()
    return path.name.startswith(TEMPORARY)


@contextmanager
def alone(directory: Path) -> Iterator[bool]:
    """Hold the pack directory's lock if nobody has it; yields whether we do. No file is left."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
