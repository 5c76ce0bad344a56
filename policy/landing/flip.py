"""The status flip: one word or box of an item's file, everything else byte for byte as it was."""

from dataclasses import dataclass

from policy.backlog.edit import EditRefused, set_key
from policy.backlog.forms import set_in
from policy.backlog.item import Status
from policy.ids import ItemId


@dataclass(frozen=True)
class FlipRefused:
    why: str


def flip_of(path: str, content: bytes, item: ItemId) -> bytes | FlipRefused:
    """Return the file at *path* with *item* done: `status: done`, or its box ticked."""
    return _flipped(content, set_in(path, content, item, "status", "done"), "done")


def flip(content: bytes, to: Status = "done") -> bytes | FlipRefused:
    """Return *content* with the top-level `status` set to *to*, added below `id` if need be."""
    return _flipped(content, set_key(content, "status", to), to)


def _flipped(content: bytes, flipped: bytes | EditRefused, to: Status) -> bytes | FlipRefused:
    if isinstance(flipped, EditRefused):
        return FlipRefused(flipped.why)
    return flipped if flipped != content else FlipRefused(f"its status is {to} already")
