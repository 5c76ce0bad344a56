"""Words an item is written in: ids, paths, globs, commands. Each refuses in a sentence.

A field's pattern stands in its JSON Schema too, for editors; the sentence is what people read.
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from policy.gates.cases import case_id
from policy.paths import fault_of_glob, fault_of_path
from policy.value import Value

ID_PATTERN = r"^[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*$"
_ID = re.compile(ID_PATTERN.removeprefix("^").removesuffix("$"))
_ID_LENGTH = 64
_ID_WORDS = "letters and digits with a single . _ or - between them"
_TITLE_LENGTH = 120


EMPTY = "is empty; at least one entry is needed"
_Entry = TypeVar("_Entry")
_Checked = TypeVar("_Checked", str, tuple[str, ...])


class Written(Value):
    """A part of an item: its fields' docstrings are the descriptions of its JSON Schema.

    The command `schema` reads them from the source; pydantic would, at each start of anything.
    """


def fault_of_id(text: str) -> str | None:
    """Return why *text* cannot be an item's id, and so a part of ref and file names, or None."""
    if not _ID.fullmatch(text):
        return f"{text!a} is not an id: {_ID_WORDS}"
    if len(text) > _ID_LENGTH:
        return f"{text} has {len(text)} characters, {_ID_LENGTH} are allowed"
    if text.lower().endswith(".lock"):
        return f"{text}: git keeps names that end in .lock for itself"
    return None


def _fault_of_title(text: str) -> str | None:
    if not text.strip() or text != text.strip() or "\n" in text:
        return "must be one line of text without spaces around it"
    if len(text) > _TITLE_LENGTH:
        return f"has {len(text)} characters, {_TITLE_LENGTH} are allowed"
    return None


def _fault_of_text(text: str) -> str | None:
    return None if text.strip() else "says nothing"


def _fault_of_line(text: str) -> str | None:
    return _fault_of_text(text) or ("must be one line" if "\n" in text.strip() else None)


def _fault_of_folder(text: str) -> str | None:
    return None if text == "." else fault_of_path(text)


def _fault_of_argv(argv: tuple[str, ...]) -> str | None:
    if not argv:
        return EMPTY
    return None if argv[0].strip() else "its first word, the program, is empty"


def _filled(entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
    if not entries:
        raise ValueError(EMPTY)
    return entries


def _test_id(text: str) -> str:
    name = case_id(text)
    if "::" not in text or not name.rpartition("::")[2]:
        raise ValueError(f"{text!a} is not a test id: classname::name, or a pytest node id")
    return name


def _worded(fault_of: Callable[[_Checked], str | None]) -> AfterValidator:
    def validate(value: _Checked) -> _Checked:
        fault = fault_of(value)
        if fault is not None:
            raise ValueError(fault)
        return value

    return AfterValidator(validate)


Id = Annotated[
    str,
    _worded(fault_of_id),
    Field(json_schema_extra={"pattern": ID_PATTERN, "maxLength": _ID_LENGTH}),
]
Title = Annotated[
    str,
    _worded(_fault_of_title),
    Field(json_schema_extra={"minLength": 1, "maxLength": _TITLE_LENGTH}),
]
Text = Annotated[str, _worded(_fault_of_text), Field(json_schema_extra={"minLength": 1})]
Line = Annotated[str, _worded(_fault_of_line), Field(json_schema_extra={"minLength": 1})]
RepoPath = Annotated[str, _worded(fault_of_path), Field(json_schema_extra={"minLength": 1})]
Folder = Annotated[str, _worded(_fault_of_folder), Field(json_schema_extra={"minLength": 1})]
Glob = Annotated[str, _worded(fault_of_glob), Field(json_schema_extra={"minLength": 1})]
Argv = Annotated[tuple[str, ...], _worded(_fault_of_argv), Field(json_schema_extra={"minItems": 1})]
"""A command as the words it consists of; no shell reads them."""
TestId = Annotated[str, AfterValidator(_test_id)]
"""`classname::name`; a pytest node id is turned into it."""
Filled = (AfterValidator(_filled), Field(json_schema_extra={"minItems": 1}))
"""Not `min_length`: that counts the good entries only, and would blame a list of bad ones twice."""
