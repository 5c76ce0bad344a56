"""At which level of the chain the next attempt is made: up for what one could not do, and back.

Nothing is remembered but what the facts say: the level of each attempt, and how it failed. So the
present policy's chain applies at once, and a mission whose level is gone goes on at the nearest.
A level has its iterations for the whole mission, not for each visit: stepping down and up again
wins none, and what climbs ends at the hard gate.
"""

from policy.mission.attempts import NamedLevel
from policy.mission.progress import stuck
from policy.mission.states import History
from policy.rules.failures import FailureClass
from policy.rules.model import Policy


def level_for(history: History, policy: Policy) -> int | None:
    """Return the index of the next attempt's level; None where the chain ends: a person's."""
    here = _here(history, policy)
    setback = history.setback
    if setback is None or setback.failure.origin != "item":
        return here
    if must_climb(history, policy):
        return above(history, policy, here)
    down = _back(history, policy, here)
    if down is not None:
        return down
    return here if _left(history, policy, here) else _next(history, policy, here)


def must_climb(history: History, policy: Policy) -> bool:
    """Return whether the last failure, the item's own, is not to be met by the same level again."""
    if history.setback is None:
        return False
    failure = history.setback.failure.failure
    route = policy.failures[failure]
    match route.action:
        case "escalate":
            return True
        case "retry":
            spent = history.count(failure) > route.limit and route.then == "escalate"
            return spent or stuck(history, policy.progress) is not None
        case "waiver" | "terminate":
            return False


def above(history: History, policy: Policy, here: int) -> int | None:
    """Return the next level that builds otherwise than *here* and has iterations left."""
    levels = policy.levels
    return next(
        (
            index
            for index in policy.usable
            if index > here
            and levels[index].is_step_from(levels[here])
            and _left(history, policy, index)
        ),
        None,
    )


def last_level(policy: Policy) -> int:
    """Return the index of the last level before the hard gate."""
    return policy.usable[-1]


def named(policy: Policy, index: int) -> NamedLevel:
    """Return the level as facts and builders are told of it."""
    level = policy.levels[index]
    skipped = range(policy.usable[policy.usable.index(index) - 1] + 1, index)
    if index == policy.usable[0]:
        skipped = range(index)
    return NamedLevel(
        name=level.name,
        model=level.model,
        variant=level.variant,
        skipped=tuple(policy.levels[one].name for one in skipped),
    )


def at_the_end(policy: Policy) -> str:
    """Return, for a person, why there is no further level."""
    left_out = [one.name for one in policy.levels if one.is_cloud and not policy.cloud_allowed]
    more = f"; cloud_allowed: false leaves out {', '.join(left_out)}" if left_out else ""
    return f"no level of `escalation` is left after {_name(policy)}{more}"


def _name(policy: Policy) -> str:
    return policy.levels[last_level(policy)].name


def _here(history: History, policy: Policy) -> int:
    """Return the level of the last attempt, or the nearest that may be used now."""
    last = history.attempts[-1].started.level if history.attempts else 0
    return next((index for index in policy.usable if index >= last), policy.usable[-1])


def _next(history: History, policy: Policy, here: int) -> int | None:
    return next(
        (index for index in policy.usable if index > here and _left(history, policy, index)), None
    )


def _left(history: History, policy: Policy, index: int) -> bool:
    own = {one.n for one in history.failures if one.origin == "item"}
    spent = sum(
        1 for past in history.attempts if past.started.level == index and past.started.n in own
    )
    return spent < policy.levels[index].iterations


def _back(history: History, policy: Policy, here: int) -> int | None:
    """Return the nearest lower level to go back to, once what the step up was for is overcome."""
    cause = _cause(history, here)
    if cause is None or history.setback is None or history.setback.failure.failure is cause:
        return None
    match policy.drop_back:
        case "never":
            return None
        case "smart" if not policy.failures[cause].isolated:
            return None
        case "smart" | "always":
            lower = [one for one in policy.usable if one < here and _left(history, policy, one)]
            return lower[-1] if lower else None


def _cause(history: History, here: int) -> FailureClass | None:
    """Return the class of the failure that was followed by the step to the present level."""
    before = [past.started.n for past in history.attempts if past.started.level < here]
    failed = [one.failure for one in history.failures if before and one.n == before[-1]]
    return failed[-1] if failed else None
