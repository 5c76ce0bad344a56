"""What a classified failure leads to: the route its class has in the policy file.

    hard stops, progress, routing, budget of the next attempt

Counted over the mission, not only consecutively, so that two classes cannot alternate for ever
(P-09). What escalates climbs the chain (`escalation.py`); only at its end a person is asked.
"""

from datetime import datetime

from policy import backoff
from policy.mission.actions import Action, Ask, Close, Rest, RunBuilder
from policy.mission.begin import in_vain, next_attempt
from policy.mission.budget import Unaccounted, UsedUp, over_budget
from policy.mission.escalation import above, at_the_end, level_for
from policy.mission.facts import MissionClosed
from policy.mission.person import ask, at_limit, to_waive, unsure
from policy.mission.progress import Stuck, stuck
from policy.mission.states import Failed, Opened
from policy.mission.totals import totals
from policy.mission.world import World
from policy.people.needs import AtLimit
from policy.rules.failures import FailureClass
from policy.rules.outcomes import Reason, reason_for
from policy.rules.routes import Route
from policy.signs.resets import reset_of
from policy.signs.signature import Classify


def after_failure(failed: Failed, world: World) -> Action:
    """Return what the failure's route says: try again, wait, ask a person, or end the mission."""
    path = world.policy.failures[failed.failure.failure]
    if failed.history.allowance.attempts > 0:
        return _allowed(failed, world, path)
    match path.action:
        case "terminate":
            return blocked(failed, reason_of(failed), failed.failure.why)
        case "waiver":
            return _waiver(failed, world, path)
        case "retry" | "escalate" if failed.failure.origin == "item":
            return _of_the_items(failed, world, path)
        case "retry":
            used = failed.history.count(failed.failure.failure)
            return _again(failed, world, path) if used <= path.limit else _then(failed, path)
        case "escalate":
            return _escalate(failed)


def _allowed(failed: Failed, world: World, path: Route) -> Action:
    """Return the next of the attempts that a person gave, whatever limit there is.

    Only one that cannot end otherwise than one before is not made: of a deterministic builder.
    """
    run = next_attempt(failed.history, world)
    same = failed.failure.origin == "item" and world.call.deterministic
    if same and in_vain(failed.history, run.started, world):
        return _nothing_new(failed, world, path)
    return _in_time(failed, world, path, run)


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


def _of_the_items(failed: Failed, world: World, path: Route) -> Action:
    """Return the next attempt, at whatever level, or what its want leads to."""
    history, policy = failed.history, world.policy
    lost = stuck(history, policy.progress)
    level = level_for(history, policy)
    if level is None and lost is not None:
        return _lost(failed, lost)
    used = history.count(failed.failure.failure)
    if path.action == "retry" and used > path.limit and path.then == "terminate":
        return blocked(failed, reason_of(failed), failed.failure.why)
    if level is None:
        why = f"{failed.failure.why}; {at_the_end(policy)}"
        return at_limit(failed, "escalation", reason_of(failed), why)
    run = _other_than_before(failed, world, level)
    if run is None:
        return _nothing_new(failed, world, path)
    return _begun(failed, world, path, run)


def _other_than_before(failed: Failed, world: World, level: int) -> RunBuilder | None:
    """Return the attempt at *level*, or at the first above it where it is not one made before."""
    at: int | None = level
    while at is not None:
        run = next_attempt(failed.history, world, at)
        if not in_vain(failed.history, run.started, world):
            return run
        at = above(failed.history, world.policy, at)
    return None


def _nothing_new(failed: Failed, world: World, path: Route) -> Action:
    """Return what it leads to that every attempt there could be was made already."""
    if path.ends_with_a_person:
        why = f"{failed.failure.why}; the builder was given all this before; "
        why += at_the_end(world.policy)
        return at_limit(failed, "escalation", reason_of(failed), why)
    if world.call.deterministic:
        why = f"{failed.failure.why}; the builder is deterministic and would do the same again"
        return blocked(failed, reason_of(failed), why)
    why = f"{failed.failure.why}; the next attempt would be told exactly what one was told before"
    rule = world.policy.progress.no_progress
    return _lost(failed, Stuck(Reason.NO_PROGRESS, why, rule.then if rule else "terminate"))


def _lost(failed: Failed, lost: Stuck) -> Action:
    match lost.then:
        case "terminate":
            return blocked(failed, lost.reason, f"{lost.why}; last: {failed.failure.why}")
        case "escalate":
            why = f"{lost.why}; last: {failed.failure.why}"
            return at_limit(failed, f"progress.{lost.reason}", lost.reason, why)


def _again(failed: Failed, world: World, path: Route) -> Action:
    return _begun(failed, world, path, next_attempt(failed.history, world))


def _begun(failed: Failed, world: World, path: Route, run: RunBuilder) -> Action:
    over = over_budget(failed.history, world.policy)
    if over is not None:
        return _spent(failed, path, over)
    return paused(failed, world, run) or _in_time(failed, world, path, run)


def _in_time(failed: Failed, world: World, path: Route, run: RunBuilder) -> RunBuilder | Rest:
    used = failed.history.count(failed.failure.failure)
    until = retry_at(failed, path, used, world.policy.classify)
    if world.now < until:
        return Rest(reason="backing_off", why=failed.failure.why, until=until)
    return run


def paused(mission: Failed | Opened, world: World, run: RunBuilder) -> Ask | None:
    """Return the question before the first attempt at a level that is a pause point."""
    history, level = mission.history, run.started.level
    name = world.policy.levels[level].name
    if name not in world.policy.pause_points or history.repairing is not None:
        return None
    need = AtLimit(limit=f"pause_points.{name}")
    been = any(past.started.level == level for past in history.attempts)
    # an allowance is used up by an attempt that was interrupted; what was decided stays decided
    passed = any(one.asked.need == need for one in history.decisions)
    if been or passed or history.allowance.attempts > 0:
        return None
    why = f"the next attempt would be the first at {name}, which is one of `pause_points`"
    return at_limit(mission, need.limit, Reason.PAUSE_POINT, why)


def _spent(failed: Failed, path: Route, over: UsedUp | Unaccounted) -> Action:
    """Return what a spent budget leads to: not to an end that is tried again for ever.

    An item that was blocked by no fault of its own opens anew after a time.
    """
    why = f"{over.why}; last: {failed.failure.why}"
    match over:
        case Unaccounted():
            return at_limit(failed, "budgets.mission", Reason.BUDGET_EXHAUSTED, why)
        case UsedUp() if failed.failure.origin != "item" and path.ends_with_a_person:
            return at_limit(failed, "budgets.mission", Reason.BUDGET_EXHAUSTED, why)
        case UsedUp():
            return blocked(failed, Reason.BUDGET_EXHAUSTED, why)


def _then(failed: Failed, path: Route) -> Action:
    match path.then:
        case "escalate":
            return _escalate(failed)
        case "terminate":
            return blocked(failed, reason_of(failed), failed.failure.why)


def _escalate(failed: Failed) -> Ask:
    limit = f"failures.{failed.failure.failure}"
    return at_limit(failed, limit, reason_of(failed), failed.failure.why)


def _waiver(failed: Failed, world: World, path: Route) -> Action:
    """Return the request for a waiver; where nobody can waive it, what comes after."""
    need = to_waive(failed, world)
    if need is None:
        return _then(failed, path)
    why = failed.failure.why
    return unsure(world) or ask(failed, need, "WAIVER_REQUESTED", reason_of(failed), why)


def reason_of(failed: Failed) -> Reason:
    return reason_for(failed.failure.failure, failed.failure.stage)


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
