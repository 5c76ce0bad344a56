"""Trees and blobs by id, from the repository alone or from a step's pending objects as well."""

from gitops import objects
from gitops.objects import TREE_MODE, Batch
from gitops.remembered import Entries
from gitops.repository import Store

LINK_MODE = 0o120000
GITLINK_MODE = 0o160000
EXECUTABLE_MODE = 0o100755

Source = Store | Batch


def tree_at(source: Source, oid: str) -> Entries:
    """Return name -> (mode, oid); raise `MissingObjectError` or `DamagedObjectError`."""
    match source:
        case Store():
            return objects.read_tree(source, oid)
        case Batch():
            return source.read_tree(oid)


def blob_at(source: Source, oid: str) -> bytes:
    """Return the content of a blob; raise `MissingObjectError` or `DamagedObjectError`."""
    match source:
        case Store():
            return objects.read_blob(source, oid)
        case Batch():
            return source.read_blob(oid)


def subtree(entries: Entries, name: bytes) -> str | None:
    """Return the id of the tree called *name*; None where there is none or it is no tree."""
    mode, oid = entries.get(name, (0, ""))
    return oid if mode == TREE_MODE else None
