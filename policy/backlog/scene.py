"""What selection is told: the backlog and the missions as they are, and every answer, as values.

Nothing is looked up while selecting, so the same scene gives the same selection for ever; its
digest goes into the ledger with the mission that was opened.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from policy.backlog.conditions import After, Answer
from policy.backlog.graph import Backlog
from policy.canonical import digest
from policy.ids import Digest, ItemId, MissionId, PolicyDigest, SpecHash
from policy.mission.world import Integrity, Sound
from policy.rules.failures import Origin
from policy.rules.model import Policy
from policy.rules.outcomes import Asked, Ended, Reason


@dataclass(frozen=True)
class Open:
    """An open mission. One that waits for a person holds neither a place nor its paths."""

    mission: MissionId
    write_scope: tuple[str, ...]
    waiting: str | None = None
    """What a person is asked; None while it runs."""
    asked: Asked | None = None
    """As what; None where nobody is asked, but its ledger is in doubt."""


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
    offline: str | None = None
    """Why the hub that other hosts share keeps anything from being opened."""
    short: str | None = None
    """Why this host has no room to begin anything; None where it has."""
    unjudged: str | None = None
    """Why nothing is opened before the last landing is judged; None where it is."""
    spent: str | None = None
    """Which budget of the run is used up, in words."""
    spent_until: datetime | None = None
    """When enough of what was used is out of its window; None where time does not end it."""
    quiet_until: datetime | None = None
    """When the next active hours begin; None where it is within some."""

    @property
    def running(self) -> tuple[Open, ...]:
        return tuple(one for one in self.open if one.waiting is None)

    def again(self, last: Closing) -> datetime:
        """Return when an item that ended so by no fault of its own may run again as it is."""
        return last.at + timedelta(seconds=self.policy.selection.environment_backoff_s)

    def digest(self) -> Digest:
        """Return the digest of everything selection is told.

        No time is part of it (DESIGN 4.3), but what the time comes to for selection: which days
        that items name are over, and which back-offs are. So the same story told an hour later
        has the same digest.
        """
        items = self.backlog.items.values()
        return digest({
            "items": sorted([one.path, one.blob] for one in items),
            "bad": sorted([one.path, str(one)] for one in self.backlog.bad),
            "policy": self.policy_digest,
            "over": sorted(self._over()),
            "open": sorted(
                [one.mission, [*one.write_scope], one.waiting, one.asked] for one in self.open
            ),
            "closed": sorted(self._row(one) for past in self.closed.values() for one in past),
            "answers": dict(self.answers),
            "activity": self.activity,
            "integrity": self.integrity.model_dump(),
            "unjudged": self.unjudged,
            "spent": self.spent,
            "quiet": self.quiet_until is not None,
        })  # fmt: skip

    def _over(self) -> Iterator[str]:
        for filed in self.backlog.items.values():
            for one in (*filed.item.ready_when, *filed.item.not_ready_when):
                if isinstance(one, After) and self.today > one.after:
                    yield f"{filed.item.id} {one.after.isoformat()}"

    def _row(self, one: Closing) -> list[str]:
        rested = "rested" if self.now >= self.again(one) else "resting"
        return [
            one.mission,
            one.outcome,
            one.reason,
            one.origin or "",
            one.spec,
            one.policy,
            rested,
        ]
