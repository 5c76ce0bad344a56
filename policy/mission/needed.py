"""The approvals a mission needs to go on from where it is, as what is asked of a person."""

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
from policy.mission.wanted import Changed, Moment, Wanted, wanted
from policy.people.needs import Approving, AtCheckpoint, ToLand, ToOpen
from policy.rules.model import Policy


def moment(mission: Mission) -> Moment | None:
    """Return the moment at which *mission* may need an approval; None where it needs none."""
    match mission:
        case Opened():
            return None if mission.history.attempts else "open"
        case Proposed():
            return "build"
        case Judged():
            return "land"
        case Building() | Built() | Failed() | Waiting() | Landing():
            return None
        case OnTarget() | Settled() | Reverting() | Closed():
            return None


def needed(
    mission: Mission, item: BacklogItem, policy: Policy, change: Changed | None
) -> tuple[Approving, ...]:
    """Return what has to be approved before the mission leaves the state it is in."""
    at = moment(mission)
    if at is None:
        return ()
    needs = tuple(_need(at, one) for one in wanted(item, policy, at, change))
    if at == "land":  # what a stage made lands only while it is approved still
        needs = (*(_need("build", one) for one in wanted(item, policy, "build", change)), *needs)
    return needs


def _need(at: Moment, one: Wanted) -> Approving:
    match at:
        case "open":
            return ToOpen(name=one.name, role=one.role)
        case "land":
            return ToLand(name=one.name, role=one.role)
        case (
            "design" | "design-review" | "questions" | "plan" | "plan-review" | "build"
            | "build-review" | "docs"
        ):  # fmt: skip
            return AtCheckpoint(name=one.name, role=one.role)
