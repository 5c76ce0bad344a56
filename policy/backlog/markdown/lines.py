"""The lines of a Markdown backlog that are read, and in which section each stands.

Code fences, HTML comments and `<pre>` hide what is in them, as they do where Markdown is shown.
Where readers of Markdown would disagree about what is hidden, it is a problem and not a guess.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from policy.problems import Problem

Section = Literal["P0", "P1", "P2", "P3"]
BOM = "\ufeff"


@dataclass(frozen=True)
class Line:
    number: int
    """From 1."""
    text: str
    """As it is written, without its end."""
    seen: str
    """What of it is read: comments in it are left out."""
    hidden_by: "Hider | None" = None


@dataclass(frozen=True)
class Hider:
    """What opened at line *number* and hides the lines below it. *indented* is ambiguous."""

    number: int
    what: str
    end: re.Pattern[str]
    indented: bool


_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}(?=[^`]*$)|~{3,})")
_HTML = re.compile(
    r"(?P<indent>[ \t]*)<(?:!--|(?P<tag>pre|script|style|textarea)(?=[\s>]|$))", re.IGNORECASE
)
CHECKBOX = re.compile(
    r"(?P<indent>[ \t]*)(?:[-*+]|[0-9]{1,9}[.)])[ \t]*\[(?P<box>[^\]]?)\](?![(\[:])"
)
"""Anything that is shown as a checkbox, or was meant to be."""
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)


def lines_of(content: bytes) -> list[Line]:
    """Return every line; bytes that are not UTF-8 stay in it as half characters."""
    text = content.decode("utf-8", "surrogateescape").removeprefix(BOM)
    found: list[Line] = []
    hider: Hider | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        if hider is not None:
            found.append(Line(number, line, "", hider))
            hider = None if hider.end.search(line) else hider
            continue
        opened = _opened(number, line)
        if opened is None:
            found.append(Line(number, line, _without_comments(line)))
        else:
            found.append(Line(number, line, "", opened))
            hider = None if _closes_at_once(line, opened) else opened
    return found


def _opened(number: int, line: str) -> Hider | None:
    fence = _FENCE.match(line)
    if fence is not None:
        mark = fence["mark"]
        end = re.compile(rf"^[ \t]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
        return Hider(number, "the code fence", end, bool(fence["indent"]))
    html = _HTML.match(line)
    if html is None:
        return None
    tag = html["tag"]
    what = f"the <{tag}>" if tag else "the comment"
    end = re.compile(rf"</{tag}>", re.IGNORECASE) if tag else re.compile("-->")
    return Hider(number, what, end, bool(html["indent"]))


def _closes_at_once(line: str, hider: Hider) -> bool:
    return not hider.what.endswith("fence") and hider.end.search(line) is not None


def _without_comments(line: str) -> str:
    if "<!--" not in line:
        return line
    codes = Codes(line)
    kept, at = "", 0
    start = line.find("<!--")
    while start >= 0:
        within = codes.around(start)
        end = line.find("-->", start) if within is None else within
        if end < 0:
            break
        if within is None:
            kept, at = kept + line[at:start], end + len("-->")
        start = line.find("<!--", max(at, end))
    return kept + line[at:]


class Codes:
    """The code spans of a line: what stands between two equal runs of backticks."""

    def __init__(self, line: str) -> None:
        runs = [run.span() for run in re.finditer("`+", line)]
        closing: dict[int, int] = {}
        after: dict[int, int] = {}
        for index in range(len(runs) - 1, -1, -1):
            width = runs[index][1] - runs[index][0]
            if width in after:
                closing[index] = after[width]
            after[width] = index
        self.spans: list[tuple[int, int]] = []
        self.texts: list[str] = []
        index = 0
        while index < len(runs):
            close = closing.get(index)
            if close is not None:
                self.spans.append((runs[index][0], runs[close][1]))
                self.texts.append(line[runs[index][1] : runs[close][0]])
            index = (close if close is not None else index) + 1
        self._starts = [start for start, _ in self.spans]

    def around(self, place: int) -> int | None:
        """Return where the span ends that *place* is in, None where it is in none."""
        index = bisect_right(self._starts, place) - 1
        end = self.spans[index][1] if index >= 0 else place
        return end if place < end else None


def hidden_faults(lines: list[Line]) -> Iterator[Problem]:
    """Yield what hides checkboxes although it may not be meant to: each such opening once."""
    told: set[int] = set()
    for line in lines:
        by = line.hidden_by
        if by is None or by.number in told or not CHECKBOX.match(line.text):
            continue
        at_margin = not line.text[:1].isspace()
        if by.indented and at_margin:
            told.add(by.number)
            text = f"{by.what} is indented and hides the checkbox in line {line.number}"
            yield Problem(by.number, 0, f"{text}; begin it at the left margin, or close it before")
        elif lines[-1].hidden_by is by and not by.end.search(lines[-1].text):
            told.add(by.number)
            yield Problem(by.number, 0, f"{by.what} is never closed and hides all that is below it")


def unprintable(line: Line) -> Problem | None:
    """Return what of *line* is no text."""
    found = _FORBIDDEN.search(line.text)
    if found is None:
        return None
    if "\udc80" <= found[0] <= "\udcff":
        return Problem(line.number, found.start() + 1, "is not UTF-8")
    text = f"the character U+{ord(found[0]):04X} may not be in a file"
    return Problem(line.number, found.start() + 1, text)


_HEADING = re.compile(r" {0,3}#{1,3}(?=[ \t]|$)")
_PRIORITY = re.compile(r" {0,3}###[ \t]+(P[0-3])(?![A-Za-z0-9_])")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")


def sections(lines: list[Line]) -> dict[int, tuple[Section | None, str]]:
    """Return for each line the priority it stands below, and the heading that says so.

    Any other heading down to `###` ends a priority: what stands below it was not released.
    """
    found: dict[int, tuple[Section | None, str]] = {}
    section: Section | None = None
    heading = before = ""
    for line in lines:
        priority = _PRIORITY.match(line.seen)
        if priority is not None:
            section, heading = _SECTIONS[priority[1]], line.seen.strip()
        elif _HEADING.match(line.seen):
            section, heading = None, line.seen.strip()
        elif _UNDERLINE.match(line.seen) and _is_paragraph(before):
            section, heading = None, before.strip()
        found[line.number] = (section, heading)
        before = line.seen
    return found


_SECTIONS: dict[str, Section] = {"P0": "P0", "P1": "P1", "P2": "P2", "P3": "P3"}


def _is_paragraph(text: str) -> bool:
    return bool(text.strip()) and not text[:1].isspace() and not starts_block(text)


_BLOCK = re.compile(
    r" {0,3}(?:[-*+](?=[ \t]|$)|[0-9]{1,9}[.)](?=[ \t]|$)|#{1,6}(?=[ \t]|$)|>|`{3}|~{3}|<|\||"
    r"(?:[-*_=][ \t]*)+$)"
)


def starts_block(text: str) -> bool:
    """Tell whether a line at the left margin begins something of its own."""
    return _BLOCK.match(text) is not None
