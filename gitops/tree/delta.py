"""The overlay layer that turns one tree into another: only what differs is written.

A folder that is new here is opaque, so that nothing an older layer had at its path shines
through; a deletion is a whiteout. Costs the size of the difference.
"""

from gitops.objects import TREE_MODE, parse_tree, read_object
from gitops.tree.gathering import Gathering
from gitops.tree.laying import checked
from gitops.tree.materialise import Place, Writing
from gitops.tree.reading import GITLINK_MODE, tree_at

Pending = list[tuple[bytes, str, str]]


def write_delta(writing: Writing, gathering: Gathering, below: str, tree: str) -> None:
    """Write what makes *tree* of *below* into the empty directory of *writing*.

    Raises as `materialise` does, and `OSError` where the file system knows no whiteouts
    (`EPERM`) or no user attributes (`ENOTSUP`).
    """
    left: Pending = [(b"", below, tree)]
    while left:
        folder, old, new = left.pop()
        raw = read_object(writing.store, new, "tree")
        gathering.add("tree", raw)
        was, now = tree_at(writing.store, old), parse_tree(raw, new)
        with writing.laying.inside(folder) as parent:
            for name in was.keys() - now.keys():
                writing.laying.deletion(parent, name)
            for name, entry in now.items():
                if entry != was.get(name):
                    left += _entry(writing, Place(parent, folder, name), was.get(name), entry)


def _entry(
    writing: Writing, at: Place, old: tuple[int, str] | None, new: tuple[int, str]
) -> Pending:
    """Write one name; return the folder below it that is still to be compared, if any."""
    mode = checked(at.path, at.name, new[0])
    if mode == GITLINK_MODE:
        writing.submodule(at, new[1])
        if old is None or old[0] != GITLINK_MODE:
            writing.folder(at, opaque=True)
    elif mode != TREE_MODE:
        writing.leaf(at, new)
    elif old is not None and old[0] == TREE_MODE:
        writing.folder(at)
        return [(at.path + b"/", old[1], new[1])]
    else:
        writing.folder(at, opaque=True)
        writing.whole(new[1], at.path + b"/")
    return []
