"""What is wrong with a file a person wrote, where, and in words they can act on.

The words of the parsing library are turned around here: a person is told what the field wants,
not which validator of ours refused it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

Path = tuple[str | int, ...]
"""Where in a document: keys and indexes from the top; empty for the document itself."""


@dataclass(frozen=True, order=True)
class Problem:
    """Lines and columns count from 1; both are 0 where no place in the file is to blame."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


@dataclass(frozen=True)
class Unreadable:
    """A file that cannot be believed, with every problem of it at once, in the file's order."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.problems))


def faulty(faults: Iterable[tuple[str, str]]) -> PydanticCustomError:
    """Return what a validator raises that found several keys at fault: their names and why."""
    rows = [*faults]
    text = "; ".join(f"{key}: {why}" for key, why in rows)
    return PydanticCustomError("faulty", "{text}", {"text": text, "faults": rows})


def first(problems: Iterable[Problem], most: int = 50) -> tuple[Problem, ...]:
    """Return *problems* in the file's order; after *most* of them, how many more there are."""
    found = sorted(problems)
    if len(found) <= most:
        return tuple(found)
    more = Problem(found[most].line, 0, f"and {len(found) - most} more problems from here on")
    return (*found[:most], more)


def problems_of(error: ValidationError, lines: Mapping[Path, int]) -> tuple[Problem, ...]:
    """Return what pydantic found, each with the line of the value it is about, the `first` of it.

    *lines* is `strictyaml.Document.lines`. Where a value is one of several forms, pydantic
    answers for each form; the answers to one value become one sentence.
    """
    found: dict[tuple[int, str], list[str]] = {}
    for loc, sentence in _complaints(error):
        line, path = _place(loc, lines)
        found.setdefault((line, named(path)), []).append(sentence)
    return first(
        Problem(line, 0, f"{name}: {_either(sentences)}" if name else _either(sentences))
        for (line, name), sentences in found.items()
    )


def _complaints(error: ValidationError) -> Iterator[tuple[Path, str]]:
    for details in error.errors(include_url=False):
        if details["type"] == "faulty":
            yield from (((*details["loc"], key), why) for key, why in details["ctx"]["faults"])
        else:
            yield details["loc"], _sentence(details)


def named(path: Iterable[str | int]) -> str:
    """Return *path* as people write it: `tests[0].run`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def quoted(value: object) -> str:
    """Return *value* for a sentence: one line, printable, not long."""
    match value:
        case None:
            return "empty"
        case dict():
            return "a map"
        case list() | tuple():
            return "a list"
        case bool():
            return str(value).lower()
        case _:
            text = ascii(value) if not str(value).isprintable() else repr(value)
            return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]} ..."


_SHOWN = 60


def _place(loc: Path, lines: Mapping[Path, int]) -> tuple[int, Path]:
    """Return line and path of what *loc* is about.

    A location also names the form of a union that was tried, which is no key of the document. What
    the document does not have, a missing key say, gets the line of what it is missing from.
    """
    path: Path = ()
    for step in loc:
        if (*path, step) in lines or isinstance(step, int) or step.isidentifier():
            path = (*path, step)
    known = next(end for end in range(len(path), -1, -1) if path[:end] in lines or not end)
    return lines.get(path[:known], 0), path


def _either(sentences: list[str]) -> str:
    return "; or ".join(dict.fromkeys(sentences))


def _sentence(details: ErrorDetails) -> str:
    say = _WORDS.get(details["type"])
    return say(details, details.get("ctx", {})) if say else details["msg"]


def _wanted(what: str) -> Callable[[ErrorDetails, dict[str, Any]], str]:
    return lambda details, _: f"must be {what}, is {quoted(details['input'])}"


def _count(ctx: dict[str, Any], key: str, one: str, many: str) -> str:
    return f"{ctx[key]} {one if ctx[key] == 1 else many}"


_WORDS: dict[str, Callable[[ErrorDetails, dict[str, Any]], str]] = {
    "missing": lambda *_: "is missing",
    "extra_forbidden": lambda *_: "is not a key that may stand here; check its spelling",
    "string_type": _wanted("text (quote it)"),
    "int_type": _wanted("a whole number"),
    "bool_type": _wanted("true or false"),
    "float_type": _wanted("a number"),
    "date_type": _wanted("a day such as 2026-12-01"),
    "date_parsing": _wanted("a day such as 2026-12-01"),
    "date_from_datetime_parsing": _wanted("a day such as 2026-12-01"),
    "date_from_datetime_inexact": _wanted("a day such as 2026-12-01"),
    "tuple_type": _wanted("a list"),
    "list_type": _wanted("a list"),
    "dict_type": _wanted("a map of keys and values"),
    "model_type": _wanted("a map of keys and values"),
    "model_attributes_type": _wanted("a map of keys and values"),
    "literal_error": lambda d, c: f"must be {c['expected']}, is {quoted(d['input'])}",
    "enum": lambda d, c: f"must be {c['expected']}, is {quoted(d['input'])}",
    "too_short": lambda _, c: f"must have at least {_count(c, 'min_length', 'entry', 'entries')}",
    "too_long": lambda _, c: f"must have at most {_count(c, 'max_length', 'entry', 'entries')}",
    "string_too_short": lambda _, c: (
        f"must have at least {_count(c, 'min_length', 'character', 'characters')}"
    ),
    "string_too_long": lambda _, c: (
        f"must have at most {_count(c, 'max_length', 'character', 'characters')}"
    ),
    "string_pattern_mismatch": lambda d, c: (
        f"{quoted(d['input'])} does not have the form {c['pattern']}"
    ),
    "greater_than_equal": lambda d, c: f"must be at least {c['ge']}, is {quoted(d['input'])}",
    "less_than_equal": lambda d, c: f"must be at most {c['le']}, is {quoted(d['input'])}",
    "value_error": lambda _, c: str(c["error"]),
}
"""By pydantic's error type; what is not here is said in pydantic's words."""
