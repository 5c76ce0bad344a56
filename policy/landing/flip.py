"""The status flip: one word of an item's file, everything else byte for byte as it was.

The file is edited as text, where the parser says the word is, and parsed again: unless the status
is the only difference of the two values, nothing is flipped and the landing has to say why.
"""

import re
from dataclasses import dataclass

import yaml

from policy.backlog.item import Status
from policy.problems import Unreadable, quoted
from policy.strictyaml import Plain, load


@dataclass(frozen=True)
class FlipRefused:
    why: str


def flip(content: bytes, to: Status = "done") -> bytes | FlipRefused:
    """Return *content* with the top-level `status` set to *to*, added below `id` if need be."""
    before = load(content)
    if isinstance(before, Unreadable):
        return FlipRefused(f"the item cannot be read: {before}")
    if not isinstance(before.value, dict):
        return FlipRefused("the item is no map of keys and values")
    if before.value.get("status") == to:
        return FlipRefused(f"its status is {to} already")
    text = content.decode()
    top = _Top(text)
    edited = _replaced(text, top, to) if "status" in before.value else _added(text, top, to)
    if edited is None:
        return FlipRefused(f"its status is written in a way that cannot be edited; write {to!r}")
    flipped = edited.encode()
    return _only(before.value, to, flipped) or flipped


def _only(before: dict[str, Plain], to: Status, flipped: bytes) -> FlipRefused | None:
    after = load(flipped)
    if isinstance(after, Unreadable):
        return FlipRefused(f"with `status: {to}` it cannot be read any more: {after}")
    if after.value != {**before, "status": to}:
        return FlipRefused(f"setting its status to {to} would change {quoted(after.value)} beside")
    return None


class _Top:
    """Where the top-level keys of a map and their one-word values stand, in characters."""

    def __init__(self, text: str) -> None:
        self.flow = False
        self.keys: dict[str, yaml.ScalarEvent] = {}
        self.values: dict[str, yaml.ScalarEvent] = {}
        depth, key = 0, None
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                self.flow = self.flow or (depth == 0 and bool(event.flow_style))
                depth += 1
                key = key if depth == 1 else None
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif depth == 1 and isinstance(event, yaml.ScalarEvent):
                if key is None:
                    key = event.value
                    self.keys[key] = event
                else:
                    self.values[key], key = event, None


def _replaced(text: str, top: _Top, to: Status) -> str | None:
    value = top.values.get("status")
    if value is None or value.style in ("|", ">"):
        return None
    start, end = _span(value)
    return text[:start] + _in_style(value, to) + text[end:] if start < end else None


def _added(text: str, top: _Top, to: Status) -> str | None:
    key, value = top.keys.get("id"), top.values.get("id")
    if key is None or value is None:
        return None
    _, end = _span(value)
    if top.flow:
        return f"{text[:end]}, {_in_style(key, 'status')}: {_in_style(key, to)}{text[end:]}"
    line = f"{' ' * _column(key)}{_in_style(key, 'status')}: {to}"
    rest = _BREAK.search(text, end)
    if rest is None:
        first = _BREAK.search(text)
        return f"{text}{first[0] if first else _NEWLINE}{line}"
    return f"{text[: rest.end()]}{line}{rest[0]}{text[rest.end() :]}"


_BREAK = re.compile("\r\n|\n|\r")
_NEWLINE = "\n"


def _in_style(like: yaml.ScalarEvent, word: str) -> str:
    quote = like.style if like.style in ("'", '"') else ""
    return f"{quote}{word}{quote}"


def _span(event: yaml.ScalarEvent) -> tuple[int, int]:
    if event.start_mark is None or event.end_mark is None:
        return 0, 0
    return event.start_mark.index, event.end_mark.index


def _column(event: yaml.ScalarEvent) -> int:
    return event.start_mark.column if event.start_mark else 0
