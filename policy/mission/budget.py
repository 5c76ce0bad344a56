"""Whether a mission may have another attempt: its budget, settled before it is charged (P-07).

Attempts that failed by no fault of the item are not charged: the limits of their routes are what
bounds them, and `iterations`. Their time and tokens are.
"""

from dataclasses import dataclass

from policy.mission.persons import Allowance
from policy.mission.spending import NothingSpent, Told, Untold, Used
from policy.mission.states import History
from policy.rules.budgets import MissionBudget
from policy.rules.model import Policy


@dataclass(frozen=True)
class UsedUp:
    why: str


@dataclass(frozen=True)
class Unaccounted:
    """A budget counts what a builder did not tell: nobody knows whether there is any left."""

    why: str


def used(history: History) -> Used:
    """Return what the mission's attempts used so far."""
    tokens = cost = 0
    untold: list[int] = []
    for past in history.attempts:
        match past.ended.spent:
            case Told(tokens=more, cost=price):
                tokens, cost = tokens + more, cost + price
            case Untold():
                untold.append(past.started.n)
            case NothingSpent():
                pass
    active = sum(past.ended.usage.wall_s for past in history.attempts)
    return Used(tokens=tokens, cost=cost, active_s=active, untold=tuple(untold))


def over_budget(history: History, policy: Policy) -> UsedUp | Unaccounted | None:
    """Return which budget the next attempt would exceed, in words, or None."""
    budget, so_far = policy.budgets.mission, used(history)
    counting = _counting(policy)
    if so_far.untold and counting is not None:
        numbers = ", ".join(map(str, so_far.untold))
        return Unaccounted(f"attempt {numbers} did not tell what it used, and {counting} is set")
    full = _full(history, _granted(budget, history.allowance), so_far)
    if full is None and len(history.failures) > policy.limits.failures:
        full = f"{len(history.failures)} failures, limits.failures is {policy.limits.failures}"
    return UsedUp(full) if full is not None else None


def _granted(budget: MissionBudget, more: Allowance) -> MissionBudget:
    """Return the budget with what people have given beyond it."""
    tokens = None if budget.tokens is None else budget.tokens + more.tokens
    iterations = budget.iterations + more.iterations
    return budget.model_copy(update={"tokens": tokens, "iterations": iterations})


def _counting(policy: Policy) -> str | None:
    """Return the first budget that counts what builders tell."""
    mission, run = policy.budgets.mission, policy.budgets.run
    rows = (
        ("budgets.mission.tokens", mission.tokens),
        ("budgets.mission.cost", mission.cost),
        ("budgets.run.tokens", run.tokens),
        ("budgets.run.cost", run.cost),
    )
    return next((name for name, limit in rows if limit is not None), None)


def _full(history: History, budget: MissionBudget, so_far: Used) -> str | None:
    excused = {failure.n for failure in history.failures if failure.origin != "item"}
    charged = [past for past in history.attempts if past.started.n not in excused]
    minutes = so_far.active_s / 60
    if len(charged) >= budget.attempts:
        return f"all {budget.attempts} attempts of budgets.mission.attempts are used"
    if len(history.attempts) >= budget.iterations:
        return f"all {budget.iterations} iterations of budgets.mission.iterations are used"
    if budget.tokens is not None and so_far.tokens >= budget.tokens:
        return f"{so_far.tokens} of {budget.tokens} tokens of budgets.mission.tokens"
    if budget.cost is not None and so_far.cost >= budget.cost:
        return f"{so_far.cost} of {budget.cost} of budgets.mission.cost"
    if minutes >= budget.active_minutes:
        return f"{minutes:.0f} of {budget.active_minutes} minutes of budgets.mission.active_minutes"
    return None
