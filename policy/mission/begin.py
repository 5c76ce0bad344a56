"""The next attempt: what it is given, and whether the budget still allows it.

A result is settled before the next attempt is charged (P-07): only ended attempts count.
"""

from policy.ids import TreeId
from policy.mission.facts import AttemptStarted
from policy.mission.states import History
from policy.mission.world import FromPerson, FromTarget, World


def next_attempt(history: History, world: World) -> AttemptStarted:
    """Return the intent of the next attempt: from the target, or on a person's commit."""
    match world.start:
        case FromTarget():
            base, start, tree = world.target, world.target, world.target_tree
        case FromPerson(commit=commit, tree=tree_of_person):
            last = history.attempts[-1].started.base if history.attempts else history.opened.base
            base, start, tree = last, commit, tree_of_person
    return AttemptStarted(
        n=history.next_attempt,
        stage="build",
        level=0,
        builder=world.call.builder,
        argv=world.call.argv,
        base=base,
        start=start,
        start_tree=TreeId(tree),
        environment=world.call.environment,
    )


def in_vain(history: History, attempt: AttemptStarted, world: World) -> bool:
    """Return whether a deterministic builder has had exactly this attempt before (DESIGN 7)."""
    return world.call.deterministic and any(
        (past.started.argv, past.started.start_tree, past.started.environment)
        == (attempt.argv, attempt.start_tree, attempt.environment)
        for past in history.attempts
    )


def over_budget(history: History, world: World) -> str | None:
    """Return which budget the next attempt would exceed, in words, or None."""
    budget = world.policy.budgets.mission
    if len(history.attempts) >= budget.attempts:
        return f"all {budget.attempts} attempts of budgets.mission.attempts are used"
    active = sum(past.ended.usage.wall_s for past in history.attempts) / 60
    if active >= budget.active_minutes:
        return f"{active:.0f} of {budget.active_minutes} minutes of budgets.mission.active_minutes"
    return None
