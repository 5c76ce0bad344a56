"""Trees that gates run on beside the candidate and the base: one's code under the other's tests.

Made of objects alone; nothing is on disk before the batch is saved.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitops.objects import TREE_MODE, Batch
from gitops.remembered import Entries
from policy.ids import TreeId

Version = tuple[int, str]


@dataclass
class _Edit:
    """What happens to one name: *version* replaces it, *removed* takes a file of that name away."""

    version: Version | None = None
    removed: bool = False
    below: dict[bytes, "_Edit"] = field(default_factory=dict)


def lay_over(batch: Batch, tree: TreeId, source: TreeId, paths: Iterable[str]) -> TreeId:
    """Return *tree* with each of *paths* as it is in *source*: replaced, added or gone."""
    root = _Edit()
    for path in paths:
        segments = path.encode("utf-8", "surrogateescape").split(b"/")
        edit = root
        for segment in segments:
            edit = edit.below.setdefault(segment, _Edit())
        edit.version = find(batch, source, segments)
        edit.removed = edit.version is None
    return TreeId(_rewrite(batch, tree, root) or batch.tree({}))


def find(batch: Batch, tree: str, segments: list[bytes]) -> Version | None:
    """Return mode and oid of the file or link at a path, None where there is none."""
    found: Version | None = (TREE_MODE, tree)
    for segment in segments:
        if found is None or found[0] != TREE_MODE:
            return None
        found = batch.read_tree(found[1]).get(segment)
    return None if found is None or found[0] == TREE_MODE else found


def _rewrite(batch: Batch, tree: str | None, edit: _Edit) -> str | None:
    """Return the edited tree, None where nothing is left of it: git keeps no empty folders."""
    entries: Entries = dict(batch.read_tree(tree)) if tree is not None else {}
    for name, change in edit.below.items():
        after = _edited(batch, entries.pop(name, None), change)
        if after is not None:
            entries[name] = after
    return batch.tree(entries) if entries else None


def _edited(batch: Batch, now: Version | None, edit: _Edit) -> Version | None:
    if edit.version is not None:
        return edit.version
    folder = now[1] if now is not None and now[0] == TREE_MODE else None
    if not edit.below:
        return now if folder is not None or not edit.removed else None
    after = _rewrite(batch, folder, edit)
    if after is not None:
        return (TREE_MODE, after)
    return None if folder is not None or edit.removed else now
