"""The candidate: the mission's diff on the target's tip, and the item's status flipped.

It is built once and carried to gates, approval and landing as it is; nothing rebuilds it. It is
evidence and unsigned. What it is besides the mission's diff is exactly the flip, also where a
mission touched its own item: the item is taken from the tip, and its edit stays in `change`,
where gate `protected` sees it.
"""

from collections.abc import Sequence

from gitops.commits import tree_of, unsigned_commit
from gitops.landing.merge import Conflicted, Merged, transplant
from gitops.objects import FILE_MODE, TREE_MODE, Batch
from gitops.repository import Store
from gitops.tree.diff import entries_between
from gitops.tree.reading import EXECUTABLE_MODE, Source, subtree
from policy.change import Entry, Version, change_of
from policy.ids import BlobId, CommitId, MissionId, TreeId
from policy.mission.facts import Candidate, CandidateConflicted


class NotOnlyTheFlipError(Exception):
    """A candidate is more or less than the mission's diff and the flip: a bug, so nothing lands."""


def build(
    store: Store,
    batch: Batch,
    *,
    mission: MissionId,
    n: int,
    base: CommitId,
    work: TreeId,
    tip: CommitId,
    item_path: str,
    item: bytes | None,
    at: int,
) -> Candidate | CandidateConflicted:
    """Return the candidate of attempt *n* on *tip*; its objects are in *batch*, not saved.

    *base* is the commit the attempt's diff is taken against, *work* the tree it ended with,
    *item* the flipped content of the item's file (None: nothing is flipped, it was before), *at*
    seconds since 1970. Conflicted too where the tip has no such file or it is flipped already.
    """
    start, onto = tree_of(store, base), tree_of(store, tip)
    conflict = CandidateConflicted(n=n, base=tip, paths=(item_path,))
    flip = None if item is None else _flip(batch, onto, item_path, item)
    if flip is None and item is not None:
        return conflict
    match transplant(batch, start, onto, work):
        case Conflicted(paths=paths):
            return CandidateConflicted(n=n, base=tip, paths=paths)
        case Merged(tree=merged):
            tree = merged if flip is None else _flipped(batch, merged, item_path, flip[1])
    if tree is None:
        return conflict
    diff = entries_between(batch, onto, merged)
    if flip is not None:
        _check(batch, onto, tree, diff, Entry(path=item_path, old=flip[0], new=flip[1]))
    message = f"{mission}: candidate of attempt {n}\n"
    commit = batch.commit(unsigned_commit(tree=tree, parents=(tip,), message=message, at=at))
    product = product_of(batch, tree)
    return Candidate(commit=commit, base=tip, tree=tree, product=product, change=change_of(diff))


def product_of(source: Source, tree: TreeId) -> TreeId:
    """Return *tree* without `waivers/**` and `.pawl/PAUSE`.

    What has to be written for it goes into the batch, or, given a store, is saved at once.
    """
    match source:
        case Batch():
            return _product(source, tree)
        case Store():
            batch = Batch(source)
            product = _product(batch, tree)
            if product not in source.repo.odb:
                batch.save()
            return product


def _product(batch: Batch, tree: TreeId) -> TreeId:
    entries = batch.read_tree(tree)
    kept = dict(entries)
    if subtree(kept, b"waivers") is not None:
        del kept[b"waivers"]
    pawl = subtree(kept, b".pawl")
    inside = batch.read_tree(pawl) if pawl is not None else {}
    if inside.pop(b"PAUSE", None) is not None:
        del kept[b".pawl"]
        if inside:
            kept[b".pawl"] = (TREE_MODE, batch.tree(inside))
    return tree if kept == entries else batch.tree(kept)


def _flip(batch: Batch, tip: TreeId, path: str, content: bytes) -> tuple[Version, Version] | None:
    """Return the item's file at the tip and as flipped; None where there is nothing to flip."""
    *folders, name = _bytes(path).split(b"/")
    tree: str | None = tip
    for folder in folders:
        tree = subtree(batch.read_tree(tree), folder) if tree is not None else None
    mode, oid = batch.read_tree(tree).get(name, (0, "")) if tree is not None else (0, "")
    flipped = batch.blob(content)
    if mode not in (FILE_MODE, EXECUTABLE_MODE) or oid == flipped:
        return None
    was, now = (Version(mode=f"{mode:o}", oid=each) for each in (BlobId(oid), flipped))
    return was, now


def _flipped(batch: Batch, tree: TreeId, path: str, file: Version) -> TreeId | None:
    return _with_file(batch, tree, _bytes(path), file)


def _with_file(batch: Batch, tree: str | None, path: bytes, file: Version) -> TreeId | None:
    """Return *tree* with *file* at *path*; None where a folder is in its way, or it in one's."""
    entries = batch.read_tree(tree) if tree is not None else {}
    name, _, rest = path.partition(b"/")
    there = entries.get(name)
    if there is not None and (there[0] == TREE_MODE) != bool(rest):
        return None
    if not rest:
        return batch.tree({**entries, name: (int(file.mode, 8), file.oid)})
    below = _with_file(batch, there[1] if there is not None else None, rest, file)
    return batch.tree({**entries, name: (TREE_MODE, below)}) if below is not None else None


def _check(batch: Batch, tip: TreeId, tree: TreeId, diff: Sequence[Entry], flip: Entry) -> None:
    expected = {entry for entry in diff if entry.path != flip.path} | {flip}
    found = set(entries_between(batch, tip, tree))
    if found != expected:
        paths = sorted(entry.path for entry in found ^ expected)
        raise NotOnlyTheFlipError(
            f"built {tree} on {tip}, and beside the mission's diff it differs at {paths}: nothing "
            "was recorded; report this with the repository's ids"
        )


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
