"""A file of `waivers/` as it lies in a tree, read as the permission it is or is not."""

from functools import lru_cache

from gitops.objects import DamagedObjectError, MissingObjectError, read_blob, size_of
from gitops.people.remembered import Brought
from gitops.repository import Store
from policy.people.permission import Permission
from policy.people.reading import FOLDER, MOST_BYTES, read_permission
from policy.problems import Problem, Unreadable

_SUFFIX = ".yaml"
_FILE_MODE = "100644"


def read_brought(store: Store, name: str, brought: Brought) -> Permission | Unreadable:
    """Return the permission that *brought* is, called *name* below `waivers/`. Total."""
    if brought.mode != _FILE_MODE:
        return _problem(f"has mode {brought.mode}; a permission is a plain file (100644)")
    if "/" in name:
        return _problem(f"lies in a folder; a permission lies in {FOLDER}/ itself")
    try:
        size = size_of(store, brought.blob)
        if size > MOST_BYTES:
            return _problem(f"has {size} bytes, {MOST_BYTES} are allowed")
        content = read_blob(store, brought.blob)
    except (MissingObjectError, DamagedObjectError) as error:
        return _problem(str(error))
    return _parsed(content, name.removesuffix(_SUFFIX))


_parsed = lru_cache(maxsize=1024)(read_permission)


def _problem(text: str) -> Unreadable:
    return Unreadable((Problem(0, 0, text),))
