"""A row of the table, as shipped or as policy adds it: what a tool prints and what that means."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from policy.rules.failures import FailureClass
from policy.signs.pattern import fault_of
from policy.value import Value

Recognised = Literal[
    FailureClass.SYNTAX_ERROR,
    FailureClass.LINT_ERROR,
    FailureClass.TYPE_ERROR,
    FailureClass.BUILD_ERROR,
    FailureClass.TEST_FAILURE,
    FailureClass.DEPENDENCY_ERROR,
    FailureClass.ENVIRONMENT_ERROR,
    FailureClass.TOOL_MISSING,
    FailureClass.RESOURCE_EXHAUSTED,
    FailureClass.RATE_LIMITED,
    FailureClass.PROVIDER_ERROR,
    FailureClass.CONTEXT_OVERFLOW,
]
"""The classes text can be a sign of. Every other is the daemon's own finding and never read."""
Stage = Literal["builder", "gate"]
Where = Literal["anywhere", "end", "last"]
Exit = Annotated[int, Field(ge=0, le=255)]


class Signature(Value):
    """One kind of failure of one tool. Rows are tried in order; the first that matches counts."""

    tool: str = Field(min_length=1, max_length=40)
    """Whose line it is: shown beside the class."""
    line: str | None = Field(default=None, min_length=1, max_length=200)
    """One whole printed line: `*` is any text, `{n}` a number, `{name}` a word; all else is itself.
    Left out, the exit alone says it."""
    failure: Recognised = Field(alias="class")
    """What such a line means."""
    stages: tuple[Stage, ...] = Field(default=("gate",), min_length=1)
    """Whose output it is looked for in. Of a builder's no more than the end is read: what an
    agent quotes while it works says nothing of why it stopped."""
    where: Where = "anywhere"
    """end: only among the last `classify.end_lines` lines, where a tool says why it stops. last:
    only the very last one. Lines with nothing in them do not count."""
    exits: tuple[Exit, ...] = ()
    """Only where the command exited so; empty is any exit."""
    why: str = Field(default="", max_length=200)
    """Why such a line means that."""

    model_config = ConfigDict(populate_by_name=True)

    @field_validator("line")
    @classmethod
    def _is_a_pattern(cls, line: str | None) -> str | None:
        fault = None if line is None else fault_of(line)
        if fault is not None:
            raise ValueError(fault)
        return line

    @model_validator(mode="after")
    def _says_something(self) -> "Signature":
        if self.line is None and not self.exits:
            raise ValueError("a rule needs `line`, `exits` or both: it would match anything")
        if self.line is None and 0 in self.exits:
            raise ValueError("exit 0 alone is a sign of nothing; add `line`")
        return self


class Classify(Value):
    """How output is read for what went wrong (docs/classification.md)."""

    rules: tuple[Signature, ...]
    """The repository's own rows, tried before those that are shipped."""
    line_chars: Annotated[int, Field(ge=40, le=10_000)]
    """Of a line no more is looked at."""
    end_lines: Annotated[int, Field(ge=1, le=1000)]
    """Lines, from the last, that are the end of an output; empty ones do not count."""
    reset_max_s: Annotated[int, Field(ge=1)]
    """Where a provider says when its limit is over, the retry waits for that instead of its
    route's back-off, but never longer than this."""


class Sign(Value):
    """What was recognised. It is a claim of whatever printed it: `policy.signs.belief`."""

    failure: FailureClass = Field(alias="class")
    tool: str
    line: str
    """As it was printed, cut and without control characters; empty where the exit alone said it."""
    name: str = ""
    """What the pattern's `{name}` stood for."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    @property
    def said(self) -> str:
        return f"{self.tool}: {self.line}" if self.line else self.tool
