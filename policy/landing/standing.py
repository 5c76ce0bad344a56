"""Whether the last landing is judged: until it is, nothing else opens or lands (DESIGN 8.7).

Derived from the open missions, never stored: a mission that has landed stays open until the target
is judged green, so there is nothing to forget and nothing to clear by hand.
"""

from collections.abc import Iterable

from policy.ids import MissionId
from policy.mission.landed import why_red
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
    """The target is judged and not green: nobody but *mission* does anything about it."""

    mission: MissionId
    why: str


def last_landing(missions: Iterable[Mission]) -> Unjudged | Red | None:
    """Return what the others wait for, None where every landing is judged. Red comes first."""
    found = [one for mission in missions if (one := _of(mission)) is not None]
    reds = [one for one in found if isinstance(one, Red)]
    return min(reds or found, key=lambda one: one.mission, default=None)


def _of(mission: Mission) -> Unjudged | Red | None:
    name = mission.history.mission
    repair = mission.history.repairing
    match mission:
        case Settled() if mission.red:
            return Red(mission=name, why=why_red(mission))
        case Settled():
            return None
        case OnTarget(commit=commit):
            if mission.grounds.landed.commit != commit:
                return Red(mission=name, why=f"what came after {name} is being judged: {commit}")
            why = f"the target is being judged after {name} has landed"
            return Unjudged(mission=name, why=why)
        case Reverting():
            return Red(mission=name, why=f"the landing of {name} is being reverted")
        case Opened() | Building() | Built() | Proposed() | Judged() | Failed() | Landing():
            if repair is None:
                return None
            return Red(mission=name, why=f"{name} mends the target: its landing was judged red")
        case Waiting() | Closed():
            return None
