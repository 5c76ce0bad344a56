"""What selection is told: the backlog and the missions as they are, and every answer, as values.

Nothing is looked up while selecting, so the same scene gives the same selection for ever; its
digest goes into the ledger with the mission that was opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from policy.backlog.conditions import Answer
from policy.backlog.graph import Backlog
from policy.canonical import digest
from policy.ids import Digest, ItemId, MissionId, PolicyDigest, SpecHash
from policy.mission.world import Integrity, Sound
from policy.rules.failures import Origin
from policy.rules.model import Policy
from policy.rules.outcomes import Ended, Reason


@dataclass(frozen=True)
class Open:
    """An open mission. One that waits for a person holds neither a place nor its paths."""

    mission: MissionId
    write_scope: tuple[str, ...]
    waiting: str | None = None
    """What a person is asked; None while it runs."""


@dataclass(frozen=True)
class Closing:
    """How a mission of an item ended. *origin* is that of its last failure, None without one."""

    mission: MissionId
    outcome: Ended
    reason: Reason
    origin: Origin | None
    spec: SpecHash
    policy: PolicyDigest
    at: datetime


@dataclass(frozen=True)
class Scene:
    backlog: Backlog
    policy: Policy
    policy_digest: PolicyDigest
    now: datetime
    """Aware; only back-off reads it."""
    today: date
    """In UTC; what `{after: DATE}` is compared with."""
    open: tuple[Open, ...] = ()
    closed: Mapping[ItemId, tuple[Closing, ...]] = field(default_factory=dict)
    """Every closed mission of an item, oldest first."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """By the condition's canonical name; what is not in it was not observed."""
    activity: Literal["active", "paused", "stopping"] = "active"
    integrity: Integrity = field(default_factory=Sound)
    spent: str | None = None
    """Which budget of the run is used up, in words."""

    @property
    def running(self) -> tuple[Open, ...]:
        return tuple(one for one in self.open if one.waiting is None)

    def digest(self) -> Digest:
        """Return the digest of everything selection is told."""
        items = self.backlog.items.values()
        return digest({
            "items": sorted([one.path, one.blob] for one in items),
            "bad": sorted([one.path, str(one)] for one in self.backlog.bad),
            "policy": self.policy_digest,
            "now": self.now.isoformat(),
            "today": self.today.isoformat(),
            "open": sorted([one.mission, [*one.write_scope], one.waiting] for one in self.open),
            "closed": sorted(_row(one) for past in self.closed.values() for one in past),
            "answers": dict(self.answers),
            "activity": self.activity,
            "integrity": self.integrity.model_dump(),
            "spent": self.spent,
        })  # fmt: skip


def _row(one: Closing) -> list[str]:
    at = one.at.isoformat()
    return [one.mission, one.outcome, one.reason, one.origin or "", one.spec, one.policy, at]
