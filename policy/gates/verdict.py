"""What a gate said of a candidate: passed, failed, or could not say.

A verdict has three values, never two: a gate that could not run, timed out or left no report is
`Broken`, and broken is not passed.
"""

from typing import Annotated, Literal

from pydantic import Field

from policy.ids import Digest, GateName
from policy.rules.failures import FailureClass
from policy.value import Value


class Passed(Value):
    kind: Literal["passed"] = "passed"


class Failed(Value):
    """The candidate is wrong, and *why* says how, for a person."""

    kind: Literal["failed"] = "failed"
    failure: FailureClass
    why: str


class Broken(Value):
    """The gate said nothing about the candidate: it could not run or left no readable answer."""

    kind: Literal["broken"] = "broken"
    failure: FailureClass
    why: str


Verdict = Annotated[Passed | Failed | Broken, Field(discriminator="kind")]


class Counts(Value):
    """Of tests, or of whatever the gate counts (paths, findings). All zero: it counts nothing."""

    ran: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0


class Record(Value):
    """A gate's verdict on one product in one environment, as the fact `gates-judged` holds it.

    *new*: test ids (or paths) that bar; *known*: failures that were known before and do not.
    *report* is the path of the evidence in the dossier, empty if the gate leaves none.
    """

    gate: GateName
    definition: Digest
    verdict: Verdict
    counts: Counts = Counts()
    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    report: str = ""
    source: Literal["ran", "adopted"] = "ran"
