"""The next attempt: what it is given and told, and whether it would be the same again."""

from policy.canonical import digest, sha256
from policy.ids import CommitId, Digest, TreeId
from policy.mission.account import Account, account_of
from policy.mission.actions import RunBuilder
from policy.mission.attempts import AttemptStarted, NamedLevel
from policy.mission.escalation import last_level, level_for, named
from policy.mission.states import History
from policy.mission.world import Anew, BuilderCall, FromOwnWork, FromPerson, FromTarget, World
from policy.rules.model import Policy


def next_attempt(history: History, world: World, level: int | None = None) -> RunBuilder:
    """Return the next attempt: from the target, or on a person's commit, or on its own work.

    It is at *level*, if that is given; else at the one the chain says, or the last there is.
    """
    if level is None:
        found = level_for(history, world.policy)
        level = last_level(world.policy) if found is None else found
    base, start, tree = _from(history, world)
    account = _account(history, world)
    started = AttemptStarted(
        n=history.next_attempt,
        stage="build",
        level=level,
        builder=_builder(world.call, world.policy, level),
        argv=world.call.argv,
        base=base,
        start=start,
        start_tree=tree,
        environment=world.call.environment,
        told=None if account is None else sha256(account.to_json()),
        named=named(world.policy, level),
        student=_student(history, world.policy, level),
    )
    prompt = _prompt(started, account)
    return RunBuilder(started=started.model_copy(update={"prompt": prompt}), account=account)


def _student(history: History, policy: Policy, level: int) -> int | None:
    last = history.attempts[-1].started if history.attempts else None
    if last is None or not policy.enable_distillation or history.setback is None:
        return None
    return last.n if level > last.level and history.setback.failure.origin == "item" else None


def _builder(call: BuilderCall, policy: Policy, level: int) -> str:
    return (policy.levels[level].builder if call.chosen_by == "level" else None) or call.builder


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


def _prompt(started: AttemptStarted, account: Account | None) -> Digest:
    told = None if account is None else account.model_dump(mode="json", exclude={"attempt"})
    given = [started.builder, *started.argv], started.start_tree, started.environment
    return digest([*given, _level(started.named), told])


def _level(level: NamedLevel | None) -> list[str | None]:
    return [] if level is None else [level.name, level.model, level.variant]


def in_vain(history: History, attempt: AttemptStarted, world: World) -> bool:
    """Return whether the builder has had exactly this attempt before (DESIGN 7).

    A deterministic one is told nothing of failures, and a level that says nothing to it but its
    name is no other: it would do the same again. Any other is not sent the same prompt twice. An
    attempt that failed by no fault of the item has not had its turn.
    """
    excused = {failure.n for failure in history.failures if failure.origin != "item"}
    past = [one for one in history.attempts if one.started.n not in excused]
    if world.call.deterministic:
        return any(_given(one.started) == _given(attempt) for one in past)
    return any(one.started.prompt == attempt.prompt for one in past)


def _given(started: AttemptStarted) -> tuple[object, ...]:
    level = started.named
    model = (level.model, level.variant) if level is not None else (None, None)
    return started.builder, started.argv, started.start_tree, started.environment, model
