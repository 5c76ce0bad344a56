"""What a mission, and all missions of a while together, may use up.

Every number is inclusive: so much may be used, and the next attempt begins only below it. Waiting
for people is never charged. A result is settled before the next attempt is charged (P-07).
"""

from typing import Annotated

from pydantic import Field

from policy.rules.words import AtLeastOne, Seconds
from policy.value import Value


class MissionBudget(Value):
    """What one mission may use before it is closed as budget_exhausted; null: no limit."""

    attempts: AtLeastOne
    """Those that failed by no fault of the item are not charged; the limits of `failures` bound
    them."""
    iterations: Annotated[int, Field(ge=1, le=500)]
    """Runs of a builder that came to an end, whoever's fault that was."""
    tokens: AtLeastOne | None
    """As builders report them. With this set, a run that should have told and did not ends in a
    question to a person."""
    cost: AtLeastOne | None
    """As builders report it, in hundredths of their currency; otherwise as tokens."""
    active_minutes: AtLeastOne
    """Of builders at work."""
    changed_lines: AtLeastOne
    """The gate `limits`: of the whole change, added and deleted."""
    changed_files: AtLeastOne
    """The gate `limits`."""


class RunBudget(Value):
    """What all missions of the last *window_s* seconds may use; above it none is opened.

    A mission counts if it is open or was closed in the window, with all it used: those that run
    already go on to their own budgets. null: no limit.
    """

    window_s: Seconds
    """How far back it is counted."""
    missions: AtLeastOne | None
    """Open ones, and those closed in the window."""
    tokens: AtLeastOne | None
    """As builders report them."""
    cost: AtLeastOne | None
    """In hundredths of the builders' currency."""
    active_minutes: AtLeastOne | None
    """Of builders at work."""

    @property
    def is_set(self) -> bool:
        """Whether there is any limit: if not, nobody needs to count."""
        return (self.missions, self.tokens, self.cost, self.active_minutes) != (None,) * 4


class Budgets(Value):
    mission: MissionBudget
    """Of one mission."""
    run: RunBudget
    """Of all missions of a while."""


class InAll(Value):
    """Limits over all failure classes of one mission, so that many cannot take turns (P-09)."""

    failures: AtLeastOne
    """So many failures, whoever's fault, may be followed by another attempt."""
