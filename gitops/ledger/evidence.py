"""Evidence within policy's limits: it stays in every clone for ever (DESIGN 4.3).

What is too big is stored head + tail at its path, with a `.cut.json` beside it that names the
sha256 and the size of the whole; the whole goes to the state directory, which may lose it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitops import packs
from policy.canonical import canonical, sha256

CUT = ".cut.json"


@dataclass(frozen=True)
class Keep:
    """What stays: bytes of one piece, bytes of all a mission's evidence, where the whole goes."""

    piece_bytes: int
    mission_bytes: int
    spill: Path


def fit(
    evidence: Mapping[str, bytes], keep: Keep, *, stored: Mapping[str, int], sync: bool
) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return the files to store, and the bytes of each piece of the mission then.

    *stored* are the bytes of the pieces of earlier commits; a piece with the path of an earlier
    one takes its place. The whole of what is cut is on disk, synced if *sync*, before this
    returns. The record of a cut is stored even where nothing else fits any more.
    """
    files: dict[str, bytes] = {}
    sizes = dict(stored)
    for path, content in evidence.items():
        sizes.pop(path, None)
        room = max(0, min(keep.piece_bytes, keep.mission_bytes - sum(sizes.values())))
        files |= _piece(path, content, room)
        if path + CUT in files:
            _spill(content, keep.spill, sync=sync)
        sizes[path] = len(files[path])
    return files, sizes


def _piece(path: str, content: bytes, room: int) -> dict[str, bytes]:
    if len(content) <= room:
        return {path: content}
    head, tail = content[: room - room // 2], content[len(content) - room // 2 :]
    digest = sha256(content)
    left_out = len(content) - len(head) - len(tail)
    mark = f"\n[... {left_out} of {len(content)} bytes left out, sha256 {digest} ...]\n"
    cut = {"sha256": digest, "size": len(content), "head": len(head), "tail": len(tail)}
    return {path: head + mark.encode() + tail, path + CUT: canonical(cut)}


def whole(spill: Path, digest: str) -> Path:
    """Return where the whole of a cut piece is, if it still is there."""
    return spill / digest[:2] / digest


def _spill(content: bytes, spill: Path, *, sync: bool) -> None:
    path = whole(spill, sha256(content))
    if path.exists() and path.stat().st_size == len(content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    new.rename(path)
    if sync:
        packs.sync_directory(path.parent)
