"""One key of an item's file set to another value, as a person would do it: one line, no more.

The result is read again; if anything else than that key reads differently the edit is refused.
"""

import re
from dataclasses import dataclass

from policy.problems import Unreadable
from policy.strictyaml import Document, Plain, load


@dataclass(frozen=True)
class EditRefused:
    """Nobody but a person can make this edit; *why* says what is in the way."""

    why: str


def set_key(content: bytes, key: str, value: str | int) -> bytes | EditRefused:
    """Return *content* with the top-level *key* set to *value*.

    A key that is not there is put behind the first one, which is the id by custom.
    """
    before = _map(content)
    if isinstance(before, EditRefused):
        return before
    document, items = before
    lines = content.decode().splitlines(keepends=True)
    ending = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if key in items:
        at = document.lines[key,] - 1
        replaced = _replaced(lines[at].rstrip("\r\n"), key, value)
        if replaced is None:
            return EditRefused(f"line {at + 1} does not hold `{key}: value` alone")
        lines[at] = replaced + ending
    else:
        first = min(document.lines[one,] for one in items)
        lines[first - 1] = lines[first - 1].rstrip("\r\n") + ending
        lines.insert(first, f"{key}: {value}{ending}")
    edited = "".join(lines).encode()
    after = _map(edited)
    if isinstance(after, EditRefused) or after[1] != {**items, key: value}:
        return EditRefused(f"setting `{key}` would change more than that")
    return edited


def _map(content: bytes) -> tuple[Document, dict[str, Plain]] | EditRefused:
    document = load(content)
    if isinstance(document, Unreadable):
        return EditRefused(f"it cannot be read: {document}")
    if not isinstance(document.value, dict) or not document.value:
        return EditRefused("it is not a map of keys and values")
    return document, document.value


def _replaced(line: str, key: str, value: str | int) -> str | None:
    """Return *line* with another value; a comment after the value stays."""
    found = re.fullmatch(rf"({re.escape(key)}\s*:\s+)([^\s#]+)(\s+#.*|\s*)", line)
    return None if found is None else f"{found[1]}{value}{found[3]}"
