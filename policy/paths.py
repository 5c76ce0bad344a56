"""Paths of a repository and the globs people name them with.

A path is segments joined by `/`, as git stores it: a backslash is a character of a name, a name
that begins with a dot is a name like any other. In a glob, `*` is any part of one segment, `?` one
character of it, and `**`, alone between slashes, any number of segments; nothing else is special.
`src/**` is all that is in `src`, and not a file of that name.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

ANY_DEPTH = "**"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def fault_of_path(path: str) -> str | None:
    """Return why *path* is not a normal path of a repository, None where it is one."""
    if not path:
        return "is empty; a path from the top of the repository is wanted"
    if path.startswith("/"):
        return f"{path} is absolute; begin at the top of the repository"
    if _CONTROL.search(path):
        return f"{path!a} holds a control character"
    segments = path.split("/")
    if segments[-1] == "":
        return f"{path} ends in a slash; {path}** is all that is in it"
    if "" in segments:
        return f"{path} has two slashes in a row"
    if "." in segments or ".." in segments:
        return f"{path} has a . or .. in it; write the path from the top without them"
    return None


def fault_of_glob(glob: str) -> str | None:
    """Return why *glob* cannot be used to name paths, None where it can."""
    fault = fault_of_path(glob)
    if fault is None and any(ANY_DEPTH in part and part != ANY_DEPTH for part in glob.split("/")):
        return f"{glob}: ** must stand alone between slashes; * is any part of a name"
    return fault


def matches(glob: str, path: str) -> bool:
    """Return whether *glob* names *path*, exactly: upper and lower case differ.

    Linear in the segments and in their letters for each `**`, however many `*` a glob has.
    """
    pattern, names = _compiled(glob), path.split("/")
    at = name = 0
    resume: tuple[int, int] | None = None
    while name < len(names):
        if at < len(pattern) and pattern[at] is None:
            at, resume = at + 1, (at + 1, name)
            continue
        segment = pattern[at] if at < len(pattern) else None
        if segment is not None and segment.match(names[name]):
            at, name = at + 1, name + 1
        elif resume is not None:
            at, name = resume[0], resume[1] + 1
            resume = (at, name)
        else:
            return False
    return all(part is None for part in pattern[at:])


def matches_any(globs: Iterable[str], path: str) -> bool:
    return any(matches(glob, path) for glob in globs)


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> tuple[re.Pattern[str] | None, ...]:
    """Return a pattern for each segment, None for any number of them."""
    return tuple(
        None if part == ANY_DEPTH else re.compile(fnmatch.translate(part.replace("[", "[[]")))
        for part in _parts(glob)
    )


def _parts(glob: str) -> list[str]:
    parts = glob.split("/")
    return [*parts, "*"] if parts[-1] == ANY_DEPTH else parts


def intersect(one: str, other: str) -> bool:
    """Return whether some path is named by both globs, compared as `folded` does.

    Exact but for folding, which can only find too much: two missions never share a path, not
    even on a file system that takes `SRC` for `src`.
    """
    return _meet(_parts(folded(one)), _parts(folded(other)), ANY_DEPTH, _segments_meet)


@lru_cache(maxsize=4096)
def _segments_meet(one: str, other: str) -> bool:
    return _meet(one, other, "*", lambda a, b: a == b or "?" in (a, b))


def _meet(
    one: Sequence[str], other: Sequence[str], star: str, equal: Callable[[str, str], bool]
) -> bool:
    """Return whether two patterns have a common match; *star* is any number of parts.

    Filled from the ends: `after[j]` says whether what follows in *one* meets `other[j:]`.
    """
    after = [all(part == star for part in other[j:]) for j in range(len(other) + 1)]
    for part in reversed(one):
        row = [part == star and after[-1]]
        for j in range(len(other) - 1, -1, -1):
            if part == star:
                met = after[j] or row[-1]
            elif other[j] == star:
                met = row[-1] or after[j]
            else:
                met = after[j + 1] and equal(part, other[j])
            row.append(met)
        after = row[::-1]
    return after[0]


def folded(path: str) -> str:
    """Return *path* as a file system compares it that ignores case and Unicode composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def twins(paths: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of paths, folders of them included, that differ only by `folded`."""
    alike: dict[str, set[str]] = {}
    for path in paths:
        segments = path.split("/")
        for end in range(1, len(segments) + 1):
            name = "/".join(segments[:end])
            alike.setdefault(folded(name), set()).add(name)
    groups = (tuple(sorted(group)) for group in alike.values() if len(group) > 1)
    return tuple(sorted(groups))
