"""What bounds every mission under a policy, and who builds it: a sentence each."""

from collections.abc import Iterator

from policy.preview.routes import lasting
from policy.rules.escalation import Level
from policy.rules.model import Policy
from policy.rules.progress import Then

_ENDS: dict[Then, str] = {"terminate": "it ends BLOCKED", "escalate": "a person is asked"}


def bounds(policy: Policy) -> tuple[str, ...]:
    """Return the sentences: budgets, limits in all, progress, hours, the chain."""
    return tuple(_bounds(policy))


def _bounds(policy: Policy) -> Iterator[str]:
    budget = policy.budgets.mission
    yield (
        f"a mission: {budget.attempts} attempts that fail by the item's fault, {budget.iterations} "
        f"runs of a builder, {budget.active_minutes} minutes of work, {policy.limits.failures} "
        "failures of any class (budgets.mission, limits)"
    )
    yield from _spent(policy)
    if policy.command.deterministic:
        yield (
            "an item's own `command` is not run again on what it had before: it would do the same "
            "(command.deterministic)"
        )
    progress = policy.progress
    if progress.no_progress is not None:
        lookback, then = progress.no_progress.lookback, _ENDS[progress.no_progress.then]
        yield f"an attempt that leaves the same tree as the {lookback} before it: {then}"
    if progress.oscillation is not None:
        window, then = progress.oscillation.window, _ENDS[progress.oscillation.then]
        yield f"one that goes back to a tree of the last {window} attempts: {then}"
    hours = policy.active_hours
    if hours is not None:
        days = ", ".join(hours.days)
        yield f"something new begins {days} from {hours.begin} to {hours.end}, {hours.zone}"
    yield f"builders: {' -> '.join(_chain(policy))} (escalation, drop_back: {policy.drop_back})"


def _spent(policy: Policy) -> Iterator[str]:
    mission = policy.budgets.mission.model_dump(mode="json")
    more = [f"{mission[key]} {key}" for key in ("tokens", "cost") if mission[key] is not None]
    if more:
        yield f"a mission, as its builders report: {', '.join(more)} (budgets.mission)"
    run = policy.budgets.run
    if run.is_set:
        rows = run.model_dump(mode="json", exclude={"window_s"}).items()
        said = ", ".join(f"{count} {key}" for key, count in rows if count is not None)
        yield f"all missions within {lasting(run.window_s)}: {said} (budgets.run)"


def _chain(policy: Policy) -> Iterator[str]:
    last: Level | None = None
    for index, level in enumerate(policy.levels):
        if index not in policy.usable:
            yield f"({level.name} left out: cloud_allowed is false)"
            continue
        words = [word for word in (level.builder, level.model, level.variant) if word is not None]
        same = [] if last is None or level.is_step_from(last) else ["no step: it builds the same"]
        pause = ["a person is asked before"] if level.name in policy.pause_points else []
        notes = [*words, f"{level.iterations} failures", *same, *pause]
        yield f"{level.name} ({', '.join(notes)})"
        last = level
    yield "a person"
