"""A folder of the backlog as it was read: its files, its folders, and the tree it was read from.

A tree's id stands for all that is below it. A folder whose tree is still the same is taken over
whole, a file whose blob is still the same is not parsed again; so what is remembered is one backlog
and no more, and a change costs what changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gitops import objects
from gitops.intake.cache import ItemCache
from gitops.objects import DamagedObjectError, MissingObjectError
from gitops.repository import Store
from policy.backlog.graph import Filed
from policy.backlog.outline import LINES, outline
from policy.backlog.parse import SUFFIX, BadItem, Written, read_item
from policy.backlog.spec import spec_hash
from policy.ids import BlobId
from policy.problems import Problem

_FOLDER = 0o040000
_FILE = 0o100644
_FILE_OF_OLD = 0o100664
_EXECUTABLE = 0o100755
_LINK = 0o120000
_SUBMODULE = 0o160000
_KINDS = {_EXECUTABLE: "executable", _LINK: "a symbolic link", _SUBMODULE: "a submodule"}


@dataclass(frozen=True)
class Limits:
    """*max_bytes* of a file, *max_depth* of folders in folders."""

    max_bytes: int
    max_depth: int


@dataclass
class Effort:
    """What a reading cost: how many trees and how many files were read."""

    trees: int = 0
    files: int = 0


@dataclass(frozen=True)
class Shelf:
    """*rows* are the entries by name: what each was, and what was read from it."""

    oid: str
    rows: Mapping[bytes, tuple[int, str, "Filed | BadItem | Shelf | None"]] = field(repr=False)

    def entries(self) -> Iterator[Filed | BadItem]:
        for _, _, read in self.rows.values():
            match read:
                case Shelf():
                    yield from read.entries()
                case Filed() | BadItem():
                    yield read
                case None:
                    pass


@dataclass
class Changes:
    """What became of the shelf before; *more*: bad items come or gone as well."""

    replaced: list[tuple[Filed, Filed]] = field(default_factory=list)
    added: list[Filed] = field(default_factory=list)
    removed: list[Filed] = field(default_factory=list)
    more: bool = False

    def note(self, old: "Filed | BadItem | Shelf | None", new: "Filed | BadItem | None") -> None:
        if isinstance(old, Filed) and isinstance(new, Filed):
            self.replaced.append((old, new))
            return
        for one in old.entries() if isinstance(old, Shelf) else (old,):
            if isinstance(one, Filed):
                self.removed.append(one)
            else:
                self.more |= one is not None
        if isinstance(new, Filed):
            self.added.append(new)
        else:
            self.more |= new is not None


@dataclass(frozen=True)
class Reader:
    store: Store
    limits: Limits
    effort: Effort = field(default_factory=Effort)
    changes: Changes = field(default_factory=Changes)
    cache: ItemCache | None = None

    def shelf(self, oid: str, path: str, before: Shelf | None, depth: int = 0) -> Shelf:
        """Return the folder at *path*, taking over from *before* what is still the same.

        Raises `MissingObjectError` or `DamagedObjectError`: half a folder must not look like a
        folder from which items were removed.
        """
        if before is not None and before.oid == oid:
            return before
        self.effort.trees += 1
        rows: dict[bytes, tuple[int, str, Filed | BadItem | Shelf | None]] = {}
        for name, (mode, entry) in objects.read_tree(self.store, oid).items():
            old = before.rows.get(name) if before is not None else None
            if old is not None and old[:2] == (mode, entry):
                rows[name] = old
                continue
            below = f"{path}/{_shown(name)}"
            was = old[2] if old is not None else None
            if mode == _FOLDER and isinstance(was, Shelf):
                rows[name] = (mode, entry, self._folder(entry, below, was, depth))
            elif mode == _FOLDER:
                self.changes.note(was, None)
                rows[name] = (mode, entry, self._folder(entry, below, None, depth))
            else:
                read = self._file(entry, below, mode)
                self.changes.note(was, read)
                rows[name] = (mode, entry, read)
        if before is not None:
            for name in before.rows.keys() - rows.keys():
                self.changes.note(before.rows[name][2], None)
        return Shelf(oid, rows)

    def _folder(self, oid: str, path: str, known: Shelf | None, depth: int) -> Shelf | BadItem:
        fault = _UNSHOWN if _ESCAPE in path else None
        if fault is None and depth >= self.limits.max_depth:
            fault = f"is deeper than {self.limits.max_depth} folders in the backlog"
        if fault is not None:
            self.changes.more = True
            return bad(path, fault)
        return self.shelf(oid, path, known, depth + 1)

    def _file(self, oid: str, path: str, mode: int) -> Filed | BadItem | None:
        fault = _fault(path, mode)
        if fault is not None:
            return bad(path, fault)
        return self._item(path, oid) if path.endswith(SUFFIX) else None

    def _item(self, path: str, oid: str) -> Filed | BadItem:
        known = None if self.cache is None else self.cache.get(path, BlobId(oid))
        if known is not None and oid in self.store.repo.odb:
            return known
        read = self._parsed(path, oid)
        if self.cache is not None and isinstance(read, Filed):
            self.cache.put(read)
        return read

    def _parsed(self, path: str, oid: str) -> Filed | BadItem:
        self.effort.files += 1
        try:
            _, size = self.store.repo.odb.read_header(oid)
            if size > self.limits.max_bytes:
                return bad(path, f"has {size} bytes, {self.limits.max_bytes} are allowed")
            read = read_item(path, objects.read_blob(self.store, oid))
        except KeyError:
            return bad(path, str(MissingObjectError(oid, "blob")))
        except (MissingObjectError, DamagedObjectError) as error:
            return bad(path, str(error))
        if isinstance(read, BadItem):
            return read
        return filed_as(read, BlobId(oid))


def filed_as(read: Written, blob: BlobId) -> Filed:
    return Filed(
        read.path,
        outline(read.item),
        {key: read.lines[key] for key in LINES if key in read.lines},
        blob,
        spec_hash(read.item),
        entry=read.entry,
        held=read.held,
    )


def kind_of(mode: int) -> str | None:
    """Return what an entry is that is no plain file, None for a plain one."""
    if mode in (_FILE, _FILE_OF_OLD):
        return None
    return _KINDS.get(mode) or ("a folder" if mode == _FOLDER else f"of the mode {mode:o}")


def bad(path: str, why: str) -> BadItem:
    return BadItem(path, (Problem(0, 0, why),))


def _fault(path: str, mode: int) -> str | None:
    """Return why an entry that is no folder, and might be meant as an item, is none.

    A link without a suffix may lead to a folder of items, and a submodule hold one: whoever put
    it there must not believe that it is read. Anything else that is no YAML is left alone.
    """
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    meant = suffix.lower() in ("yaml", "yml") if dot else mode == _LINK
    if mode == _SUBMODULE or (meant and mode in _KINDS):
        return f"is {_KINDS[mode]}; an item is a plain file"
    if not meant:
        return None
    if mode not in (_FILE, _FILE_OF_OLD):
        return f"has the mode {mode:o}; an item is a plain file"
    if not path.endswith(SUFFIX):
        return f"must end in {SUFFIX} to be read"
    return _UNSHOWN if _ESCAPE in path else None


_ESCAPE = "\\"
_UNSHOWN = "its name holds a backslash, or characters that are not UTF-8 or cannot be shown"


def _shown(name: bytes) -> str:
    """Return *name* as any terminal may show it: with a backslash where it cannot be shown."""
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode()
