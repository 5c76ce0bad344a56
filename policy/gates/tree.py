"""Gate `tree`: can the candidate be a tree that everybody may check out.

Snapshots are refused by much the same rules, but what a person commits on the work branch never
was a snapshot, so the gate asks again, and of the product instead of the work tree.
"""

from collections.abc import Iterator, Mapping, Sequence

from policy.change import Entry
from policy.gates.finding import Finding, barred, failed, passed
from policy.gates.links import Inside, Outside, follow
from policy.gates.names import fault_of
from policy.paths import folded
from policy.rules.failures import FailureClass
from policy.rules.sandbox import TreeLimits
from policy.value import Value

_FILES = ("100644", "100755", "120000")


class Contents(Value):
    """What a diff alone does not say; each by path, text with surrogates for bytes not UTF-8."""

    names: Mapping[str, tuple[str, ...]]
    """All names in each folder of the product that the diff touches; `` is the root."""
    links: Mapping[str, str]
    """Targets of the symbolic links the diff adds or changes."""
    sizes: Mapping[str, int]
    """Bytes of each file the diff adds or changes."""


def judge_tree(entries: Sequence[Entry], contents: Contents, limits: TreeLimits) -> Finding:
    """Bar modes, names, links, twins and sizes no candidate may have; and no change at all."""
    if not entries:
        return failed(FailureClass.NO_CHANGES, "the candidate changes nothing")
    faults: dict[str, str] = {}
    for entry in entries:
        for why in _faults(entry, contents, limits):
            faults.setdefault(entry.path, why)
    if faults:
        return barred(FailureClass.VALIDATION_ERROR, faults, looked_at=len(entries))
    total = sum(contents.sizes.values())
    if total > limits.max_bytes:
        return failed(
            FailureClass.VALIDATION_ERROR,
            f"{total} bytes are new, {limits.max_bytes} are allowed",
        )
    return passed(len(entries))


def _faults(entry: Entry, contents: Contents, limits: TreeLimits) -> Iterator[str]:
    if any(side is not None and side.mode == "160000" for side in (entry.old, entry.new)):
        yield "a submodule, which no mission may add, move or remove"
    if entry.new is None:
        return
    if entry.new.mode not in _FILES:
        yield f"git mode {entry.new.mode}, which is no file and no link"
    if entry.old is None:
        yield from _name_faults(entry.path, contents, limits)
    yield from _link_faults(entry, contents)
    if contents.sizes.get(entry.path, 0) > limits.max_file_bytes:
        yield f"larger than {limits.max_file_bytes} bytes"


def _name_faults(path: str, contents: Contents, limits: TreeLimits) -> Iterator[str]:
    segments = path.split("/")
    for segment in segments:
        why = fault_of(segment)
        if why is not None:
            yield why
        if len(_bytes(segment)) > limits.max_name_bytes:
            yield f"a name longer than {limits.max_name_bytes} bytes"
    if len(segments) > limits.max_depth:
        yield f"deeper than {limits.max_depth} folders"
    if len(_bytes(path)) > limits.max_path_bytes:
        yield f"a path longer than {limits.max_path_bytes} bytes"
    yield from _twins(segments, contents)


def _twins(segments: list[str], contents: Contents) -> Iterator[str]:
    for depth, segment in enumerate(segments):
        beside = contents.names.get("/".join(segments[:depth]), ())
        for name in beside:
            if name != segment and folded(name) == folded(segment):
                yield f"`{segment}` and `{name}` are one name where case does not count"


def _link_faults(entry: Entry, contents: Contents) -> Iterator[str]:
    if entry.new is None or entry.new.mode != "120000":
        return
    target = contents.links.get(entry.path)
    if target is None:
        yield "a link that cannot be read"
        return
    match follow(entry.path, target):
        case Outside(why=why):
            yield why
        case Inside():
            pass


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
