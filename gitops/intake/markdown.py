"""The Markdown backlog of a commit: one file, each of its entries an item.

Where policy names a file and there is none, there is nothing to read; anything else in its place
is a bad item, never an empty backlog.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitops import objects
from gitops.intake.shelf import Changes, Effort, Limits, bad, filed_as, kind_of
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.repository import Store
from policy.backlog.graph import Filed
from policy.backlog.markdown.sheet import read_sheet
from policy.backlog.parse import BadItem
from policy.ids import BlobId

Place = tuple[int, str]
"""Mode and id of the file."""


@dataclass(frozen=True)
class Sheet:
    """The file as it was read; None for *place* where there is none."""

    place: Place | None
    entries: Sequence[Filed | BadItem] = ()


def place_of(store: Store, tree: str, path: str) -> Place | None:
    """Return what lies at *path* of *tree*, a folder in its way included."""
    *folders, name = path.split("/")
    for folder in folders:
        entry = objects.read_tree(store, tree).get(folder.encode())
        if entry is None:
            return None
        mode, tree = entry
        if mode != objects.TREE_MODE:
            return entry
    return objects.read_tree(store, tree).get(name.encode())


def read(
    store: Store, path: str, place: Place | None, limits: Limits, effort: Effort
) -> Sequence[Filed | BadItem]:
    """Return the entries of the file at *place*."""
    if place is None:
        return ()
    mode, oid = place
    fault = kind_of(mode)
    if fault is not None:
        return (bad(path, f"is {fault}; a backlog is a plain file (policy: backlog_markdown)"),)
    effort.files += 1
    try:
        _, size = store.repo.odb.read_header(oid)
        if size > limits.max_bytes:
            return (bad(path, f"has {size} bytes, {limits.max_bytes} are allowed"),)
        found = read_sheet(path, objects.read_blob(store, oid))
    except KeyError:
        return (bad(path, str(MissingObjectError(oid, "blob"))),)
    except (MissingObjectError, DamagedObjectError) as error:
        return (bad(path, str(error)),)
    return [one if isinstance(one, BadItem) else filed_as(one, BlobId(oid)) for one in found]


def note(
    changes: Changes, before: Sequence[Filed | BadItem], now: Sequence[Filed | BadItem]
) -> None:
    """Tell *changes* which entries are others than *before*, or that it is more than that."""
    was, are = _by_id(before), _by_id(now)
    if was is None or are is None:
        changes.more = True
        return
    changes.replaced += [(was[name], are[name]) for name in are if name in was]
    changes.added += [are[name] for name in are if name not in was]
    changes.removed += [was[name] for name in was if name not in are]


def _by_id(entries: Sequence[Filed | BadItem]) -> Mapping[str, Filed] | None:
    """Return entries by id, None where one is bad or an id is there twice."""
    found = {one.item.id: one for one in entries if isinstance(one, Filed)}
    return found if len(found) == len(entries) else None
