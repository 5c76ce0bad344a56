"""YAML as people mean it: maps, lists and scalars that read the same to every reader.

It builds values from the parser's events, not with the parser's own loader: that one recurses in C
and a file of brackets ends the process. What YAML readers disagree about (`yes`, `010`, `12:30`) is
a problem, never a guess; a date stays text. Nothing a file can hold raises from here.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import yaml

from policy.problems import Path, Problem, Unreadable, named, quoted

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None


@dataclass(frozen=True)
class Document:
    """What a file says. *lines* tells where each value of it begins, counted from 1."""

    value: Plain
    lines: Mapping[Path, int]


def load(
    content: bytes, *, max_bytes: int = 1024**2, max_depth: int = 32, max_problems: int = 50
) -> Document | Unreadable:
    """Return the one document of *content*, or every problem of it.

    After *max_problems* the last one says that the rest was not read.
    """
    if len(content) > max_bytes:
        text = f"the file has {len(content)} bytes, {max_bytes} are allowed"
        return Unreadable((Problem(0, 0, text),))
    problems = list(islice(_unprintable(content), max_problems))
    if problems:
        return Unreadable(tuple(problems))
    building = _Building(max_depth=max_depth, max_problems=max_problems)
    building.read(content)
    if building.problems:
        return Unreadable((*sorted(building.problems[:max_problems]), *building.unread))
    return Document(building.root, building.lines)


_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""Control characters, line breaks only YAML 1.1 knows, byte order marks, half characters."""


def _unprintable(content: bytes) -> Iterator[Problem]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        yield Problem(*_position(before.decode(errors="replace")), "is not UTF-8")
        return
    if text.startswith("\ufeff"):
        yield Problem(1, 1, "begins with a byte order mark; save the file as UTF-8 without one")
        return
    for match in _FORBIDDEN.finditer(text):
        place = _position(text[: match.start()])
        yield Problem(*place, f"the character U+{ord(match[0]):04X} may not be in a file")


