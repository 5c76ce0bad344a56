"""One entry of a Markdown backlog changed: its box, or a field on a line of its own below it.

The edit is guarded by the entry as it was read: afterwards the file is read again, and unless that
entry's status or field is all that differs, nothing is edited and the refusal says why.
"""

from collections.abc import Sequence

from policy.backlog.edit import EditRefused
from policy.backlog.markdown.blocks import Block, Stray, blocks
from policy.backlog.markdown.fields import label_of
from policy.backlog.markdown.sheet import read_block
from policy.backlog.parse import BadItem, Written
from policy.ids import ItemId
from policy.problems import Problem

BOXES = {"todo": " ", "done": "x", "blocked": "!", "cancelled": "!"}
"""The box for each status. The grammar knows no cancelled entry: one is blocked."""
_BOX_AT = len("- [")
_BOM = b"\xef\xbb\xbf"


def find(path: str, content: bytes, item: ItemId) -> Written | BadItem:
    """Return the entry *item* of the file, or why there is not exactly one."""
    found = [read for _, read in _named(path, [*blocks(content)], item)]
    if len(found) == 1:
        return found[0]
    many = ", ".join(one.where for one in found)
    why = f"{item} is there more than once: {many}" if found else f"has no entry {item}"
    return BadItem(path, (Problem(0, 0, why),), item)


def set_in_sheet(
    path: str, content: bytes, item: ItemId, key: str, value: str | int
) -> bytes | EditRefused:
    """Return *content* with *key* of the entry *item* set: its status, or a one-word field."""
    entry = find(path, content, item)
    if isinstance(entry, BadItem):
        return EditRefused(str(entry))
    lines = content.split(b"\n")
    if key == "status":
        edited = _boxed(lines, entry.entry - 1, BOXES[str(value)])
    else:
        edited = _with_field(lines, entry, key, value)
    why = _fault((path, content, edited), item, key, value)
    return edited if why is None else EditRefused(why)


def _boxed(lines: list[bytes], at: int, box: str) -> bytes:
    line = lines[at]
    place = _BOX_AT + (len(_BOM) if at == 0 and line.startswith(_BOM) else 0)
    boxed = line[:place] + box.encode() + line[place + 1 :]
    return b"\n".join([*lines[:at], boxed, *lines[at + 1 :]])


def _with_field(lines: list[bytes], entry: Written, key: str, value: str | int) -> bytes:
    """Return the file with a field: in place of the one there is, else right below the box."""
    field = f"  - {label_of(key)}: {value}".encode()
    at, there = entry.entry - 1, entry.lines.get(key, entry.entry) - 1
    end = b"\r" if lines[there].endswith(b"\r") else b""
    if there != at:
        return b"\n".join([*lines[:there], field + end, *lines[there + 1 :]])
    if at + 1 == len(lines):
        return b"\n".join([*lines, field])
    return b"\n".join([*lines[: at + 1], field + end, *lines[at + 1 :]])


def _fault(edit: tuple[str, bytes, bytes], item: ItemId, key: str, value: str | int) -> str | None:
    """Return what the edit (path, before, after) does beside setting *key*, None for nothing."""
    path, before, edited = edit
    old, new = [*blocks(before)], [*blocks(edited)]
    (at, was), *_ = _named(path, old, item)
    now = [read for _, read in _named(path, new, item)]
    only = now[0] if len(now) == 1 else None
    alone = _words(old, at) == _words(new, at)
    if alone and isinstance(was, Written) and isinstance(only, Written):
        return _fault_within(was, only, key, value)
    return f"setting its {key} to {value} would change more of {path}"


def _fault_within(was: Written, now: Written, key: str, value: str | int) -> str | None:
    if value == "todo" and now.held is not None:
        return f"it would not run yet: {now.held}"
    wanted = "blocked" if value == "cancelled" else value
    same = was.item.model_dump(exclude={key}) == now.item.model_dump(exclude={key})
    if getattr(now.item, key) != wanted or not same:
        return f"setting its {key} to {value} would not do just that"
    return None


def _named(
    path: str, parts: Sequence[Block | Stray], item: ItemId
) -> list[tuple[int, Written | BadItem]]:
    """Return the entries called *item* and where in *parts* each is; the others are not read."""
    found = [
        (at, read_block(path, part))
        for at, part in enumerate(parts)
        if isinstance(part, Block) and (part.key == item or any(item in w for w in part.words))
    ]
    return [(at, one) for at, one in found if _id(one) == item]


def _words(parts: Sequence[Block | Stray], but: int) -> list[tuple[str, ...]]:
    """Return what all entries but one say, and what is wrong beside them."""
    return [
        part.words if isinstance(part, Block) else (part.problem.text, part.key)
        for at, part in enumerate(parts)
        if at != but
    ]


def _id(one: Written | BadItem) -> str:
    return one.item.id if isinstance(one, Written) else one.item
