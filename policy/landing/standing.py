"""Whether the last landing is judged: until it is, nothing else opens or lands (DESIGN 8.7).

Derived from the open missions, never stored: a mission that has landed stays open until the target
is judged green, so there is nothing to forget and nothing to clear by hand. One whose ledger cannot
be read says nothing of its landing; the target's own line says that there was one.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from policy.ids import MissionId
from policy.mission.red import why_red
from policy.mission.states import (
    Building,
    Built,
    Closed,
    Failed,
    Judged,
    Landing,
    Mission,
    OnTarget,
    Opened,
    Proposed,
    Reverting,
    Settled,
    Waiting,
)
from policy.mission.world import Unjudged
from policy.value import Value


class Red(Value):
    """The target is judged and not green: nobody but *mission* does anything about it.

    *needs*: a person who mends it, or nobody: *mission* is at it.
    """

    mission: MissionId
    why: str
    needs: Literal["person", "nobody"]


class Unread(Value):
    """The mission of the newest landing is open, and its ledger cannot be believed: *why*."""

    mission: MissionId
    why: str


def unread_landing(newest: MissionId | None, unread: Mapping[MissionId, str]) -> Unread | None:
    """Return *newest*, the mission that landed last, where it is one of the *unread* open ones.

    The last is enough: while a landing is not judged green, nothing but its own mission lands.
    """
    if newest is None or newest not in unread:
        return None
    return Unread(mission=newest, why=unread[newest])


def last_landing(missions: Iterable[Mission], unread: Unread | None) -> Unjudged | Red | None:
    """Return what the others wait for, None where every landing is judged. Red comes first."""
    found = [one for mission in missions if (one := _of(mission)) is not None]
    reds = [one for one in found if isinstance(one, Red)]
    if unread is not None and not reds:
        why = f"nobody can tell whether the target is green after {unread.mission} has landed"
        return Unjudged(mission=unread.mission, why=f"{why}: {unread.why}")
    return min(reds or found, key=lambda one: one.mission, default=None)


def _of(mission: Mission) -> Unjudged | Red | None:
    name = mission.history.mission
    repair = mission.history.repairing
    match mission:
        case Settled() if mission.red:
            return Red(mission=name, why=why_red(mission), needs="person")
        case Settled():
            return None
        case OnTarget(commit=commit):
            if mission.grounds.landed.commit != commit:
                why = f"what came after {name} is being judged: {commit}"
                return Red(mission=name, why=why, needs="nobody")
            why = f"the target is being judged after {name} has landed"
            return Unjudged(mission=name, why=why)
        case Reverting():
            why = f"the landing of {name} is being reverted"
            return Red(mission=name, why=why, needs="nobody")
        case Opened() | Building() | Built() | Proposed() | Judged() | Failed() | Landing():
            if repair is None:
                return None
            why = f"{name} mends the target: its landing was judged red"
            return Red(mission=name, why=why, needs="nobody")
        case Waiting() | Closed():
            return None
