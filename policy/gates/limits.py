"""Gate `limits`: is the mission's change within its budget. Inclusive: the limit itself passes.

A binary file has no lines to count and none a person could read, so it is over any line limit,
unless the item names its path in `files`: then a person expects it.
"""

from collections.abc import Collection

from policy.backlog.item import ItemBudget
from policy.change import Stat
from policy.gates.finding import Finding, failed, listed, passed, shown
from policy.rules.budgets import MissionBudget
from policy.rules.failures import FailureClass


def within(budget: MissionBudget, own: ItemBudget) -> MissionBudget:
    """Return the mission's budget, lowered by what the item asks for; it cannot raise it."""
    lower = own.model_dump(exclude_none=True)
    if not lower:
        return budget
    return budget.model_copy(
        update={name: _lower(value, getattr(budget, name)) for name, value in lower.items()}
    )


def _lower(own: int, allowed: int | None) -> int:
    return own if allowed is None else min(own, allowed)


def judge_limits(
    stat: Stat, binaries: Collection[str], *, expected: Collection[str], budget: MissionBudget
) -> Finding:
    """Judge a change; *binaries* are the paths whose new content is binary."""
    unread = sorted(shown(path) for path in set(binaries) - set(expected))
    faults = []
    if stat.files > budget.changed_files:
        faults.append(f"{stat.files} files are changed, {budget.changed_files} are allowed")
    if stat.lines > budget.changed_lines:
        faults.append(f"{stat.lines} lines are changed, {budget.changed_lines} are allowed")
    if unread:
        faults.append(f"binary, and not among the item's `files`: {listed(unread)}")
    if faults:
        return failed(FailureClass.DIFF_LIMIT, "; ".join(faults), new=unread)
    return passed(stat.files)
