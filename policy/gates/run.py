"""What a process that a gate ran lets us hear: an end of its own, or nothing at all.

    exit                          a `Run`: to be weighed against what was expected
    crash (a signal of its own)   failed: the candidate's code died
    kill, timeout, not started,   broken: says nothing of the candidate
    denied
    stopped by us                 interrupted: no verdict at all, the gate runs again

None of the last four ever satisfies an expectation, whatever was printed before (DESIGN 5.1).
"""

import signal
from typing import Annotated, Literal

from pydantic import Field

from policy.bus.result import (
    Denied,
    EngineResult,
    Exited,
    Killed,
    NotStarted,
    Output,
    Stopped,
    TimedOut,
)
from policy.gates.reports import Reading, Report, Unreadable, read_report
from policy.gates.verdict import Broken, Failed
from policy.rules.failures import FailureClass
from policy.value import Value

_TAKEN_AWAY = {signal.SIGKILL, signal.SIGXCPU, signal.SIGXFSZ}
"""Signals a limit sends: the kernel's out-of-memory killer, an rlimit."""

_DENIALS = {
    "G-SCHEMA": FailureClass.VALIDATION_ERROR,
    "G-CAP": FailureClass.VALIDATION_ERROR,
    "G-INTEGRITY": FailureClass.ENVIRONMENT_ERROR,
    "G-BUDGET": FailureClass.RESOURCE_EXHAUSTED,
    "G-PROVENANCE": FailureClass.ENVIRONMENT_ERROR,
    "G-DET": FailureClass.ENVIRONMENT_ERROR,
    "G-ISOLATION": FailureClass.SANDBOX_UNAVAILABLE,
}


class Run(Value):
    """A process that came to its own end."""

    kind: Literal["run"] = "run"
    code: int
    output: Output
    reading: Reading | None
    """None where no report was asked for."""

    @property
    def report(self) -> Report | None:
        """The report, where there is one that can be believed."""
        match self.reading:
            case Report() as report:
                return report
            case Unreadable() | None:
                return None


class Interrupted(Value):
    """Stopped by the daemon itself."""

    kind: Literal["interrupted"] = "interrupted"


Heard = Annotated[Run | Failed | Broken | Interrupted, Field(discriminator="kind")]


def hear(result: EngineResult, *, report: Literal["none", "junit"]) -> Heard:
    """Return what *result* lets us hear, with its report read if one was asked for."""
    if isinstance(result, Denied):
        return Broken(failure=_DENIALS[result.check], why=f"{result.check}: {result.why}")
    match result.ending:
        case Exited(code=code):
            reading = read_report(result.report) if report == "junit" else None
            return Run(code=code, output=result.output, reading=reading)
        case Killed(signal=number) if number in _TAKEN_AWAY:
            return Broken(
                failure=FailureClass.RESOURCE_EXHAUSTED,
                why=f"killed by signal {number}: out of memory, or over a limit",
            )
        case Killed(signal=number):
            return Failed(failure=FailureClass.TEST_FAILURE, why=f"crashed: signal {number}")
        case TimedOut(limit=limit, seconds=seconds):
            return Broken(
                failure=FailureClass.TEST_TIMEOUT,
                why=f"ran into its {limit} limit of {seconds:g} s",
            )
        case NotStarted(cause="tool_missing", why=why):
            return Broken(failure=FailureClass.TOOL_MISSING, why=why)
        case NotStarted(why=why):
            return Broken(failure=FailureClass.SANDBOX_UNAVAILABLE, why=why)
        case Stopped():
            return Interrupted()
