"""The approvals a mission needs to go on from where it is: of its item, and of the policy."""

from policy.backlog.item import BacklogItem
from policy.mission.states import (
    Building,
    Built,
    Closed,
    Failed,
    Judged,
    Landing,
    Mission,
    OnTarget,
    Opened,
    Proposed,
    Reverting,
    Settled,
    Waiting,
)
from policy.people.needs import Approving, ToLand


def needed(mission: Mission, item: BacklogItem) -> tuple[Approving, ...]:
    """Return what has to be approved before the mission leaves the state it is in."""
    match mission:
        case Judged():
            return (ToLand(name="requires_approval"),) if item.requires_approval else ()
        case Opened() | Building() | Built() | Proposed() | Failed() | Waiting():
            return ()
        case Landing() | OnTarget() | Settled() | Reverting() | Closed():
            return ()
