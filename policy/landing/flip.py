"""The status flip: one word of an item's file, everything else byte for byte as it was."""

from dataclasses import dataclass

from policy.backlog.edit import EditRefused, set_key
from policy.backlog.item import Status


@dataclass(frozen=True)
class FlipRefused:
    why: str


def flip(content: bytes, to: Status = "done") -> bytes | FlipRefused:
    """Return *content* with the top-level `status` set to *to*, added below `id` if need be."""
    flipped = set_key(content, "status", to)
    if isinstance(flipped, EditRefused):
        return FlipRefused(flipped.why)
    return flipped if flipped != content else FlipRefused(f"its status is {to} already")
