"""The tree of a mission: facts under `facts/`, evidence beside them; and trees changed by path.

Only the trees on the way to a changed path are read and written, so that the cost does not grow
with what else is there.
"""

import hashlib
from collections.abc import Mapping

from gitops.objects import FILE_MODE, TREE_MODE, Batch, read_blob, read_tree
from gitops.remembered import Entries
from gitops.repository import Store
from policy.ids import BlobId, MissionId, TreeId
from policy.mission.record import Recorded

FACTS = "facts"
Known = dict[str, Entries]
"""Trees read already, by id."""
Grafts = Mapping[str, tuple[int, str]]
"""Path -> (mode, oid); a path is `/`-separated, relative, without `.` and `..`."""


def fact_name(record: Recorded) -> str:
    """Return the file name of a fact without its folder and ending: `0003-attempt-ended`."""
    return f"{record.seq:04d}-{record.fact.kind}"


def shard(mission: MissionId) -> str:
    """Return the folder of a closed mission: `missions/<hh>/<hh>/<id>` (DESIGN 4.2)."""
    digest = hashlib.sha256(mission.encode()).hexdigest()
    return f"missions/{digest[:2]}/{digest[2:4]}/{mission}"


def graft(batch: Batch, root: TreeId | None, grafts: Grafts, known: Known) -> TreeId:
    """Return *root* with the *grafts* put in; *known* is read from and written to.

    Raises `ValueError` for a path that is not one, or that runs through a file.
    """
    here: dict[bytes, tuple[int, str]] = dict(_entries(batch, root, known))
    below: dict[bytes, dict[str, tuple[int, str]]] = {}
    for path, entry in grafts.items():
        head, slash, rest = path.partition("/")
        name = _checked(head, path)
        if slash:
            below.setdefault(name, {})[rest] = entry
        elif name in here and here[name][0] == TREE_MODE != entry[0]:
            raise ValueError(f"{path!r} is a folder of the dossier, not a file")
        else:
            here[name] = entry
    for name, inner in below.items():
        mode, oid = here.get(name, (TREE_MODE, ""))
        if mode != TREE_MODE:
            raise ValueError(f"{name!r} is a file of the dossier, not a folder")
        here[name] = (TREE_MODE, graft(batch, TreeId(oid) if oid else None, inner, known))
    tree = batch.tree(here)
    known[tree] = here
    return tree


def _entries(batch: Batch, root: TreeId | None, known: Known) -> Entries:
    if root is None:
        return {}
    if root not in known:
        known[root] = batch.read_tree(root)
    return known[root]


def _checked(name: str, path: str) -> bytes:
    if name in ("", ".", "..") or name.lower() == ".git" or "\0" in name:
        raise ValueError(f"not a path of a dossier: {path!r}")
    return name.encode("utf-8", "surrogateescape")


def find(store: Store, root: str, path: str) -> tuple[int, str] | None:
    """Return (mode, oid) of what is at *path* under the tree *root*, None if nothing is."""
    entry = (TREE_MODE, root)
    for name in path.split("/"):
        if entry[0] != TREE_MODE:
            return None
        found = read_tree(store, entry[1]).get(name.encode("utf-8", "surrogateescape"))
        if found is None:
            return None
        entry = found
    return entry


def read_file(store: Store, root: str, path: str) -> bytes | None:
    """Return the file at *path* of the dossier whose tree is *root*, None if there is none."""
    entry = find(store, root, path)
    if entry is None or entry[0] == TREE_MODE:
        return None
    return read_blob(store, entry[1])


def add_files(batch: Batch, files: Mapping[str, bytes]) -> dict[str, tuple[int, BlobId]]:
    return {path: (FILE_MODE, batch.blob(content)) for path, content in files.items()}
