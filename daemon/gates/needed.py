"""Which gates a mission needs where it is: of its candidate, or of the target it has landed on."""

from dataclasses import dataclass

from policy.backlog.item import BacklogItem
from policy.gates.definition import after_landing, defined, for_repair, required
from policy.ids import ChangeId, CommitId, Digest, GateName
from policy.mission.states import Judged, Mission, OnTarget, Proposed, Settled
from policy.people.standing import asking
from policy.rules.model import Policy


@dataclass(frozen=True)
class Seen:
    """The target's tip, and whether the mission's item is *done* there."""

    tip: CommitId
    done: bool


def required_of(mission: Mission, item: BacklogItem, policy: Policy) -> tuple[GateName, ...]:
    """Return the gates the mission's candidate needs, in judging order."""
    change: ChangeId | None = None
    if isinstance(mission, Proposed | Judged):
        change = mission.candidate.change
    if mission.history.repairing is not None:
        return for_repair(item, policy, change)
    return required(item, policy, change)


def after_of(
    mission: Mission, item: BacklogItem, policy: Policy, seen: Seen
) -> tuple[tuple[GateName, Digest], ...]:
    """Return what judges the target at the commit that is looked at next."""
    if not isinstance(mission, OnTarget | Settled):
        return ()
    commit = mission.commit if isinstance(mission, OnTarget) else seen.tip
    gates = after_landing(
        item,
        policy,
        mission.grounds.candidate.change,
        landing=commit == mission.grounds.landed.commit,
        done=seen.done,
    )
    return tuple(defined(gates, item, policy).items())


def voided(mission: Mission, item: BacklogItem, named: Policy, policy: Policy) -> bool:
    """Return whether a gate that people say the known failures of was another when it judged."""
    gates = asking(named)
    if not gates or not isinstance(mission, Judged):
        return False
    now = defined(gates, item, policy)
    return any(
        one.definition != now.get(one.gate, one.definition) for one in mission.judged.records
    )
