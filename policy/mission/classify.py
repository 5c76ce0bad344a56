"""What went wrong, as a class: of an attempt by how it ended, of a judgement by what barred it."""

import signal
from typing import Literal

from policy.bus.result import Ending, Exited, Killed, NotStarted, Refused, Stopped, Taken, TimedOut
from policy.canonical import digest
from policy.change import NO_CHANGE
from policy.gates.verdict import Broken, Failed, Passed, Record
from policy.mission.facts import FailureClassified
from policy.mission.states import Attempt
from policy.rules.failures import FailureClass
from policy.rules.model import Policy
from policy.rules.outcomes import Stage
from policy.signs.belief import not_the_items, word_of_a_builder
from policy.signs.signature import Sign

_SPOKEN_OF = {FailureClass.BUILD_ERROR, FailureClass.TIMEOUT, FailureClass.NO_CHANGES}
"""Endings a builder's last words can be the reason of."""
InterruptionCause = Literal["daemon_stopped", "builder_killed"]


def interruption_of(ending: Ending) -> InterruptionCause | None:
    """Return why a run says nothing of the work, or None where its ending does.

    A SIGKILL that was not ours is somebody's `kill -9` or the kernel's out-of-memory killer: it is
    not charged, but policy limits how often it may happen (DESIGN 4.4).
    """
    match ending:
        case Stopped():
            return "daemon_stopped"
        case Killed(signal=signal.SIGKILL):
            return "builder_killed"
        case Exited() | Killed() | TimedOut() | NotStarted():
            return None


def failure_of_attempt(attempt: Attempt, policy: Policy) -> FailureClassified | None:
    """Return the failure an attempt ended in, None where it left a change to be judged."""
    found = _ended_badly(attempt.ended.ending) or _left_nothing(attempt)
    if found is None:
        return None
    failure, why = _with_sign(*found, attempt.ended.sign, policy)
    return _classified(policy, attempt, failure, stage="builder", why=why)


def failure_of_gates(
    attempt: Attempt, barring: tuple[Record, ...], policy: Policy
) -> FailureClassified:
    """Return the failure of a barred candidate: that of the first gate that barred it."""
    first = barring[0]
    match first.verdict:
        case Failed() | Broken() as verdict:
            why = f"gate {first.gate}: {verdict.why}"
            return _classified(
                policy, attempt, verdict.failure, stage="gate", why=why, evidence=first.new
            )
        case Passed():
            raise ValueError(f"gate {first.gate} passed and bars nothing")


def _ended_badly(ending: Ending) -> tuple[FailureClass, str] | None:
    match ending:
        case Exited(code=0):
            return None
        case Exited(code=code):
            return FailureClass.BUILD_ERROR, f"the builder exited {code}"
        case Killed(signal=number):
            return FailureClass.BUILD_ERROR, f"the builder was killed by signal {number}"
        case TimedOut(limit=limit, seconds=seconds):
            return FailureClass.TIMEOUT, f"the builder ran into its {limit} limit of {seconds:g} s"
        case NotStarted(cause="tool_missing", why=why):
            return FailureClass.TOOL_MISSING, why
        case NotStarted(why=why):
            return FailureClass.SANDBOX_UNAVAILABLE, why
        case Stopped():
            return FailureClass.UNKNOWN, "the builder was stopped by the daemon"


def _with_sign(
    failure: FailureClass, why: str, sign: Sign | None, policy: Policy
) -> tuple[FailureClass, str]:
    """Return what the builder's own words make of its ending, if they may be taken for it."""
    if sign is None or failure not in _SPOKEN_OF:
        return failure, why
    explains = failure == FailureClass.BUILD_ERROR or not_the_items(sign, policy.failures)
    if explains and word_of_a_builder(sign, policy.failures):
        return sign.failure, f"{why}: {sign.said}"
    return failure, f"{why}; it printed {sign.said}"


def _left_nothing(attempt: Attempt) -> tuple[FailureClass, str] | None:
    match attempt.ended.snapshot:
        case Refused(reason=reason, path=path, why=why):
            return (
                FailureClass.VALIDATION_ERROR,
                f"the work tree is refused: {reason} {path}: {why}",
            )
        case Taken():
            if attempt.ended.change == NO_CHANGE:
                return FailureClass.NO_CHANGES, "the builder ended well and changed nothing"
            return None


def _classified(
    policy: Policy,
    attempt: Attempt,
    failure: FailureClass,
    *,
    stage: Stage,
    why: str,
    evidence: tuple[str, ...] = (),
) -> FailureClassified:
    return FailureClassified(
        n=attempt.started.n,
        failure=failure,
        origin=policy.failures[failure].origin,
        stage=stage,
        why=why,
        digest=digest([failure, *sorted(evidence)]),
    )
