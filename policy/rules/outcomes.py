"""How a mission ends or waits, and why: closed sets, and the reason each failure class gives."""

from enum import StrEnum
from typing import Literal

from policy.rules.failures import FailureClass

Ended = Literal["PASS", "BLOCKED", "CANCELLED"]
Asked = Literal["ESCALATION_REQUESTED", "WAIVER_REQUESTED", "APPROVAL_REQUESTED"]
Outcome = Literal[
    "PASS", "BLOCKED", "CANCELLED",
    "ESCALATION_REQUESTED", "WAIVER_REQUESTED", "APPROVAL_REQUESTED",
]  # fmt: skip


class Reason(StrEnum):
    LANDED = "landed"
    ALREADY_SATISFIED = "already_satisfied"
    NO_CHANGES = "no_changes"
    TESTS_FAILED = "tests_failed"
    TESTS_WEAKENED = "tests_weakened"
    REGRESSION = "regression"
    SCOPE_VIOLATION = "scope_violation"
    PROTECTED_PATH = "protected_path"
    GATE_FAILED = "gate_failed"
    GATE_BROKEN = "gate_broken"
    MERGE_CONFLICT = "merge_conflict"
    NO_PROGRESS = "no_progress"
    OSCILLATION = "oscillation"
    BUDGET_EXHAUSTED = "budget_exhausted"
    BUILDER_FAILED = "builder_failed"
    WORKSPACE_REJECTED = "workspace_rejected"
    REJECTED_BY_PERSON = "rejected_by_person"
    REVIEW_REJECTED = "review_rejected"
    ALREADY_GREEN = "already_green"
    BY_PERSON = "by_person"
    ITEM_REMOVED = "item_removed"
    ITEM_CHANGED = "item_changed"
    APPROVAL_MISSING = "approval_missing"
    PAUSE_POINT = "pause_point"
    CHECKPOINT = "checkpoint"


Stage = Literal["builder", "gate"]
"""Which half of the mission a failure came from; the same class may end it differently."""


def reason_for(failure: FailureClass, stage: Stage) -> Reason:
    """Return why a mission that this failure ends is blocked."""
    named = _NAMED.get(failure)
    if named is not None:
        return named
    if stage == "builder":
        return Reason.BUILDER_FAILED
    return Reason.GATE_BROKEN if failure in _SILENCES_A_GATE else Reason.GATE_FAILED


_NAMED: dict[FailureClass, Reason] = {
    FailureClass.NO_CHANGES: Reason.NO_CHANGES,
    FailureClass.TEST_FAILURE: Reason.TESTS_FAILED,
    FailureClass.TEST_TAMPERING: Reason.TESTS_WEAKENED,
    # new tests that hold without the change prove nothing: what they replaced proved more
    FailureClass.TEST_NOT_RED: Reason.TESTS_WEAKENED,
    FailureClass.REGRESSION: Reason.REGRESSION,
    FailureClass.SCOPE_VIOLATION: Reason.SCOPE_VIOLATION,
    FailureClass.PROTECTED_PATH: Reason.PROTECTED_PATH,
    FailureClass.MERGE_CONFLICT: Reason.MERGE_CONFLICT,
    FailureClass.ALREADY_GREEN: Reason.ALREADY_GREEN,
    FailureClass.VALIDATION_ERROR: Reason.WORKSPACE_REJECTED,
    FailureClass.REVIEW_REJECTION: Reason.REVIEW_REJECTED,
    FailureClass.TEST_TIMEOUT: Reason.GATE_BROKEN,
    FailureClass.ENVIRONMENT_ERROR: Reason.GATE_BROKEN,
    FailureClass.SANDBOX_UNAVAILABLE: Reason.GATE_BROKEN,
}
_SILENCES_A_GATE = {
    FailureClass.TOOL_MISSING,
    FailureClass.DEPENDENCY_ERROR,
    FailureClass.RESOURCE_EXHAUSTED,
}
