"""One key of an item's file set to another value, as a person would do it: one word, no more.

The file is edited as text, where the parser says the word is, and parsed again: unless that key is
the only difference of the two values, nothing is edited and the refusal says why.
"""

import re
from dataclasses import dataclass

import yaml

from policy.problems import Unreadable, quoted
from policy.strictyaml import Plain, load


@dataclass(frozen=True)
class EditRefused:
    """Nobody but a person can make this edit; *why* says what is in the way."""

    why: str


def set_key(content: bytes, key: str, value: str | int) -> bytes | EditRefused:
    """Return *content* with the top-level *key* set to *value*, added below `id` if need be.

    *value* is one word: a status, a number.
    """
    before = load(content)
    if isinstance(before, Unreadable):
        return EditRefused(f"the item cannot be read: {before}")
    if not isinstance(before.value, dict):
        return EditRefused("the item is no map of keys and values")
    text = content.decode()
    top = _Top(text)
    there = key in before.value
    edited = _replaced(text, top, key, value) if there else _added(text, top, key, value)
    if edited is None:
        return EditRefused(f"its {key} is written in a way that cannot be edited; write {value!r}")
    return _checked(before.value, key, value, edited.encode())


def _checked(
    before: dict[str, Plain], key: str, value: str | int, edited: bytes
) -> bytes | EditRefused:
    after = load(edited)
    if isinstance(after, Unreadable):
        return EditRefused(f"with `{key}: {value}` it cannot be read any more: {after}")
    if after.value != {**before, key: value}:
        return EditRefused(
            f"setting its {key} to {value} would change {quoted(after.value)} beside"
        )
    return edited


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


def _replaced(text: str, top: _Top, key: str, value: str | int) -> str | None:
    old = top.values.get(key)
    if old is None or old.style in ("|", ">"):
        return None
    start, end = _span(old)
    return text[:start] + _in_style(old, value) + text[end:] if start < end else None


def _added(text: str, top: _Top, key: str, value: str | int) -> str | None:
    above, its = top.keys.get("id"), top.values.get("id")
    if above is None or its is None:
        return None
    _, end = _span(its)
    name = _in_style(above, key)
    if top.flow:
        return f"{text[:end]}, {name}: {_in_style(above, value)}{text[end:]}"
    line = f"{' ' * _column(above)}{name}: {value}"
    rest = _BREAK.search(text, end)
    if rest is None:
        first = _BREAK.search(text)
        return f"{text}{first[0] if first else _NEWLINE}{line}"
    return f"{text[: rest.end()]}{line}{rest[0]}{text[rest.end() :]}"


_BREAK = re.compile("\r\n|\n|\r")
_NEWLINE = "\n"


def _in_style(like: yaml.ScalarEvent, word: str | int) -> str:
    quote = like.style if isinstance(word, str) and like.style in ("'", '"') else ""
    return f"{quote}{word}{quote}"


def _span(event: yaml.ScalarEvent) -> tuple[int, int]:
    if event.start_mark is None or event.end_mark is None:
        return 0, 0
    return event.start_mark.index, event.end_mark.index


def _column(event: yaml.ScalarEvent) -> int:
    return event.start_mark.column if event.start_mark else 0
