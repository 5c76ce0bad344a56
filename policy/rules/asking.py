"""Where a person decides: checkpoints and approvals, and for which items and changes.

What is left out of a `when` matches everything. Before there is a change its paths are those the
item may write, and it has no size yet.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from policy.paths import fault_of_glob
from policy.people.roles import Role
from policy.rules.words import Kind, Name, Risk, StageName
from policy.value import Value

ALL_RISKS: tuple[Risk, ...] = ("low", "medium", "high")
ALL_KINDS: tuple[Kind, ...] = ("build", "content", "hygiene", "integration", "proposal")


class When(Value):
    """A filter on items: absent keys match everything."""

    risk: tuple[Risk, ...] = ALL_RISKS
    """Risks it is for."""
    kind: tuple[Kind, ...] = ALL_KINDS
    """Kinds it is for."""


class WhenChanged(When):
    """A filter on items and on what they change."""

    paths: tuple[str, ...] = ()
    """Globs; one changed path that matches is enough. None: whatever the paths."""
    diff_lines: Annotated[int, Field(ge=0)] = 0
    """Changes of at least so many lines, added and deleted."""

    @field_validator("paths")
    @classmethod
    def _are_globs(cls, globs: tuple[str, ...]) -> tuple[str, ...]:
        for glob in globs:
            fault = fault_of_glob(glob)
            if fault is not None:
                raise ValueError(fault)
        return globs


class Checkpoint(Value):
    """A pause after a stage: the mission waits, and only a permission resumes it."""

    name: Name
    """What the request is called."""
    after: StageName
    """The stage."""
    when: WhenChanged = WhenChanged()
    """Which items and changes."""


class Approval(Value):
    """A person's yes, of a key with *role*.

    *at*: `open`, before the first attempt; a stage, of what it made; `land`, after all gates.
    """

    at: Literal["open", "land"] | StageName
    """open: before the first attempt. A stage: of what it made. land: after all gates."""
    role: Role
    """Whose yes it takes."""
    when: WhenChanged = WhenChanged()
    """Which items and changes."""
