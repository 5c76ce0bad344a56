"""From the bytes of an item's file to the item, or to every problem of the file at once.

The file's name is part of what is read: an item is found by its id without opening every file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from policy.backlog.item import BacklogItem
from policy.ids import ItemId
from policy.problems import Problem, Unreadable, problems_of, quoted
from policy.strictyaml import Document, load

SUFFIX = ".yaml"


@dataclass(frozen=True)
class BadItem:
    """A file of the backlog that is no item, or cannot be one beside the others."""

    path: str
    problems: tuple[Problem, ...]
    name: str = ""
    """Its id, where the path does not tell."""
    entry: int = 0
    """The line it begins at, where it is one of several in its file."""

    @property
    def item(self) -> ItemId:
        """The id it would have, by its name: what `pawl explain` calls it."""
        return ItemId(self.name or stem_of(self.path))

    @property
    def where(self) -> str:
        return where(self.path, self.entry)

    @property
    def line(self) -> int:
        return self.problems[0].line

    def __str__(self) -> str:
        return "; ".join(
            f"{self.path}:{problem.line}: {problem.text}"
            if problem.line
            else f"{self.path}: {problem.text}"
            for problem in self.problems
        )


@dataclass(frozen=True)
class Written:
    """An item as a file has it. *lines*: where each of its top-level keys is."""

    path: str
    item: BacklogItem
    lines: Mapping[str, int]
    entry: int = field(default=0, kw_only=True)
    """The line it begins at, where it is one of several in its file."""
    held: str | None = field(default=None, kw_only=True)
    """Why it is blocked, where its form says that in another way than by `status`."""

    @property
    def where(self) -> str:
        return where(self.path, self.entry)


def where(path: str, entry: int) -> str:
    return f"{path}:{entry}" if entry else path


def parse_item(path: str, content: bytes) -> BacklogItem | BadItem:
    """Return the item in *content*, or every problem of the file."""
    read = read_item(path, content)
    return read.item if isinstance(read, Written) else read


def read_item(path: str, content: bytes) -> Written | BadItem:
    document = load(content)
    if isinstance(document, Unreadable):
        return BadItem(path, document.problems)
    if not isinstance(document.value, dict):
        return BadItem(path, (Problem(1, 0, "an item is a map of keys and values"),))
    try:
        item = BacklogItem.model_validate_json(json.dumps(document.value))
    except ValidationError as error:
        return BadItem(path, (*_misnamed(path, document), *problems_of(error, document.lines)))
    misnamed = _misnamed(path, document)
    if misnamed:
        return BadItem(path, misnamed)
    lines = {str(key[0]): line for key, line in document.lines.items() if len(key) == 1}
    return Written(path, item, lines)


def stem_of(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(SUFFIX)


def _misnamed(path: str, document: Document) -> tuple[Problem, ...]:
    named = document.value.get("id") if isinstance(document.value, dict) else None
    if not isinstance(named, str) or named == stem_of(path):
        return ()
    text = f"id: is {quoted(named)}, the file must then be called {quoted(named + SUFFIX)}"
    return (Problem(document.lines[("id",)], 0, text),)