def _position(before: str) -> tuple[int, int]:
    lines = re.split("\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1


class _StopError(Exception):
    """What follows cannot be made sense of."""


@dataclass
class _Open:
    """A map or a list that is being read. *key* is the key whose value comes next."""

    value: dict[str, Plain] | list[Plain]
    path: Path
    key: str | None = None
    keys: dict[str, int] = field(default_factory=dict)
    unnamed: int = 0


class _Building:
    def __init__(self, *, max_depth: int, max_problems: int) -> None:
        self.root: Plain = None
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self.unread: tuple[Problem, ...] = ()
        self._open: list[_Open] = []
        self._documents = 0
        self._max_depth = max_depth
        self._max_problems = max_problems

    def read(self, content: bytes) -> None:
        try:
            for event in yaml.parse(content, Loader=yaml.CSafeLoader):
                self._take(event)
        except yaml.YAMLError as error:
            self.problems.append(_syntax(error))
        except _StopError:
            return
        if not self._documents and not self.problems:
            self.problems.append(Problem(1, 1, "the file is empty"))

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._start_document(event)
            case yaml.AliasEvent():
                self._problem(event, f"*{event.anchor}: aliases are not allowed; repeat the value")
                self._place(None, event)
            case yaml.ScalarEvent():
                self._checked(event)
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._checked(event)
                self._start({} if isinstance(event, yaml.MappingStartEvent) else [], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
            case _:
                pass  # ends of documents, begin and end of the stream

    def _start_document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if event.version or event.tags:
            self._problem(event, "directives (%) are not allowed")
        if self._documents > 1:
            self._problem(event, "a second document begins here; one file holds one document")
            raise _StopError

    def _checked(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._problem(event, f"&{event.anchor}: anchors are not allowed")
        if event.tag is not None:
            self._problem(event, f"{quoted(event.tag)}: tags are not allowed")

    def _start(self, value: dict[str, Plain] | list[Plain], event: yaml.NodeEvent) -> None:
        if len(self._open) >= self._max_depth:
            self._problem(event, f"nested deeper than {self._max_depth} levels")
            raise _StopError
        path = self._place(value, event)
        self._open.append(_Open(value, path))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            self._key(self._open[-1], event)
        else:
            self._place(self._resolved(event), event)

    def _key(self, top: _Open, event: yaml.ScalarEvent) -> None:
        line, _ = _mark(event)
        key = self._resolved(event)
        if event.implicit[0] and event.value == "<<":
            self._problem(event, "<<: merge keys are not allowed; write the keys out")
        elif not isinstance(key, str):
            self._problem(event, f"the key {quoted(event.value)} must be text: quote it")
        elif key in top.keys:
            name = named((*top.path, key))
            self._problem(event, f"{name}: is there twice, first in line {top.keys[key]}")
        else:
            top.keys[key] = line
            top.key = key
            return
        top.unnamed += 1
        top.key = f"{event.value} ({top.unnamed})"

    def _place(self, value: Plain, event: yaml.Event) -> Path:
        """Put *value* where the parser stands; return its path."""
        path: Path = ()
        if self._open:
            path = self._put(self._open[-1], value, event)
        else:
            self.root = value
        self.lines.setdefault(path, _mark(event)[0])
        return path

    def _put(self, top: _Open, value: Plain, event: yaml.Event) -> Path:
        if isinstance(top.value, list):
            top.value.append(value)
            return (*top.path, len(top.value) - 1)
        if top.key is None:
            self._problem(event, "a key must be text, not a map, a list or an alias")
            top.key = ""
            return (*top.path, "")
        top.value[top.key] = value
        path = (*top.path, top.key)
        top.key = None
        return path

    def _resolved(self, event: yaml.ScalarEvent) -> Plain:
        if _FORBIDDEN.search(event.value):
            self._problem(event, f"{quoted(event.value)} holds a control character")
        if not event.implicit[0]:
            return str(event.value)
        resolved = resolve(event.value)
        if isinstance(resolved, Doubtful):
            self._problem(event, resolved.why)
            return str(event.value)
        return resolved

    def _problem(self, event: yaml.Event, text: str) -> None:
        self.problems.append(Problem(*_mark(event), text))
        if len(self.problems) >= self._max_problems:
            self.unread = (Problem(*_mark(event), "too many problems: the rest was not read"),)
            raise _StopError


def _mark(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


@dataclass(frozen=True)
class Doubtful:
    """A scalar YAML readers disagree about."""

    why: str


_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
_NUMBERLIKE = re.compile(
    r"""[-+]?(
        0b[01_]+ | 0o[0-7_]+ | 0x[0-9a-fA-F_]+
        | [0-9][0-9_]*+(:[0-5]?[0-9])++(\.[0-9_]*+)?
        | ([0-9][0-9_]*+(\.[0-9_]*+)? | \.[0-9_]++)([eE][-+]?[0-9]+)?
        | \.(inf|Inf|INF)
    ) | \.(nan|NaN|NAN)""",
    re.VERBOSE,
)
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_BOOLEANS = frozenset(("yes", "no", "on", "off", "true", "false"))
_NULLS = frozenset(("Null", "NULL"))


def resolve(text: str) -> str | int | float | bool | Doubtful | None:
    """Return what the unquoted scalar *text* is."""
    if text in _WORDS:
        return _WORDS[text]
    if text in _NULLS:
        return Doubtful(f"{text}: write null, or quote it if it is text")
    if text.lower() in _BOOLEANS and text in (text.lower(), text.upper(), text.capitalize()):
        return Doubtful(f"{text}: write true or false, or quote it if it is text")
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if _NUMBERLIKE.fullmatch(text):
        return Doubtful(f"{quoted(text)}: not a number every reader reads alike; quote it as text")
    return text


_EXPLAINED = {
    "mapping values are not allowed in this context": "`: ` in unquoted text; quote the text",
    "found character that cannot start any token": (
        "a tab, or text that begins with @, ` or %; indent with spaces, quote such text"
    ),
    "found a tab character where an indentation space is expected": "indent with spaces, not tabs",
    "could not find expected ':'": "a key without `: ` and a value",
}


def _syntax(error: yaml.YAMLError) -> Problem:
    """Return the parser's complaint, where it was when it noticed."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(0, 0, f"is not YAML: {getattr(error, 'reason', error)}")
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem(line, column, f"is not YAML: {_EXPLAINED.get(error.problem or '', said)}")
