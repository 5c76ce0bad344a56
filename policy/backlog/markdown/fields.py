"""Fields of an entry: `Label: value`, after a dash on its line or on lines of their own below it.

Each is read into the value the native form has for that key, so that one model judges both.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from policy.backlog.markdown.lines import Codes
from policy.backlog.verification import REPORT
from policy.problems import Problem, quoted
from policy.strictyaml import Plain

Read = Callable[[str], Plain]
"""From a field's text to its value; `ValueError` says in a sentence why there is none."""


@dataclass
class Fields:
    """*values* by key of the item, *lines* where each stands; `inline` ones on the entry's line."""

    values: dict[str, Plain] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    inline: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def take(self, line: int, label: str, text: str, *, inline: bool) -> None:
        key = _key(label)
        form = FORMS.get(key)
        if form is None:
            self._fault(line, f"{label}: there is no such field; there are {_LABELS}")
            return
        if not text:
            self._fault(line, f"{label}: is empty")
            return
        try:
            value = form.read(text)
        except ValueError as error:
            self._fault(line, f"{label}: {error}")
            return
        self._put(line, label, key, value, several=form.several)
        if inline:
            self.inline.add(key)

    def _put(self, line: int, label: str, key: str, value: Plain, *, several: bool) -> None:
        there = self.values.get(key)
        if several and isinstance(value, list) and isinstance(there, list):
            there.extend(value)
        elif key in self.values:
            self._fault(line, f"{label}: is there twice, first in line {self.lines[key]}")
        else:
            self.values[key], self.lines[key] = value, line

    def _fault(self, line: int, text: str) -> None:
        self.problems.append(Problem(line, 0, text))


_SEPARATOR = re.compile(
    r"(?<=[ \t])(?:—|–|-{1,3})[ \t]+(?=[A-Za-z][A-Za-z ]{0,30}:)"  # noqa: RUF001 - as people type
)
FIELD = re.compile(r"(?P<label>[A-Za-z][A-Za-z ]{0,30}):[ \t]*(?P<text>.*)$")


def segments(text: str) -> list[str]:
    """Return *text* split where a dash leads to a label; what is in backticks is not looked at."""
    codes = Codes(text)
    cuts = [cut for cut in _SEPARATOR.finditer(text) if codes.around(cut.start()) is None]
    starts = [0, *(cut.end() for cut in cuts)]
    ends = [*(cut.start() for cut in cuts), len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _text(text: str) -> Plain:
    return text


def _listed(text: str) -> Plain:
    return [text]


def _number(text: str) -> Plain:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(f"must be a whole number, is {quoted(text)}")
    return int(text)


def _answer(text: str) -> Plain:
    if text.lower() not in ("yes", "no"):
        raise ValueError(f"must be yes or no, is {quoted(text)}")
    return text.lower() == "yes"


def _words(text: str) -> Plain:
    """Return names or globs: each in backticks, or apart by commas."""
    if "`" in text:
        return [*_codes(text)]
    words = [word.strip() for word in text.split(",")]
    if any(not word or " " in word for word in words):
        raise ValueError(f"names are apart by commas, or each in backticks: {quoted(text)}")
    return [*words]


def _command(text: str) -> Plain:
    codes = [*_codes(text)]
    if len(codes) != 1:
        raise ValueError("must be one command in backticks")
    return [*_argv(codes[0])]


def _verifications(text: str) -> Plain:
    return [_verification(code) for code in _codes(text)]


def _verification(code: str) -> Plain:
    argv = _argv(code)
    run: dict[str, Plain] = {"run": [*argv]}
    return {**run, "report": "junit"} if any(REPORT in word for word in argv) else run


def _argv(code: str) -> list[str]:
    try:
        return shlex.split(code)
    except ValueError as error:
        raise ValueError(f"{quoted(code)} cannot be read as words of a command: {error}") from error


def _codes(text: str) -> Iterator[str]:
    """Yield what is in backticks; other words beside it are an error: nobody would read them."""
    codes = Codes(text)
    if not codes.texts:
        raise ValueError(f"must be in backticks: {quoted(text)}")
    ends = [0, *(end for _, end in codes.spans)]
    starts = [*(start for start, _ in codes.spans), len(text)]
    rest = " ".join(text[end:start] for end, start in zip(ends, starts, strict=True))
    if set(re.findall(r"[^\s,;]+", rest)) - {"and"}:
        raise ValueError(f"holds more than what is in backticks: {quoted(rest.strip())}")
    yield from (code.strip() for code in codes.texts)


_CONDITION = re.compile(r"(?P<form>[a-z_]+):[ \t]*(?P<text>.*)$")


def _condition(text: str) -> Plain:
    found = _CONDITION.match(text)
    form = found["form"] if found else ""
    if found is None or form not in _CONDITIONS:
        known = ", ".join(sorted(_CONDITIONS))
        raise ValueError(f"must begin with one of {known} and a colon, is {quoted(text)}")
    return [{form: _CONDITIONS[form](found["text"].strip())}]


def _name(text: str) -> Plain:
    return text.strip("`").strip()


_CONDITIONS: Mapping[str, Read] = {
    "item_done": _name,
    "path_exists": _name,
    "path_absent": _name,
    "after": _name,
    "approved": _name,
    "check": _command,
}


@dataclass(frozen=True)
class Form:
    read: Read
    several: bool = False


FORMS: Mapping[str, Form] = {
    "id": Form(_name),
    "dod": Form(_text),
    "owner": Form(_text),
    "context": Form(_text),
    "tests": Form(_verifications, several=True),
    "write_scope": Form(_words, several=True),
    "command": Form(_command),
    "builder": Form(_name),
    "acceptance": Form(_listed, several=True),
    "constraints": Form(_listed, several=True),
    "out_of_scope": Form(_listed, several=True),
    "done_when": Form(_verifications, several=True),
    "read_context": Form(_words, several=True),
    "blocked_by": Form(_words, several=True),
    "unblocks": Form(_words, several=True),
    "ready_when": Form(_condition, several=True),
    "not_ready_when": Form(_condition, several=True),
    "tags": Form(_words, several=True),
    "kind": Form(_name),
    "risk": Form(_name),
    "slice": Form(_name),
    "phase": Form(_number),
    "wave": Form(_name),
    "expect_base": Form(_name),
    "expect_base_reason": Form(_text),
    "reopen": Form(_number),
    "requires_approval": Form(_answer),
    "requested_by": Form(_text),
}
"""By the item's key; `dod` and `context` become the contract."""
_ALIASES = {
    "why_now": "dod",
    "test": "tests",
    "scope": "write_scope",
    "read": "read_context",
    "constraint": "constraints",
}


def label_of(key: str) -> str:
    """Return a field's label as it is written: `Blocked by`."""
    return _SPECIAL.get(key) or key.replace("_", " ").capitalize()


_SPECIAL = {"dod": "DoD", "write_scope": "Scope", "read_context": "Read"}


def _key(label: str) -> str:
    key = "_".join(label.lower().split())
    return _ALIASES.get(key, key)


_LABELS = ", ".join(label_of(key) for key in FORMS)
