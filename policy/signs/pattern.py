"""Patterns of one printed line: words, and three marks. No regular expressions of anybody's.

    *        any text, also none
    {n}      a number
    {name}   one word, without spaces, quotes, colons, commas and brackets; it is kept as the name

Everything else is itself, and the whole line must match, without colours and outer spaces. Such a
pattern cannot be made slow, which a policy file may not be able to (and what it looks at is written
by the code under test): each `*` gives nothing back once the words after it are found, `{n}` and
`{name}` are bounded, so a line costs its length times that of the pattern at most.
"""

import re
from functools import cache

_MARK = re.compile(r"(\*|\{n\}|\{name\})")
_NUMBER = "[0-9]{1,20}+"
_NAME = r"(?P<name>[^\s'\"`\u2018\u2019:,;()\[\]{}]{1,100}+)"
_LETTERS = 2


def fault_of(pattern: str) -> str | None:
    """Return why *pattern* is none, or None."""
    words = re.sub(_MARK, " ", pattern)
    if sum(letter.isalnum() for letter in words) < _LETTERS:
        return f"{pattern!r} has fewer than {_LETTERS} letters of its own: it would match anything"
    if pattern.count("{name}") > 1:
        return f"{pattern!r} has {{name}} more than once"
    if pattern != pattern.strip() or not pattern.isprintable():
        return f"{pattern!r} begins or ends with a space, or is not printable: no line is like that"
    return None


def literal(pattern: str) -> str:
    """Return the longest text that every line *pattern* matches holds."""
    return max(_MARK.sub("\0", pattern).split("\0"), key=len)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return *pattern* for `fullmatch`; the group `name` is there if `{name}` is."""
    first, *rest = ("".join(map(_piece, _MARK.split(part))) for part in pattern.split("*"))
    if not rest:
        return re.compile(first)
    found = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
    return re.compile(f"{first}{found}.*{rest[-1]}", re.DOTALL)


def _piece(text: str) -> str:
    match text:
        case "{n}":
            return _NUMBER
        case "{name}":
            return _NAME
        case words:
            return re.escape(words)
