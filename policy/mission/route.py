"""What a classified failure leads to: the route its class has in the policy file.

Counted over the mission, not only consecutively, so that two classes cannot alternate for ever
(P-09).
"""

from datetime import datetime

from policy import backoff
from policy.mission.actions import Action, Ask, Close, Rest
from policy.mission.begin import in_vain, next_attempt, over_budget
from policy.mission.facts import MissionClosed, PersonAsked, Totals
from policy.mission.states import Failed, History
from policy.mission.world import World
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Asked, Reason, reason_for
from policy.rules.routes import Route
from policy.signs.resets import reset_of
from policy.signs.signature import Classify


def after_failure(failed: Failed, world: World) -> Action:
    """Return what the failure's route says: try again, wait, ask a person, or end the mission."""
    path = world.policy.failures[failed.failure.failure]
    used = failed.history.count(failed.failure.failure)
    match path.action:
        case "retry":
            if used <= path.limit:
                return _again(failed, world, path, used)
            return _then(failed, path)
        case "escalate":
            return _ask(failed, "ESCALATION_REQUESTED")
        case "waiver":
            return _ask(failed, "WAIVER_REQUESTED")
        case "terminate":
            return blocked(failed, reason_of(failed), failed.failure.why)


def retry_at(failed: Failed, path: Route, used: int, by: Classify) -> datetime:
    """Return when the *used*-th retry may start: when the provider says, else after the back-off.

    The back-off doubles each time.
    """
    told = _reset(failed)
    if told is not None:
        return min(told, backoff.until(failed.at, by.reset_max_s, doubled=0))
    return backoff.until(failed.at, path.backoff_s, doubled=used - 1)


def _reset(failed: Failed) -> datetime | None:
    """Return when the provider's limit is over, where the builder's last words say so."""
    sign = failed.attempt.ended.sign
    if failed.failure.failure is not FailureClass.RATE_LIMITED or sign is None:
        return None
    return reset_of(sign.line, datetime.fromisoformat(failed.at))


def _again(failed: Failed, world: World, path: Route, used: int) -> Action:
    run = next_attempt(failed.history, world)
    if failed.failure.origin == "item" and in_vain(failed.history, run.started, world):
        why = f"{failed.failure.why}; the builder is deterministic and would do the same again"
        return blocked(failed, reason_of(failed), why)
    over = over_budget(failed.history, world)
    if over is not None:
        return _spent(failed, path, f"{over}; last: {failed.failure.why}")
    until = retry_at(failed, path, used, world.policy.classify)
    if world.now < until:
        return Rest(reason="backing_off", why=failed.failure.why, until=until)
    return run


def _spent(failed: Failed, path: Route, why: str) -> Action:
    """Return what a spent budget leads to: not to an end that is tried again for ever.

    An item that was blocked by no fault of its own opens anew after a time.
    """
    if failed.failure.origin != "item" and path.ends_with_a_person:
        return ask(failed.history, "ESCALATION_REQUESTED", Reason.BUDGET_EXHAUSTED, why)
    return blocked(failed, Reason.BUDGET_EXHAUSTED, why)


def _then(failed: Failed, path: Route) -> Action:
    match path.then:
        case "escalate":
            return _ask(failed, "ESCALATION_REQUESTED")
        case "terminate":
            return blocked(failed, reason_of(failed), failed.failure.why)


def reason_of(failed: Failed) -> Reason:
    return reason_for(failed.failure.failure, failed.failure.stage)


def _ask(failed: Failed, outcome: Asked) -> Ask:
    return ask(failed.history, outcome, reason_of(failed), failed.failure.why)


def ask(history: History, outcome: Asked, reason: Reason, why: str) -> Ask:
    """Return the request; a mission asks at most once per failure, so the count names it."""
    request = f"requests/{len(history.failures) + history.interruptions}.yaml"
    return Ask(asked=PersonAsked(request=request, outcome=outcome, reason=reason, why=why))


def blocked(failed: Failed, reason: Reason, why: str) -> Close:
    return Close(
        closed=MissionClosed(
            outcome="BLOCKED",
            reason=reason,
            failure=failed.failure.failure,
            why=why,
            counts=totals(failed.history),
        )
    )


def totals(history: History) -> Totals:
    return Totals(
        attempts=len(history.attempts),
        interruptions=history.interruptions,
        candidates=history.candidates,
        gates_run=history.gates_run,
    )
