"""Names that a file system, or git on one, would take for another name.

A tree is made on Linux, where `.PAWL` is not `.pawl`; it is checked out where it may be. Each
fold here only ever makes more names equal, so it can bar too much and never too little.
"""

import re
import unicodedata

from policy.paths import folded

_IGNORED_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
_SHORT_DOT_GIT = re.compile(r"git~[0-9]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\\]")


def unmasked(path: str) -> str:
    """Return *path* with each segment as the most forgiving file system would open it.

    Beside what `folded` does: wide and other compatible letters, code points HFS+ leaves out, dots
    and spaces NTFS drops at the end, and its streams (`.git::$INDEX_ALLOCATION`, `.git:x`).
    """
    return "/".join(_unmasked(segment) for segment in path.split("/"))


def is_dot_git(segment: str) -> bool:
    plain = _unmasked(segment)
    return plain == ".git" or _SHORT_DOT_GIT.fullmatch(plain) is not None


def fault_of(name: str) -> str | None:
    """Return why *name*, one segment, must not be in a tree; None where it may."""
    if name in ("", ".", ".."):
        return "not a name of a file"
    if is_dot_git(name):
        return "git, here or on another system, would take it for .git"
    if _UNPRINTABLE.search(name):
        return "a control character or a backslash in its name"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    return None


def _unmasked(segment: str) -> str:
    plain = folded(unicodedata.normalize("NFKC", segment.translate(_IGNORED_BY_HFS)))
    if plain in (".", ".."):
        return plain
    return plain.partition(":")[0].rstrip(". ")
