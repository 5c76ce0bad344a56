"""The next attempt: what it is given and told, and whether the budget still allows it.

A result is settled before the next attempt is charged (P-07): only ended attempts count.
"""

from policy.canonical import sha256
from policy.ids import CommitId, TreeId
from policy.mission.account import Account, account_of
from policy.mission.actions import RunBuilder
from policy.mission.facts import AttemptStarted
from policy.mission.states import History
from policy.mission.world import Anew, BuilderCall, FromOwnWork, FromPerson, FromTarget, World
from policy.rules.model import Policy


def next_attempt(history: History, world: World) -> RunBuilder:
    """Return the next attempt: from the target, or on a person's commit, or on its own work."""
    base, start, tree = _from(history, world)
    account = _account(history, world)
    started = AttemptStarted(
        n=history.next_attempt,
        stage="build",
        level=0,
        builder=world.call.builder,
        argv=world.call.argv,
        base=base,
        start=start,
        start_tree=tree,
        environment=world.call.environment,
        told=None if account is None else sha256(account.to_json()),
    )
    return RunBuilder(started=started, account=account)


def continues(history: History, policy: Policy, call: BuilderCall) -> bool:
    """Return whether the next attempt goes on from what the last one left (DESIGN 8.6)."""
    if history.setback is None or call.deterministic:
        return False
    return policy.failures[history.setback.failure.failure].start == "continue"


def _from(history: History, world: World) -> tuple[CommitId, CommitId, TreeId]:
    match world.start:
        case FromTarget() | Anew():
            return world.target, world.target, world.target_tree
        case FromOwnWork(commit=commit, tree=tree, base=base):
            return base, commit, tree
        case FromPerson(commit=commit, tree=tree):
            last = history.attempts[-1].started.base if history.attempts else history.opened.base
            return last, commit, tree


def _account(history: History, world: World) -> Account | None:
    setback, mission, limits = history.setback, history.mission, world.policy.feedback
    if setback is None or world.call.deterministic:
        return None
    match world.start:
        case FromTarget():
            return account_of(mission, setback, limits, work_tree="target")
        case FromOwnWork():
            return account_of(mission, setback, limits, work_tree="own_work")
        case FromPerson():
            return account_of(mission, setback, limits, work_tree="persons_work")
        case Anew(patch=patch, patch_bytes=size):
            return account_of(
                mission, setback, limits, work_tree="target", patch=patch, patch_bytes=size
            )


def in_vain(history: History, attempt: AttemptStarted, world: World) -> bool:
    """Return whether a deterministic builder has had exactly this attempt before (DESIGN 7)."""
    return world.call.deterministic and any(
        (past.started.argv, past.started.start_tree, past.started.environment)
        == (attempt.argv, attempt.start_tree, attempt.environment)
        for past in history.attempts
    )


def over_budget(history: History, world: World) -> str | None:
    """Return which budget the next attempt would exceed, in words, or None.

    Attempts that failed by no fault of the item are not charged: the limits of their routes are
    what bounds them. Their time is.
    """
    budget = world.policy.budgets.mission
    excused = {failure.n for failure in history.failures if failure.origin != "item"}
    charged = [past for past in history.attempts if past.started.n not in excused]
    if len(charged) >= budget.attempts:
        return f"all {budget.attempts} attempts of budgets.mission.attempts are used"
    active = sum(past.ended.usage.wall_s for past in history.attempts) / 60
    if active >= budget.active_minutes:
        return f"{active:.0f} of {budget.active_minutes} minutes of budgets.mission.active_minutes"
    return None
