"""A verification: a command, and what must come of it. The gates `tests` and `done` are made of it.

A timeout, a signal, a program that is not there or a missing report satisfy no expectation, not
even `exit_nonzero` (DESIGN 5.1).
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from policy.backlog.words import Argv, Folder, TestId, Text, Written

REPORT = "{report}"
"""In a command: a fresh path outside the work tree."""


class Contains(Written):
    contains: Text
    """Must be in what was printed, whatever the exit code."""


class NotContains(Written):
    not_contains: Text
    """Must be nowhere in what was printed, and the exit code must be 0."""


def _form(value: object) -> str | None:
    if isinstance(value, str):
        return "<exit>"
    if isinstance(value, Contains) or (isinstance(value, dict) and [*value] == ["contains"]):
        return "<contains>"
    if isinstance(value, NotContains) or (isinstance(value, dict) and [*value] == ["not_contains"]):
        return "<not_contains>"
    return None


Expectation = Annotated[
    Annotated[Literal["exit_0", "exit_nonzero"], Tag("<exit>")]
    | Annotated[Contains, Tag("<contains>")]
    | Annotated[NotContains, Tag("<not_contains>")],
    Discriminator(
        _form,
        custom_error_type="expectation",
        custom_error_message=(
            "must be exit_0, exit_nonzero, {contains: text} or {not_contains: text}"
        ),
    ),
]


class Verification(Written):
    run: Argv
    """The command as a list of words; no shell reads it. `{report}` is a fresh path."""
    expect: Expectation = "exit_0"
    """What satisfies it: exit_0, exit_nonzero, {contains: text} or {not_contains: text}."""
    timeout_s: Annotated[int, Field(ge=1)] | None = None
    """Seconds; policy's limit for gates where it is left out, and never more than that."""
    report: Literal["none", "junit"] = "none"
    """junit: the command writes a JUnit file to `{report}`, and without one it is not satisfied."""
    must_report: tuple[TestId, ...] = ()
    """Tests that must be in the report and pass: `classname::name` or a pytest node id."""
    min_tests: Annotated[int, Field(ge=0)] = 0
    """At least so many tests must run; never fewer than one where there is a report."""
    blocking: bool = True
    """false: it is run and recorded, and bars nothing."""
    cwd: Folder = "."
    """Folder to run in, from the top of the repository."""

    @model_validator(mode="after")
    def _report_is_there_for_what_reads_it(self) -> "Verification":
        if self.report == "none" and (self.must_report or self.min_tests):
            raise ValueError("must_report and min_tests read a report: add `report: junit`")
        written = any(REPORT in word for word in self.run)
        if self.report == "junit" and not written:
            raise ValueError(f"`report: junit` needs {REPORT} among the words of run")
        if self.report == "none" and written:
            raise ValueError(f"{REPORT} in run needs `report: junit`")
        return self
