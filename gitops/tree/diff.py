"""The diff of two trees as entries, and how many lines it changes.

Paths are bytes in git and text here: what is not UTF-8 is kept as surrogates, never replaced, so
an entry always leads back to exactly one path.
"""

from collections.abc import Iterable, Iterator

import pygit2

from gitops.objects import TREE_MODE
from gitops.remembered import Entries
from gitops.tree.reading import GITLINK_MODE, Source, blob_at, tree_at
from policy.change import Entry, Stat, Version
from policy.ids import BlobId, TreeId

_GITLINK = f"{GITLINK_MODE:o}"
# git's own rule for what is binary: a NUL among the first so many bytes (buffer_is_binary).
_LOOKED_AT = 8000


def entries_between(source: Source, old: TreeId, new: TreeId) -> tuple[Entry, ...]:
    """Return what changed from *old* to *new*, by path; equal subtrees are never read.

    Renames are a deletion and an addition. Trees themselves are no entries.
    """
    found = dict(_walk(source, old, new))
    return tuple(found[path] for path in sorted(found))


def _walk(source: Source, old: str, new: str) -> Iterator[tuple[bytes, Entry]]:
    left: list[tuple[bytes, str | None, str | None]] = [(b"", old, new)]
    while left:
        prefix, before, after = left.pop()
        if before == after:
            continue
        was: Entries = tree_at(source, before) if before else {}
        now: Entries = tree_at(source, after) if after else {}
        for name in was.keys() | now.keys():
            one, other = was.get(name), now.get(name)
            if one == other:
                continue
            path = prefix + name
            folders = (_tree(one), _tree(other))
            if any(folders):
                left.append((path + b"/", *folders))
            entry = Entry(
                path=path.decode("utf-8", "surrogateescape"), old=_version(one), new=_version(other)
            )
            if entry.old or entry.new:
                yield path, entry


def _tree(entry: tuple[int, str] | None) -> str | None:
    return entry[1] if entry is not None and entry[0] == TREE_MODE else None


def _version(entry: tuple[int, str] | None) -> Version | None:
    if entry is None or entry[0] == TREE_MODE:
        return None
    return Version(mode=f"{entry[0]:o}", oid=BlobId(entry[1]))


def stat_of(source: Source, entries: Iterable[Entry]) -> Stat:
    """Return how much *entries* change: added plus deleted lines; a binary file counts none.

    The target of a symbolic link is one line; a submodule counts as a file without lines.
    """
    files = lines = binary = 0
    for entry in entries:
        files += 1
        before, after = _content(source, entry.old), _content(source, entry.new)
        if any(is_binary(side) for side in (before, after)):
            binary += 1
        else:
            lines += _changed_lines(before, after)
    return Stat(files=files, lines=lines, binary_files=binary)


def _content(source: Source, version: Version | None) -> bytes:
    if version is None or version.mode == _GITLINK:
        return b""
    return blob_at(source, version.oid)


def is_binary(content: bytes) -> bool:
    """Return whether git takes *content* for no text."""
    return b"\0" in content[:_LOOKED_AT]


def _changed_lines(before: bytes, after: bytes) -> int:
    if before == after:
        return 0
    if not before or not after:
        return _lines(before) + _lines(after)
    patch = pygit2.Patch.create_from(before, after, context_lines=0)
    _, added, deleted = patch.line_stats
    return added + deleted


def _lines(content: bytes) -> int:
    return content.count(b"\n") + (bool(content) and not content.endswith(b"\n"))
