"""What selection needs to know of a mission that ended, taken from its summary."""

from datetime import datetime

from policy.backlog.scene import Closing
from policy.documents.summary import Summary


def closing_of(summary: Summary) -> Closing | None:
    """Return how the mission ended, None where it has not ended."""
    match summary.outcome:
        case "PASS" | "BLOCKED" | "CANCELLED" as outcome:
            pass
        case "ESCALATION_REQUESTED" | "WAIVER_REQUESTED" | "APPROVAL_REQUESTED" | None:
            return None
    if summary.reason is None:
        return None
    return Closing(
        mission=summary.id,
        outcome=outcome,
        reason=summary.reason,
        origin=summary.origin,
        spec=summary.spec_hash,
        policy=summary.policy,
        at=datetime.fromisoformat(summary.at),
    )
