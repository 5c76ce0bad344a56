"""Where a symbolic link of a tree leads, decided by its text alone."""

from typing import Literal

from policy.value import Value


class Inside(Value):
    """*path* is relative to the root of the tree; empty for the root itself."""

    kind: Literal["inside"] = "inside"
    path: str


class Outside(Value):
    """It leaves the tree, or might: `..` after a name may climb out through another link."""

    kind: Literal["outside"] = "outside"
    why: str


def follow(link: str, target: str) -> Inside | Outside:
    """Return where the link at path *link* leads.

    The folders of *link* are real ones, since a tree has no path through a link; so `..` at the
    start of *target* means what it says. Further on it does not.
    """
    if target.startswith("/"):
        return Outside(why="its target is absolute")
    if not target or "\x00" in target:
        return Outside(why="its target is no path")
    at = link.split("/")[:-1]
    named = False
    for part in target.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            at.append(part)
            named = True
        elif named:
            return Outside(why="`..` after a name in its target")
        elif not at:
            return Outside(why="its target leaves the tree")
        else:
            at.pop()
    return Inside(path="/".join(at))
