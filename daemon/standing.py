"""Where things stand after a reconcile: for `once`, for health, for whoever watches."""

from dataclasses import dataclass, field
from datetime import datetime

from policy.backlog.scene import Scene
from policy.backlog.selection import Selection
from policy.ids import MissionId
from policy.mission.actions import Rest
from policy.mission.world import Frozen

HANDS = ("held", "no_sandbox", "no_environment", "item_unreadable")
"""Reasons of a rest that somebody's hand ends, and no decision."""
_STUCK = (*HANDS, "paused")
"""Reasons of a rest that only a person ends."""


@dataclass
class Standing:
    rests: dict[MissionId, Rest] = field(default_factory=dict)
    """Open missions that wait, and for what."""
    under_way: dict[str, str] = field(default_factory=dict)
    """Deeds in workers: mission (or what it is for) and what it is."""
    since: dict[str, datetime] = field(default_factory=dict)
    """When each of them began."""
    closed: list[MissionId] = field(default_factory=list)
    """Closed in this reconcile."""
    scene: Scene | None = None
    """What was selected from; None where nothing could be."""
    selection: Selection | None = None
    doubts: list[str] = field(default_factory=list)
    """What freezes everything, until a person has done something about it."""
    mending: str | None = None
    """Why everything waits for a mission that mends the red target, or reverts its landing."""
    offline: str | None = None
    """Why the hub keeps anything from being opened."""
    short: str | None = None
    """What the host lacks, so that nothing is started; it goes on by itself."""
    hub: dict[str, object] | None = None
    """How it stands with the hub; None where there is none."""
    hub_due: datetime | None = None
    """When the hub is looked at next, if nothing happens before."""
    due: dict[str, datetime] = field(default_factory=dict)
    """What time alone brings about, and when: the loop is woken then."""
    unserved: str | None = None
    """Why the figures are not served for machines; None where they are, or nobody wants them."""
    moved: bool = False
    """Whether anything was recorded."""

    def doubt(self, why: str) -> None:
        self.doubts.append(why)

    def hold(self, doubt: Frozen, mending: MissionId | None) -> None:
        """Note *doubt*: a person's, unless the mission *mending* the target is at it and can."""
        rest = self.rests.get(mending) if mending is not None else None
        stuck = rest is not None and rest.reason in _STUCK
        match doubt.needs:
            case "nobody" if not stuck:
                self.mending = doubt.why
            case "person" | "nobody":
                self.doubt(f"{doubt.why}; {rest.why}" if stuck and rest else doubt.why)

    @property
    def invalid(self) -> bool:
        """Whether a file of the backlog cannot be read."""
        return self.selection is not None and self.selection.invalid

    @property
    def again(self) -> bool:
        """Whether what was recorded may let something go on that was looked at before it.

        Not where nothing rests: each open mission has a deed under way then, which wakes the loop,
        and what may be opened was looked at last. A hub is told and asked at the next look.
        """
        return self.moved and bool(
            self.rests
            or self.doubts
            or self.short is not None
            or self.mending is not None
            or self.hub is not None
        )

    @property
    def idle(self) -> bool:
        """Nothing runs, nothing may go on: only something outside can change what is."""
        return not self.again and not self.under_way
