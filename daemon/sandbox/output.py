"""What a process writes: drained without end, kept at head and tail, hashed as a whole.

Memory is bounded by *keep* however much comes, and the process is never stopped for writing much.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from policy.bus.result import Output
from policy.ids import Digest


class Capture:
    """Takes bytes as they come. With *spill*, the first *spill_bytes* go to that file as well."""

    def __init__(
        self,
        keep: int,
        *,
        spill: Path | None = None,
        spill_bytes: int = 0,
        tap: Callable[[bytes], None] | None = None,
    ) -> None:
        self._tap = tap
        self._head_size = keep - keep // 2
        self._tail_size = keep // 2
        self._head, self._tail = bytearray(), bytearray()
        self._hash = hashlib.sha256()
        self._size = 0
        self._spill_left = spill_bytes if spill else 0
        self._spill = _create(spill) if spill and spill_bytes else None

    def take(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._hash.update(chunk)
        self._write_whole(chunk)
        if self._tap:
            self._tap(chunk)
        room = self._head_size - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:] if room else chunk
        if len(self._tail) > self._tail_size:
            del self._tail[: len(self._tail) - self._tail_size]

    def _write_whole(self, chunk: bytes) -> None:
        if self._spill is None or not self._spill_left:
            return
        try:
            self._spill_left -= os.write(self._spill, chunk[: self._spill_left])
        except OSError:
            self._spill_left = 0  # a full disk costs the whole copy, not the run

    def close(self) -> Output:
        """Return what was taken; nothing can be taken afterwards."""
        if self._spill is not None:
            os.close(self._spill)
        whole = self._size == len(self._head) + len(self._tail)
        head, tail = bytes(self._head), bytes(self._tail)
        if whole:
            head, tail = head + tail, b""
        return Output(
            head=head.decode(errors="replace"),
            tail=tail.decode(errors="replace"),
            size=self._size,
            sha256=Digest(self._hash.hexdigest()),
        )


def _create(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
