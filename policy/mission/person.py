"""What is asked of a person, and what is done about their answers: decided from values alone.

A decision that was valid when it was given may not be so now: it was taken back, its key is gone,
the work is another. So a landing asks for what holds at the tip it is built on, and what does not
hold is asked for anew.
"""

from collections.abc import Iterator

from policy.gates.cases import case_id
from policy.ids import BlobId, GateName
from policy.mission.actions import Action, Answer, Ask, Close, Notice, Rest, Withdraw
from policy.mission.facts import Candidate, MissionClosed
from policy.mission.persons import (
    Decision,
    PermissionsSeen,
    PersonAnswered,
    PersonAsked,
    RequestWithdrawn,
)
from policy.mission.states import Failed, History, Judged, Opened, Proposed, Waiting
from policy.mission.totals import totals
from policy.mission.world import World
from policy.people.needs import AnyNeed, Approving, AtCheckpoint, AtLimit, ToWaive, answering
from policy.people.roles import NEVER_WAIVED
from policy.rules.model import Policy
from policy.rules.outcomes import Asked, Reason

Asking = Opened | Proposed | Judged | Failed
_PRECEDENCE = ("abort", "rejection", "approval", "waiver", "grant", "resume")
"""Where people answer differently at once, the one that ends it counts."""


def ask(state: Asking, need: AnyNeed, outcome: Asked, reason: Reason, why: str) -> Ask:
    """Return the request, numbered over the mission."""
    history, shown = state.history, _shown(state)
    return Ask(
        asked=PersonAsked(
            request=f"requests/{history.requests + 1}.yaml",
            need=need,
            outcome=outcome,
            reason=reason,
            why=why,
            attempt=len(history.attempts),
            base=history.opened.base if shown is None else shown.base,
            change=None if shown is None else shown.change,
            product=None if shown is None else shown.product,
        )
    )


def _shown(state: Asking) -> Candidate | None:
    match state:
        case Proposed() | Judged():
            return state.candidate
        case Failed(barred=barred) if barred is not None:
            return barred.candidate
        case Opened() | Failed():
            return None


def at_limit(state: Asking, limit: str, reason: Reason, why: str) -> Ask:
    """Return the request at a limit: the end of what the mission may do by itself."""
    return ask(state, AtLimit(limit=limit), "ESCALATION_REQUESTED", reason, why)


def missing(state: Opened | Proposed | Judged, world: World) -> Action | None:
    """Return the request for the first approval that is not there, None where all hold."""
    for need in world.said.needs:
        if _given(state.history, need, world) is None:
            checkpoint = isinstance(need, AtCheckpoint)
            reason = Reason.CHECKPOINT if checkpoint else Reason.APPROVAL_MISSING
            return unsure(world) or ask(state, need, "APPROVAL_REQUESTED", reason, _why(need))
    return None


def unsure(world: World) -> Rest | None:
    """Return why to wait rather than to ask: what was decided may well hold."""
    doubt = world.said.doubt
    return None if doubt is None else Rest(reason="frozen", why=doubt)


def _why(need: Approving) -> str:
    what = {"open": "it is begun", "checkpoint": "it goes on", "land": "it lands"}[need.kind]
    return f"{need.name}: somebody with the role {need.role} has to approve it before {what}"


def waived(history: History, world: World) -> tuple[GateName, ...]:
    """Return the gates that hold no more, by permissions that do."""
    return tuple(
        gate
        for one in history.decisions
        if one.answered.permission in world.said.holding and one.answered.answer == "waiver"
        for gate in one.answered.gates
    )


def rests_on(state: Judged, world: World) -> tuple[BlobId, ...]:
    """Return the permissions a landing uses: approvals it needs, waivers of what would bar."""
    approvals = (_given(state.history, need, world) for need in world.said.needs)
    bars = {one.gate for one in state.judged.records if one.verdict.kind != "passed"}
    waivers = (
        one
        for one in state.history.decisions
        if one.answered.answer == "waiver"
        and one.answered.permission in world.said.holding
        and bars & set(one.answered.gates)
    )
    found = (*(one for one in approvals if one is not None), *waivers)
    used = [one.answered.permission for one in found]
    return tuple(dict.fromkeys([*used, *_standing(state, world)]))


def _standing(state: Judged, world: World) -> Iterator[BlobId]:
    known = {record.gate: set(record.known) for record in state.judged.records}
    for one in world.said.standing:
        if known.get(one.gate, set()) & set(map(case_id, one.tests)):
            yield one.permission


def _given(history: History, need: Approving, world: World) -> Decision | None:
    found = (
        one
        for one in reversed(history.decisions)
        if one.asked.need == need
        and one.answered.answer == "approval"
        and one.answered.permission in world.said.holding
    )
    return next(found, None)


def waited(state: Waiting, world: World) -> Action:
    """Return what a person's answer leads to; without one, the rest."""
    if state.answered is not None:
        return _ended(state, state.answered)
    if world.said.unseen:
        return Notice(seen=PermissionsSeen(seen=world.said.unseen))
    kinds = answering(state.asked.need)
    mine = [
        one
        for one in world.said.answers
        if one.request == state.asked.request and one.answer in kinds
    ]
    first = min(mine, key=lambda one: (_PRECEDENCE.index(one.answer), one.permission), default=None)
    if first is not None:
        return Answer(answered=first)
    if state.policy != world.policy_digest:
        why = f"the policy is another one since: it was {state.policy[:12]}"
        return Withdraw(withdrawn=RequestWithdrawn(request=state.asked.request, why=why))
    denied = world.said.denied
    return Rest(reason="waiting", why="; ".join((state.asked.why, *denied)), denied=denied)


def _ended(state: Waiting, answered: PersonAnswered) -> Close:
    said = f"{answered.principal or 'somebody'}, in {answered.commit[:12]}"
    match answered.answer:
        case "rejection":
            return Close(
                closed=MissionClosed(
                    outcome="BLOCKED",
                    reason=Reason.REJECTED_BY_PERSON,
                    failure=None,
                    why=f"rejected by {said}",
                    counts=totals(state.history),
                )
            )
        case "abort" | "approval" | "resume" | "grant" | "waiver":
            return Close(
                closed=MissionClosed(
                    outcome="CANCELLED",
                    reason=Reason.BY_PERSON,
                    failure=None,
                    why=f"aborted by {said}",
                    counts=totals(state.history),
                )
            )


def non_waivable(policy: Policy) -> frozenset[GateName]:
    """Return the gates nobody can waive: a command's are waived only where it says so."""
    commands = {gate.name for gate in policy.gates if not gate.waivable}
    return NEVER_WAIVED | set(policy.waivers.non_waivable) | commands


def to_waive(state: Failed, world: World) -> ToWaive | None:
    """Return the waiver that would let what failed go on, None where nothing would."""
    if state.barred is None:
        return None
    past = waived(state.history, world)
    bars = tuple(
        record.gate
        for record in state.barred.judged.records
        if record.verdict.kind != "passed" and record.gate not in past
    )
    if not bars or non_waivable(world.policy) & set(bars):
        return None
    return ToWaive(gates=bars)
