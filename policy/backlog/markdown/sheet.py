"""A Markdown backlog as items: each entry an item as any other, or every problem of it.

Only what would be dispatched (`[ ]` below `### P0` or `### P1`) must be whole. The others are
known by id and title, so that items can wait for them, and none of them is ever opened.
"""

import json
import re
from collections.abc import Iterator

from pydantic import ValidationError

from policy.backlog.item import BacklogItem, Status
from policy.backlog.markdown.blocks import DISPATCHED, Block, Stray, blocks
from policy.backlog.markdown.fields import FIELD, Fields, label_of, segments
from policy.backlog.markdown.lines import unprintable
from policy.backlog.parse import BadItem, Written
from policy.backlog.words import fault_of_id
from policy.problems import Path, Problem, first, problems_of
from policy.strictyaml import Plain

SUFFIX = ".md"
_TITLE = re.compile(r"\*\*(?P<title>.+?)\*\*(?P<rest>.*)$")
_SUB = re.compile(r"[ \t]+[-*+][ \t]+(?P<field>.*)$")
_WAITING = ("blocked", "depends on", "waiting for")
"""Words in a Context that hold an entry back: the grammar's, compared ignoring case."""


def read_sheet(path: str, content: bytes) -> tuple[Written | BadItem, ...]:
    """Return the entries of the file at *path*, in its order, and what is wrong with others.

    Entries that say the same and are never dispatched are one.
    """
    if b"\x00" in content:
        return (BadItem(path, (Problem(0, 0, "is no text: it holds zero bytes"),)),)
    found: list[Written | BadItem] = []
    strays: list[Problem] = []
    known: set[str] = set()
    for part in blocks(content):
        match part:
            case Stray(problem=problem, key=""):
                strays.append(problem)
            case Stray(problem=problem, key=key):
                found.append(BadItem(path, (problem,), key, problem.line))
            case Block():
                read = read_block(path, part)
                plain = isinstance(read, Written) and read.item.id == part.key
                if part.dispatched or not plain or part.key not in known:
                    found.append(read)
                if not part.dispatched:
                    known.add(part.key)
    whole = (BadItem(path, first(strays)),) if strays else ()
    return (*whole, *found)


def read_block(path: str, block: Block) -> Written | BadItem:
    fields = _fields(block)
    if block.dispatched:
        return _item(path, block, fields, _context_holds(fields))
    why = _held(path, block)
    read = _item(path, block, fields, why)
    return read if isinstance(read, Written) else _known(path, block, fields, why)


def _fields(block: Block) -> Fields:
    """Return what the entry's lines say, and in `problems` what of them nobody would read."""
    fields = Fields()
    for line in (block.line, *block.below):
        problem = unprintable(line)
        if problem is not None:
            fields.problems.append(problem)
    if fields.problems:
        return fields
    title = _TITLE.match(block.rest)
    head, *rest = segments(f" {title['rest']}") if title else ("",)
    if head:
        fields.problems.append(
            Problem(block.line.number, 0, f"after the title a dash and a field come, not {head!r}")
        )
    for part in rest:
        _take(fields, block.line.number, part, inline=True)
    for line in block.below:
        if not line.seen.strip() and line.hidden_by is None:
            continue
        sub = _SUB.match(line.seen)
        _take(fields, line.number, sub["field"].strip() if sub else "", inline=False)
    return fields


def _take(fields: Fields, number: int, text: str, *, inline: bool) -> None:
    found = FIELD.match(text)
    if found is not None:
        fields.take(number, found["label"], found["text"].strip(), inline=inline)
        return
    why = "this line belongs to the entry above it and is no field: write `  - Label: text`"
    fields.problems.append(Problem(number, 0, why))


