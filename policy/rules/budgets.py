"""An item may ask for less than policy allows, never for more."""

from policy.rules.model import MissionBudget, Policy
from policy.value import Value


class Asked(Value):
    """What an item's `budget` may hold; None: policy's own number stands."""

    attempts: int | None = None
    active_minutes: int | None = None
    changed_lines: int | None = None
    changed_files: int | None = None


def within(policy: Policy, asked: Asked) -> Policy:
    """Return *policy* with its mission budget cut to what the item asks for."""
    allowed = policy.budgets.mission
    cut = {
        name: min(getattr(allowed, name), wanted)
        for name, wanted in asked.model_dump().items()
        if wanted is not None
    }
    mission = MissionBudget.model_validate({**allowed.model_dump(), **cut})
    budgets = policy.budgets.model_copy(update={"mission": mission})
    return policy.model_copy(update={"budgets": budgets})
