"""Conditions: what must be so, or must not, before an item may run. Prose is not accepted.

A condition never looks at anything itself: it is observed elsewhere, per target tree, and selection
reads the answer as a value under the condition's canonical name.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from policy.backlog.words import Argv, Id, RepoPath, Written
from policy.canonical import canonical

Answer = Literal["holds", "does_not_hold", "broken"]
"""broken: it could not be observed; counts as an obstacle whichever way it is asked."""


class ItemDone(Written):
    item_done: Id
    """The item's status on the target is done."""


class PathExists(Written):
    path_exists: RepoPath
    """The target has this file or folder."""


class PathAbsent(Written):
    path_absent: RepoPath
    """The target has no such file or folder."""


class Check(Written):
    check: Argv
    """A command that exits with 0, run in the sandbox on the target's tree."""


class After(Written):
    after: date
    """Today (UTC) is later than this day: it holds from the next day on."""


class Approved(Written):
    approved: Id
    """A person's approval for this item is on the target."""


Condition = ItemDone | PathExists | PathAbsent | Check | After | Approved

_FORMS = {next(iter(form.model_fields)): form for form in (
    ItemDone, PathExists, PathAbsent, Check, After, Approved
)}  # fmt: skip


def _form(value: object) -> str | None:
    if isinstance(value, dict):
        return f"<{next(iter(value))}>" if len(value) == 1 and next(iter(value)) in _FORMS else None
    return next((f"<{key}>" for key, form in _FORMS.items() if isinstance(value, form)), None)


AnyCondition = Annotated[
    Annotated[ItemDone, Tag("<item_done>")]
    | Annotated[PathExists, Tag("<path_exists>")]
    | Annotated[PathAbsent, Tag("<path_absent>")]
    | Annotated[Check, Tag("<check>")]
    | Annotated[After, Tag("<after>")]
    | Annotated[Approved, Tag("<approved>")],
    Discriminator(
        _form,
        custom_error_type="condition",
        custom_error_message=(
            "must be one of {item_done: ID}, {path_exists: PATH}, {path_absent: PATH}, "
            "{check: [argv]}, {after: DATE}, {approved: ID}"
        ),
    ),
]
"""What a parser is given; `Condition` is what `match` is given."""


def name_of(condition: Condition) -> str:
    """Return the canonical JSON of *condition*: its name in answers and in records."""
    return canonical(condition.model_dump(mode="json")).decode()


def said(condition: Condition) -> str:
    """Return *condition* as it is written in an item."""
    match condition:
        case ItemDone(item_done=item):
            return f"item_done: {item}"
        case PathExists(path_exists=path):
            return f"path_exists: {path}"
        case PathAbsent(path_absent=path):
            return f"path_absent: {path}"
        case Check(check=argv):
            return f"check: {' '.join(argv)}"
        case After(after=day):
            return f"after: {day}"
        case Approved(approved=item):
            return f"approved: {item}"