def _item(path: str, block: Block, fields: Fields, held: str | None) -> Written | BadItem:
    values = {key: value for key, value in fields.values.items() if key not in ("dod", "context")}
    name = values.setdefault("id", block.key)
    problems = [*fields.problems, *_missing(block, fields)]
    dod = fields.values.get("dod", _PLACE)
    values |= {
        "title": _title(block),
        "priority": block.section or "P3",
        "status": _status(block, held),
        "contract": "\n\nContext: ".join(
            str(part) for part in (dod, fields.values.get("context")) if part
        ),
    }
    values.setdefault("acceptance", [dod])
    values.setdefault("tests", [{"run": ["false"]}])
    values.setdefault("write_scope", [path])
    lines = {key: fields.lines.get(key, block.line.number) for key in values}
    try:
        item = BacklogItem.model_validate_json(json.dumps(values))
    except ValidationError as error:
        located: dict[Path, int] = {(key,): line for key, line in lines.items()}
        located[()] = block.line.number
        problems += problems_of(error, located)
    if problems:
        known = isinstance(name, str) and fault_of_id(name) is None
        return BadItem(path, first(problems), str(name) if known else block.key, block.line.number)
    return Written(path, item, lines, entry=block.line.number, held=held)


_PLACE = "nothing is said"
"""Stands in for what is missing while the rest is looked at, so that all problems come at once."""


def _missing(block: Block, fields: Fields) -> Iterator[Problem]:
    for key, why in _NEEDED.items():
        if key not in fields.values:
            yield Problem(block.line.number, 0, f"{label_of(key)}: is missing; {why}")


_NEEDED = {
    "dod": "say what must be so in the end: `— DoD: text`",
    "owner": "say whom to ask: `— Owner: name`",
    "tests": "nothing can be proven without a command that fails before the change and holds "
    "after it: write below the entry ``  - Tests: `python3 -m pytest tests/test_it.py` ``",
    "write_scope": "say what may change: write below the entry ``  - Scope: `src/**` ``",
}


def _title(block: Block) -> str:
    found = _TITLE.match(block.rest)
    return found["title"].strip() if found else ""


def _status(block: Block, held: str | None) -> Status:
    if block.box in ("x", "X"):
        return "done"
    return "blocked" if held is not None else "todo"


def _context_holds(fields: Fields) -> str | None:
    said = str(fields.values.get("context", "")).lower()
    word = next((word for word in _WAITING if word in said), None)
    if word is None:
        return None
    return f"its Context says `{word}`; where that is over, take it out: `Blocked by: ID` is exact"


def _held(path: str, block: Block) -> str | None:
    """Return why an entry is not dispatched; None for one that is done."""
    match block.box:
        case "x" | "X":
            return None
        case "/":
            return "its box is `[/]`: somebody works on it; `[ ]` hands it over"
        case "!":
            return "its box is `[!]`; `[ ]` releases it"
        case " ":
            below = (
                f"stands below `{block.heading}`" if block.heading else "stands below no heading"
            )
            wanted = " or ".join(f"`### {section}`" for section in DISPATCHED)
            return f"{below} in {path}, and only what stands below {wanted} is run"
        case other:
            return f"its box holds {other!r}; ` ` releases it, and `x`, `/`, `!` are known"


def _known(path: str, block: Block, fields: Fields, held: str | None) -> Written | BadItem:
    """Return an entry nobody asked to be built, by its id and title.

    What it lacks is filled with what could never pass, should it ever be taken for a wish.
    """
    name = fields.values.get("id")
    title = " ".join(_title(block).split())[:120].strip()
    good = isinstance(name, str) and fault_of_id(name) is None
    if unprintable(block.line) is not None:
        return BadItem(path, tuple(fields.problems), block.key, block.line.number)
    values: dict[str, Plain] = {
        "id": name if good else block.key,
        "title": title or block.key,
        "priority": block.section or "P3",
        "status": _status(block, held),
        "contract": title or block.key,
        "acceptance": [title or block.key],
        "write_scope": [path],
        "tests": [{"run": ["false"]}],
    }
    item = BacklogItem.model_validate_json(json.dumps(values))
    return Written(path, item, {}, entry=block.line.number, held=held)
