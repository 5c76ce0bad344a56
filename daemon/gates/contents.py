"""What the gates that only read need to see of a candidate beyond its entries."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from threading import Event

from gitops.objects import TREE_MODE, Batch
from policy.change import Entry, Version
from policy.gates.secrets import Secret
from policy.gates.tree import Contents
from policy.ids import TreeId

_FIRST_BYTES = 8000
"""git calls a file binary that has a zero byte among so many."""


def contents_of(batch: Batch, product: TreeId, entries: Sequence[Entry]) -> Contents:
    """Read sizes, links and folders. Raises as `Batch.read_blob` does."""
    links: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for entry, new in _new_files(entries):
        content = batch.read_blob(new.oid)
        sizes[entry.path] = len(content)
        if new.mode == "120000":
            links[entry.path] = content.decode("utf-8", "surrogateescape")
    return Contents(names=_names(batch, product, entries), links=links, sizes=sizes)


def binaries_of(batch: Batch, entries: Iterable[Entry]) -> frozenset[str]:
    """Return the paths whose new content is binary."""
    return frozenset(
        entry.path
        for entry, new in _new_files(entries)
        if b"\0" in batch.read_blob(new.oid)[:_FIRST_BYTES]
    )


def secrets_of(batch: Batch, entries: Sequence[Entry], stop: Event) -> tuple[Secret, ...]:
    """Return the secrets the entries add; incomplete once *stop* is set."""
    # With its detectors comes a library that speaks http: a tenth of a start, for later.
    from daemon.gates.secrets import find_secrets, known_lines  # noqa: PLC0415

    old = (entry.old for entry in entries if entry.old is not None)
    known = known_lines(batch.read_blob(one.oid) for one in old if _is_file(one))
    found: list[Secret] = []
    for entry, new in _new_files(entries):
        for secret in find_secrets(entry.path, batch.read_blob(new.oid), known):
            found.append(secret)
            if stop.is_set():
                return tuple(found)
    return tuple(found)


def _names(batch: Batch, tree: TreeId, entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """Return the names in each folder of *tree* that an added path goes through."""
    folders = {
        folder
        for entry in entries
        if entry.old is None
        for folder in ("", *accumulate(entry.path.split("/")[:-1], "{}/{}".format))
    }
    oids: dict[str, str | None] = {"": tree}
    names: dict[str, tuple[str, ...]] = {}
    for folder in sorted(folders, key=lambda name: name.count("/") + bool(name)):
        oid = oids.get(folder)
        if oid is None:
            continue
        prefix = f"{folder}/" if folder else ""
        rows = {
            name.decode("utf-8", "surrogateescape"): version
            for name, version in batch.read_tree(oid).items()
        }
        names[folder] = tuple(rows)
        oids |= {prefix + name: oid for name, (mode, oid) in rows.items() if mode == TREE_MODE}
    return names


def _new_files(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Version]]:
    for entry in entries:
        if entry.new is not None and _is_file(entry.new):
            yield entry, entry.new


def _is_file(version: Version) -> bool:
    return version.mode in ("100644", "100755", "120000")
