"""What a request shows of a change, so that whoever decides sees what they decide about (A62).

Everything that could be overlooked has a line of its own: links, modes, what is protected, what has
no text. A list that is too long is cut, counted, and named by its sha256.
"""

import re
from collections.abc import Sequence

from policy.canonical import digest
from policy.change import Entry, Stat
from policy.ids import Digest
from policy.value import Value

EXECUTABLE, LINK, GITLINK = "100755", "120000", "160000"


class Looked(Value):
    """What is known of a changed path beside its entry."""

    size: int | None = None
    """Bytes there are now; None where it is gone or a submodule."""
    link: str | None = None
    """Where a symbolic link leads to."""
    binary: bool = False
    protected: bool = False


class Change(Value):
    """A diff, and what was looked at of each of its paths, in the same order."""

    entries: tuple[Entry, ...]
    looked: tuple[Looked, ...]
    stat: Stat


def rows(change: Change, most: int) -> list[dict[str, object]]:
    """Return a row a path, at most *most*."""
    pairs = zip(change.entries[:most], change.looked[:most], strict=True)
    return [_row(entry, looked) for entry, looked in pairs]


def named(change: Change) -> dict[str, list[str]]:
    """Return the paths that need a second look, by what they need it for."""
    found: dict[str, list[str]] = {"links": [], "modes": [], "protected": [], "binary": []}
    for entry, looked in zip(change.entries, change.looked, strict=True):
        path = visible(entry.path)
        now = entry.new.mode if entry.new is not None else ""
        if now in (LINK, GITLINK):
            found["links"].append(f"{path} -> {visible(looked.link or 'a submodule')}")
        if entry.old is not None and entry.new is not None and entry.old.mode != now:
            found["modes"].append(f"{path}: {entry.old.mode} -> {now}")
        if entry.old is None and now == EXECUTABLE:
            found["modes"].append(f"{path}: new, {now}")
        if looked.protected:
            found["protected"].append(path)
        if looked.binary:
            found["binary"].append(path)
    return found


def cut(values: Sequence[str], most: int) -> dict[str, object]:
    """Return *values*, or the first of them with the number and the sha256 of all."""
    said: dict[str, object] = {"total": len(values), "sha256": sha256_of(values)}
    return said | {"listed": [visible(one) for one in values[:most]]}


def sha256_of(values: Sequence[str]) -> Digest:
    return digest([visible(one) for one in values])


def visible(text: str) -> str:
    """Return *text* with what is no text, or moves a terminal, as the number of its byte."""
    return _NO_TEXT.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    if _BYTES <= code < _BYTES + 0x100:
        code -= _BYTES
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  # a byte


_BYTES = 0xDC00  # what is no UTF-8 comes as this and the byte (surrogateescape)
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _row(entry: Entry, looked: Looked) -> dict[str, object]:
    old, new = entry.old, entry.new
    row: dict[str, object] = {
        "path": visible(entry.path),
        "from": f"{old.mode} {old.oid}" if old else "nothing",
        "to": f"{new.mode} {new.oid}" if new else "nothing",
    }
    if looked.size is not None:
        row["bytes"] = looked.size
    return row
