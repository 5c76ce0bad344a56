"""Entries of a Markdown backlog as they are written: a checkbox line and the lines below it.

Nothing that may be meant as an entry to be dispatched is passed over: below `### P0` and `### P1`
a checkbox of any form is an entry, or a bad one.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from policy.backlog.markdown.lines import (
    CHECKBOX,
    Line,
    Section,
    hidden_faults,
    lines_of,
    sections,
    starts_block,
    unprintable,
)
from policy.problems import Problem

DISPATCHED: tuple[Section, ...] = ("P0", "P1")
"""Only these are opened; the others are wishes that nobody has released yet."""
_ENTRY = re.compile(r"- \[(?P<box>[^\]])\] +(?P<rest>\*\*.*)$")
_AFTER_BOX = len("- [x")


@dataclass(frozen=True)
class Block:
    """*line* holds the checkbox, *below* are the lines that belong to it, blank ones left out."""

    line: Line
    box: str
    rest: str
    """What follows the box: the title in bold, then fields."""
    below: tuple[Line, ...]
    section: Section | None
    heading: str

    @property
    def words(self) -> tuple[str, ...]:
        """All that an entry is read from, wherever in its file it stands."""
        return (self.line.text, self.section or "", self.heading, *(one.text for one in self.below))

    @property
    def key(self) -> str:
        """The grammar's key: 16 hex digits of the line, as it is before it is ticked."""
        return key_of(f"- [ {self.line.text[_AFTER_BOX:]}")

    @property
    def dispatched(self) -> bool:
        return self.box == " " and self.section in DISPATCHED


@dataclass(frozen=True)
class Stray:
    """A line that may be meant as an entry and is none, or text that hides some."""

    problem: Problem
    key: str = ""


def key_of(line: str) -> str:
    normal = " ".join(line.split())
    return hashlib.sha256(normal.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def blocks(content: bytes) -> Iterator[Block | Stray]:
    """Yield what stands in the file, from the top."""
    lines = lines_of(content)
    around = sections(lines)
    yield from (Stray(problem) for problem in hidden_faults(lines))
    at = 0
    while at < len(lines):
        line = lines[at]
        section, heading = around[line.number]
        entry = _ENTRY.match(line.seen)
        at += 1
        if entry is not None:
            below, at = _below(lines, at)
            yield Block(line, entry["box"], entry["rest"], below, section, heading)
            yield from _siblings(below, section)
        else:
            yield from _stray(line, section)


def _below(lines: list[Line], at: int) -> tuple[tuple[Line, ...], int]:
    """Return the lines that belong to the entry above *at*, and where the next begin."""
    found: list[Line] = []
    blank = False
    while at < len(lines):
        line = lines[at]
        text = line.text
        if text.strip():
            indented = text[0] in " \t"
            lazy = not blank and not indented and not starts_block(text)
            if not indented and not lazy:
                break
            found.append(line)
        blank = not text.strip()
        at += 1
    return tuple(found), at


def _siblings(below: tuple[Line, ...], section: Section | None) -> Iterator[Stray]:
    """Yield checkboxes that are shown beside the entry above them, not below it."""
    for line in below:
        box = CHECKBOX.match(line.seen)
        if box is not None and len(box["indent"].expandtabs(4)) < _NESTED:
            yield from _stray(line, section)


_NESTED = 2
"""Spaces from which on a line belongs to the `- ` above it."""


def _stray(line: Line, section: Section | None) -> Iterator[Stray]:
    box = CHECKBOX.match(line.seen)
    if box is not None and section in DISPATCHED and box["box"] not in ("x", "X", "/", "!"):
        text = (
            "this checkbox is no entry: one begins at the left margin, as in "
            "`- [ ] **Title** — DoD: ... — Owner: ...`"
        )
        yield Stray(Problem(line.number, 0, text), key_of(line.text))
        return
    problem = unprintable(line)
    if problem is not None:
        yield Stray(problem)
